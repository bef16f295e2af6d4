"""What a release brings, and the plan by which it is rolled out."""
