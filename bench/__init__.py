"""What is measured: each figure beside another one of the same run."""
