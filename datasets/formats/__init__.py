"""File formats of labelled photos, one module each."""
