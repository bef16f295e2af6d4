"""One look at a canary: what is read, what it shows, and the verdict."""
