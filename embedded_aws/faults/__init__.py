"""Faults that a test injects into calls, Task states and executions."""
