"""Logs Insights: the part of its query language that is documented and used here, and the life of a query."""
