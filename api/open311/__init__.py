"""The Open311 GeoReport v2 server: the standard's words for what the ledger holds."""
