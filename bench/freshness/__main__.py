"""`python -m bench.freshness`."""

from bench.freshness.command import main

main()
