"""Files that are there whole or not at all."""

import contextlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO, Final

from detector.errors import OutputError

UNFINISHED: Final = ".unfinished"
"""Ending of a file that is being written."""


@contextlib.contextmanager
def open_whole(path: Path) -> Generator[BinaryIO]:
    """Open a file that appears under its name when everything is written and on the disk.

    Args:
        path: Its folder is made where it is missing; a file of this name is replaced at the end.

    Yields:
        The file. If the block raises, what was there before stays.

    Raises:
        OutputError: It cannot be written, e.g. because the disk is full.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise OutputError(str(path), error) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file at one go.

    Raises:
        OutputError: It cannot be written.
    """
    with open_whole(path) as file:
        file.write(content)
