"""What a definition says: OpenAPI 3, Swagger 2 or a SAM template, read into operations. Pure, apart from the reading."""
