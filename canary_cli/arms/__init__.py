"""Both arms of a rollout side by side."""
