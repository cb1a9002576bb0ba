"""The commands of `street-issues-api`, a few to a module."""

import argparse
import os
from pathlib import Path
from typing import Final, TypeAlias

from api.settings import Settings, load_settings

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

EXIT_DONE: Final = 0
EXIT_PROBLEMS: Final = 1
"""Problems were found, or something was skipped."""


def add_settings_options(parser: argparse.ArgumentParser) -> None:
    """Add `--data` and `--config`, which every command that opens the ledger has."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="data folder (default: STREET_ISSUES_DATA, else ./street-issues-data)",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML of settings, which variables override"
    )


def read_settings(options: argparse.Namespace) -> Settings:
    """Put the settings together: options, variables, file.

    Raises:
        SettingsError: One of them is unknown or not allowed.
    """
    return load_settings(os.environ, options.config, {"data": options.data})
