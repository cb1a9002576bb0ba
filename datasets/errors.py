"""Errors of the data engine, below the detector's own base."""

from detector.errors import StreetIssueError


class DatasetError(StreetIssueError):
    """A data set cannot be read as what it says it is."""
