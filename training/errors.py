"""Errors of training, below the detector's own base."""

from detector.errors import StreetIssueError


class TrainingError(StreetIssueError):
    """A training cannot begin or go on."""


class ConfigError(TrainingError):
    """A training's plan is not what it should be."""
