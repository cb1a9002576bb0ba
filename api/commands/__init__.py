"""The commands of `street-issues-api`, a few to a module."""

import argparse
import os
from pathlib import Path
from typing import Final, TypeAlias, get_args

from api.settings import Settings, load_settings
from detector.photo_facts import Datum

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

ACTOR: Final = "system:command-line"
"""How histories name what was done with a command."""
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


def add_datum_option(parser: argparse.ArgumentParser) -> None:
    """Add `--datum`, which every command that reads positions from a file has."""
    parser.add_argument(
        "--datum",
        choices=get_args(Datum),
        default="wgs84",
        help="of the file's positions (default: %(default)s; AMap and Tencent: gcj02, Baidu: bd09)",
    )


def read_settings(options: argparse.Namespace) -> Settings:
    """Put the settings together: options, variables, file.

    Raises:
        SettingsError: One of them is unknown or not allowed.
    """
    return load_settings(os.environ, options.config, {"data": options.data})
