"""Turns outside data into the rules' values, once. The only room that knows pydantic."""
