"""The commands of `street-issues-data`, a few to a module."""

import argparse
from typing import Final, TypeAlias

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

EXIT_DONE: Final = 0
EXIT_PROBLEMS: Final = 1
"""Problems were found, or something was skipped."""
EXIT_WRONG_USE: Final = 2
EXIT_INTERRUPTED: Final = 130
"""128 and the signal's number, as shells count."""
