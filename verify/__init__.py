"""What nobody has recorded of AWS, asked of an account: each open question of `wire.unknowns`, with its answer measured.

Everything is made under one random prefix and removed again. The package knows AWS through boto3 and plain requests to the
scratch API, and of the controller its access-log line, its list prices and how it reads a definition.
"""
