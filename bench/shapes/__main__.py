"""`python -m bench.shapes`."""

from bench.shapes.tables import main

main()
