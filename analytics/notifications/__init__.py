"""Which notifications are due, and the facts that their texts state."""
