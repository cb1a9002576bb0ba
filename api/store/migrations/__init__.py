"""The ledger's schema, step by step, forward and back; `api.store.schema` runs the steps.

A step is a module in `versions`. `python scripts/new_migration.py` drafts one from what the tables
have become; it then stands on its own, and does not change when the tables do.
"""
