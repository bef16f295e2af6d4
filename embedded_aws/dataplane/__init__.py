"""The data plane: requests to a stage, answered by the integration of base or canary."""
