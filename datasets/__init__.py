"""Labelled photos: records and file formats. Torch-free."""
