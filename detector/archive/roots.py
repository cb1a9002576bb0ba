"""The roots of an archive, told apart by the ends of their paths."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.errors import UsageError


@dataclass(frozen=True, slots=True)
class Root:
    """A folder or a file that was named."""

    path: Path
    label: str
    """What tells it from the other roots: the shortest end of its path that does."""
    is_folder: bool


def name_roots(paths: Iterable[Path]) -> tuple[Root, ...]:
    """Check the roots and label them, sorted by label.

    A root that lies within another one is left out: its files are listed there. The labels do
    not depend on the order in which the roots are named.

    Raises:
        UsageError: There is none, or one is not there: a slip of the keyboard, or a disk that is
            not mounted.
    """
    resolved: dict[Path, bool] = {}
    for path in paths:
        try:
            real = path.resolve(strict=True)
            resolved[real] = real.is_dir()
        except (OSError, RuntimeError, ValueError) as error:  # RuntimeError: links in a circle.
            words = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"{path} cannot be read: {words}.", "Name folders and files that are there."
            ) from error
    if not resolved:
        raise UsageError("No archive was named.", "Name a folder of videos and photos.")
    kept = [path for path in resolved if not any(up in resolved for up in path.parents)]
    labels = _label(kept)
    roots = (Root(path, labels[path], resolved[path]) for path in kept)
    return tuple(sorted(roots, key=lambda root: root.label))


def _label(paths: Sequence[Path]) -> dict[Path, str]:
    depth, labels = dict.fromkeys(paths, 1), dict[Path, str]()
    while True:
        labels = {path: _end_of(path, depth[path]) for path in paths}
        times = Counter(labels.values())
        doubled = [path for path in paths if times[labels[path]] > 1]
        growing = [path for path in doubled if depth[path] < len(path.parts)]
        if not growing:
            return labels
        for path in growing:
            depth[path] += 1


def _end_of(path: Path, depth: int) -> str:
    return valid_text("/".join(path.parts[1:][-depth:])) or "root"


def valid_text(name: str) -> str:
    r"""Return a file's name as valid Unicode; bytes that are none become escapes such as \xff."""
    if name.isascii():
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
