"""street-issues-train run: train a network."""

import argparse
from typing import TYPE_CHECKING

from training.errors import TrainingError

if TYPE_CHECKING:
    from training.commands import Subparsers


def add_parser(commands: "Subparsers") -> None:
    """Add the command; its options need no torch."""
    from training.train import add_arguments

    parser = commands.add_parser("run", help="train a network from a config")
    add_arguments(parser)
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Train.

    Raises:
        TrainingError: torch or ultralytics is not installed, or the training cannot go on.
    """
    from training.train import run

    try:
        return run(options)
    except ModuleNotFoundError as error:
        raise TrainingError(
            "extra_missing",
            f"Training needs {error.name}, which is not installed.",
            'Install it: pip install "street-issue-detector[train]".',
        ) from error
