"""Faults that a test injects into calls, tasks and executions."""
