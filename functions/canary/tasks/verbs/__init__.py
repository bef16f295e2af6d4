"""What the verbs of operators and authorizers do, once their function has read the call."""
