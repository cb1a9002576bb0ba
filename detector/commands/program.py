"""What every command line of the project does around a command."""

import os
import sys
from collections.abc import Callable
from typing import Final

from detector.commands.streams import make_streams_safe
from detector.errors import StreetIssueError

EXIT_WRONG_USE: Final = 2
EXIT_INTERRUPTED: Final = 130
"""128 and the signal's number, as shells count."""
EXIT_BROKEN_PIPE: Final = 141
"""As shells count SIGPIPE."""


def run_program(name: str, run: Callable[[], int]) -> int:
    """Run a command; what goes wrong is told in words on standard error.

    Args:
        name: The program's, before each message.
        run: Parses the command line and runs it; returns the exit status.

    Returns:
        What `run` returned; 2: an error of ours or of the system; 130: interrupted; 141: the
        reader of the output went away.
    """
    make_streams_safe()
    try:
        return run()
    except StreetIssueError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return EXIT_WRONG_USE
    except KeyboardInterrupt:
        print(f"{name}: stopped.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`): not an error, but Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except OSError as error:  # A full disk, a port in use, a folder that may not be written.
        where = "" if error.filename is None else f"{error.filename}: "
        print(f"{name}: {where}{error.strerror or error}.", file=sys.stderr)
        return EXIT_WRONG_USE
