"""What every command line does with its output streams before it starts."""

import io
import os
import sys


def make_streams_safe() -> None:
    """Let no file name break the output: what the terminal's encoding lacks is escaped."""
    if sys.stdout is None:  # Closed by the caller, as some schedulers do.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  lives with the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
