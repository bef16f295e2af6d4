"""The evidence report: what a rollout did and why, as values, and as HTML, Markdown and JSON."""
