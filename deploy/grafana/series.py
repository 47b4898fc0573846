"""The series that the dashboards are made of, as PromQL.

A conflict lives in one partition and so in one worker. Should it have moved, its former worker
still shows it, from its own database: so a series is first taken once (`max by`), and only then
added up. Incidents are never added up over truces: one may touch several.
"""

from __future__ import annotations

OF_TRUCE = 'conflict=~"$conflict",commitment=~"$commitment"'
# The bounds of a count: what is one, and what is or may be one. What has no one known actor (none
# is known, or several are) has the party `unknown`, and may be each one's.
SURE, POSSIBLE, ALL = 'verdict="violation"', 'verdict!="clear"', 'verdict=~".+"'
NOBODYS = 'party="unknown"'
TRUCE = "sum by (conflict, commitment)"


def incidents(which: str, *more: str) -> str:
    """Incidents of the chosen truces that stand at such a verdict, each series once."""
    chosen = ",".join((OF_TRUCE, which, *more))
    return f"max by (conflict, commitment, party, verdict) (truce_incidents{{{chosen}}})"


def claim_incidents(which: str, *more: str) -> str:
    """The same by each claim for itself."""
    by = "conflict, commitment, claim, party, verdict"
    chosen = ",".join((OF_TRUCE, which, *more))
    return f"max by ({by}) (truce_claim_incidents{{{chosen}}})"


def windows(state: str) -> str:
    """1 for each claim whose window is in this state."""
    chosen = f'{OF_TRUCE},state="{state}"'
    return f"max by (conflict, commitment, claim) (truce_window_state{{{chosen}}})"


def last_reports() -> str:
    """When the log last took a report; 0: never."""
    return 'max by (conflict) (truce_last_report_timestamp_seconds{conflict=~"$conflict"})'


def last_coverage() -> str:
    """When the log last took that somebody watches; 0: never."""
    return 'max by (conflict) (truce_last_coverage_timestamp_seconds{conflict=~"$conflict"})'
