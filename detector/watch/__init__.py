"""Live watching of many cameras: a shared budget, and news to the service."""
