"""What fresher counts would be worth, and what rarer looks would save."""
