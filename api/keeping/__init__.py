"""Housekeeping: retention, erasure, backup."""
