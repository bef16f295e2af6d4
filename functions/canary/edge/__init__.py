"""Turns outside data into the rules' values, once. The only package that knows pydantic."""
