"""Searches the steps of the policy `fast`: the front of harm and minutes, for faults that begin at any time."""
