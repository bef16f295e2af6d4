"""What an API or a target needs before a rollout, what of it is there, and the commands that add the rest."""
