"""IAM: which permissions a call needs, and whether the caller has them."""
