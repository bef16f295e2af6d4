"""What sets this release apart from the others: a handful of numbers. All other code is the same in every release."""

NAME = "base"

MEDIAN_MS = 40.0  # of a query
SPREAD = 0.5  # of the logarithm of a query's time
SLOW_SHARE = 0.0  # of the queries that miss the index
SLOW_FACTOR = 1.0  # how much longer those take

FAILING_SHARE = 0.001  # of the queries that the database does not answer
CATCHES_FAILURES = True  # whether a handler answers 503 then, or lets the exception through

RETURNS_CONNECTIONS = True  # to the pool; one that was not returned is free again after its idle time
