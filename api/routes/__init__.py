"""Each module parses a request, calls a service, and shapes the answer."""
