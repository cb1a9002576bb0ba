"""The pages' routes; none of them stands in the OpenAPI document, which is for programs."""
