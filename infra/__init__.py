"""Everything that is deployed to the user's account: the app's stacks, and the constructs they are built from."""
