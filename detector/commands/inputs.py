"""Which photos a command line names."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from detector.errors import UsageError
from detector.sources import PhotoSource, find_photos


def list_sources(paths: list[str]) -> tuple[Iterator[PhotoSource], int | None]:
    """Return the photos, and how many where that can be known (not for a stream).

    Args:
        paths: As given; `-` stands for a list on standard input, one path a line.

    Raises:
        UsageError: A path is empty, as an unset shell variable gives it.
    """
    if "" in paths:
        raise UsageError("A path is empty.", "Is a shell variable unset?")
    if "-" in paths:
        return find_photos(_named_paths(paths)), None
    total = sum(1 for _ in find_photos(map(Path, paths)))
    return find_photos(map(Path, paths)), total


def _named_paths(paths: list[str]) -> Iterator[Path]:
    for path in paths:
        if path != "-":
            yield Path(path)
            continue
        for line in sys.stdin.buffer:
            # Bytes, because a name need not be valid text; CR, because lists come from Windows.
            name = os.fsdecode(line.rstrip(b"\r\n"))
            if name:
                yield Path(name)


def check_output_folder(folder: Path, paths: list[str], what: str) -> None:
    """Refuse to write where what is written would be found and scored.

    Args:
        folder: Where something is to be written.
        paths: What is scored; `-` is passed over.
        what: What is to be written, for the message.

    Raises:
        UsageError: The folder is, or lies in, one that is scored.
    """
    target = folder.resolve()
    for path in paths:
        given = Path(path).resolve()
        if path != "-" and given.is_dir() and target.is_relative_to(given):
            raise UsageError(
                f"The {what} would be written into {path}, which is scored.",
                "Name a folder outside it.",
            )
