"""What exists in the user's account: the app's stacks, and the constructs that they are made of."""
