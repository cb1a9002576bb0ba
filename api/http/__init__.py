"""What every route stands on: keys, uploads, problems, OpenAPI."""
