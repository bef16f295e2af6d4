"""What differs between releases: a handful of numbers. All other code is the same in every release."""

NAME = "base"

MEDIAN_MS = 40.0  # duration of a query
SPREAD = 0.5  # standard deviation of the logarithm of a query's duration
SLOW_SHARE = 0.0  # share of the queries that miss the index
SLOW_FACTOR = 1.0  # how many times longer those take

FAILING_SHARE = 0.001  # share of the queries that the database does not answer
CATCHES_FAILURES = True  # if so, a handler answers 503; if not, the exception leaves the handler

RETURNS_CONNECTIONS = True  # to the pool; a connection that was not returned becomes free after its idle time
