"""Who calls: the proof that a verb is sent with."""
