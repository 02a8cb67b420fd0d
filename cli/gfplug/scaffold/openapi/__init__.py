"""Read an API's description, OpenAPI 3 or Swagger 2, into a small typed model, and write a data source from it."""
