"""`truce new`: makes an event from options, a file or answers, and says what it would change."""
