"""The canary controller's code that runs in Lambda, in four rooms: rules, edge, aws, tasks."""

__version__ = "0.1.0"
"""The version of the distribution, which each deployed function knows by `CANARY_VERSION`."""
