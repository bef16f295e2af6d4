"""What distinguishes one release from another; each release has its own values."""

NAME = "first"

OWN_HANDLER = ""
"""The handler that answers instead of the stand-in, such as ``app.handler``."""

FAILING_METHOD = ""
"""The method that fails, such as ``GET /orders/{id}``."""

FAILING_SHARE = 0.0
"""How many of its requests fail, from 0 to 1."""

MEDIAN_MS = 40.0
SPREAD = 0.5
"""A stand-in's durations are log-normal."""
