"""What several tasks share: how a handler begins, a look, a takeover, a forward pass."""
