"""A look at a canary: what is read, what that shows, and the verdict."""
