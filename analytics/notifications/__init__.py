"""Which notifications are due, and what their texts are made of."""
