"""The commands of `street-issues-api`."""
