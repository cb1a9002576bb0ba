"""What people see of a running training: curves in a CSV, a line with the time left."""

import csv
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

EVERY_S: Final = 20.0


def write_curves(path: Path, rows: Sequence[Mapping[str, float | int | str]]) -> None:
    """Write a CSV of curves, whole: a line an epoch."""
    half = path.with_name(path.name + ".part")
    with half.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    os.replace(half, path)


def read_curves(path: Path) -> list[dict[str, str]]:
    """Return the lines of a CSV of curves; none if there is no file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


class Progress:
    """A line now and then with what is done and the time left."""

    def __init__(self, say: Callable[[str], None], name: str, epochs: int) -> None:
        """Report on a stage through `say`, at most every `EVERY_S` seconds."""
        self._say, self._name, self._epochs = say, name, epochs
        self._start = self._last = time.monotonic()
        self._begun = 0

    def report(self, epoch: int, number: int, total: int, losses: Mapping[str, float]) -> None:
        """Take note of a finished batch.

        Args:
            epoch: From 0.
            number: Of the batch in its epoch, from 1.
            total: Batches of an epoch.
            losses: Their means so far.
        """
        done = epoch * total + number
        if self._begun == 0:
            self._begun = done
        now = time.monotonic()
        if now - self._last < EVERY_S and number != total:
            return
        self._last = now
        rate = (now - self._start) / max(1, done - self._begun)
        left = rate * (self._epochs * total - done)
        shown = " ".join(
            f"{key.removesuffix('_loss')} {value:.3f}" for key, value in losses.items()
        )
        self._say(
            f"{self._name} epoch {epoch + 1}/{self._epochs} batch {number}/{total} {shown} "
            f"{rate:.2f} s/batch, {left / 60:.0f} min left"
        )
