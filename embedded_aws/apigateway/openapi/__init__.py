"""OpenAPI documents as API Gateway reads and writes them: OpenAPI 3.0 and Swagger 2.0, in JSON and YAML.

Parts of a document that this package does not support are refused by name, never dropped (docs/aws.md#openapi-import).
"""
