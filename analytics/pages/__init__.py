"""What pages and reports show, asked of the lake; how it looks is no business of theirs."""
