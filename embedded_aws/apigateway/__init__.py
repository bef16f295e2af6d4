"""API Gateway REST APIs: definitions, stages, deployments and OpenAPI documents."""
