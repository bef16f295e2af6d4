"""The demo: a sample API with the controller on the embedded AWS, and rollouts of good and bad releases."""
