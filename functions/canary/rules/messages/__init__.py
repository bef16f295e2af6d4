"""What people and programs are told of a rollout: kinds, severities, and the text of each channel."""
