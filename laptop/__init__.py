"""`canary try`: a definition becomes an API on the embedded AWS, with stand-ins for its functions and two rollouts."""
