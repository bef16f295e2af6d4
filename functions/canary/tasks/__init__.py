"""One thin handler per Task state, named after the state; also the guard, the sweeper and the operator's verbs."""
