"""The schema of the records that this controller writes; `python -m tests.rules.rollouts.record_fields` raises it."""

SCHEMA_VERSION = 11
