"""What the service remembers: one SQLAlchemy implementation for SQLite and PostgreSQL."""
