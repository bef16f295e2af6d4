"""Requests and errors as they cross the network, request limits, and the open questions about AWS."""
