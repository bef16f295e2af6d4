"""A rollout's record, its phases, and how a recovery proceeds."""
