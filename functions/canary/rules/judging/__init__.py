"""The judge: counts become evidence, and evidence becomes worse or not worse."""
