"""The commands of `street-issues-data`, a few to a module."""

import argparse
from typing import Final, TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

EXIT_DONE: Final = 0
EXIT_PROBLEMS: Final = 1
"""Problems were found, or something was skipped."""
