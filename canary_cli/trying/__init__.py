"""`canary try`: its options, its answer, and where the embedded AWS that it runs on is found."""
