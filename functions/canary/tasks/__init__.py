"""One thin handler for each Task state, by the state's name; and the guard, the sweeper and the operator's verbs."""
