"""The verbs that take a release back."""
