"""A data source of an API's description: what OpenAPI 3 or Swagger 2 tells, as a small typed model."""
