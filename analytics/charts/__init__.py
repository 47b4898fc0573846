"""Pictures: where each mark of a timeline, a chart or a map stands, and their SVG."""
