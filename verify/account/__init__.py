"""The account that is asked: clients, clock, costs, and the removal of what was created."""
