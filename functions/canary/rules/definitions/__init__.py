"""An API's definition: its methods, what they call, and its fingerprint."""
