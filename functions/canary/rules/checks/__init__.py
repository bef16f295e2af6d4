"""What must be true before a rollout starts."""
