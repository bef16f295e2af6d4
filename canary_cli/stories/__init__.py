"""A rollout told as a story: what happened, when, and why."""
