"""Ask an AWS account what nobody has recorded: each open question of `verify.questions.unknowns`, with a measured answer.

Everything is created under one random prefix and removed again. The package knows AWS through boto3 and plain requests to the
scratch API. From the controller it uses the access-log line, the list prices and how it reads a definition.
"""
