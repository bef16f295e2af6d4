"""The rollout's state machine: one YAML file, and what loads it."""
