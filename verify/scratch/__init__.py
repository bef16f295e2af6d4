"""What is created in the account for the questions, under one random prefix."""
