"""The JSON schemas of what the command answers programs with. Nothing of the command needs them."""
