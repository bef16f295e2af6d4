"""Measurements: each figure is compared with another one from the same run."""
