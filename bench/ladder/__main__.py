"""`python -m bench.ladder`."""

from bench.ladder.command import main

main()
