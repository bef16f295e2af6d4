"""What a rollout's story is made of."""
