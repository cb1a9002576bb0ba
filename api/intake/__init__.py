"""A report comes in: it is kept, scored, and becomes a case."""
