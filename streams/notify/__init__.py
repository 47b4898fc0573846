"""Notifications of verdicts, to Alertmanager and to webhooks."""
