"""What is decided, and nothing else: pure, standard library only, no clock, no network, no environment."""
