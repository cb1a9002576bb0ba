"""The domain: what a case is and what may happen to it. No web, no database, no clock."""
