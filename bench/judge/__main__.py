"""`python -m bench.judge`."""

from bench.judge.command import main

main()
