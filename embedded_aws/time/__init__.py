"""Time: one virtual clock, the threads that wait on it, and settings that take effect late."""
