"""Reads what a report of a rollout is made from, and keeps the report in S3."""
