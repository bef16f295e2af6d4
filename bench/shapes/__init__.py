"""Rollouts in the world as it is: clustered failures, drift, cold starts and faulty counts, each against a bar of its own."""
