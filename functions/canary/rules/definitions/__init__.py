"""What an API's definition says: its methods, what they call, and its fingerprint."""
