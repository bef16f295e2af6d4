"""OpenAPI documents as API Gateway reads and writes them: OpenAPI 3.0 and Swagger 2.0, in JSON and YAML.

What a document says and this package does not build is refused by name, never dropped (docs/aws.md#openapi-import).
"""
