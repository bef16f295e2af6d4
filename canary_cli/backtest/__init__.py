"""What rollouts of the same code would have come to on base's own past."""
