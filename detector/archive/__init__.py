"""Scans of camera archives: work list, resumable runs, results."""
