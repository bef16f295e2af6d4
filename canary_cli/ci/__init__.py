"""A rollout in a job of a CI system: whether the job may wait for it, and what its summary says."""
