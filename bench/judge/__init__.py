"""Compares the judge with every peer and the oracles on the same requests, and reports it: `python -m bench.judge`."""
