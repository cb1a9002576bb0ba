"""Composed training scenes with exact boxes, on any folder of backgrounds."""
