"""The embedded AWS: moto, completed where a canary needs it, on a virtual clock. It knows AWS, not its guests."""
