"""CloudWatch Logs: lines, metric filters and filter patterns."""
