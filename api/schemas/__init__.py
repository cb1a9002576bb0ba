"""What is sent and answered, as pydantic models."""
