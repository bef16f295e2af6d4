"""Gives an API what a rollout needs, step by step, and takes it back again."""
