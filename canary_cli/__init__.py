"""The command `canary`: what a rollout is doing, and how to steer it."""
