"""Cameras, what they report, and whether they can be believed."""
