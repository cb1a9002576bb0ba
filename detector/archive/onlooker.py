"""Who looks on while a scan works: a progress bar on a terminal, or nobody."""

import time
from types import TracebackType
from typing import Protocol, Self


class Onlooker(Protocol):
    """Is told how a scan gets on; all from one thread."""

    def listed(self, files: int) -> None:
        """So many files were listed by now."""
        ...

    def begin(self, bytes_todo: float) -> None:
        """Looking through begins, or goes on; so many bytes are left."""
        ...

    def frames(self, number: int) -> None:
        """So many more frames were looked at."""
        ...

    def looked_through(self, size: float) -> None:
        """So many more bytes were looked through."""
        ...

    def folding(self, camera: str, number: int, total: int) -> None:
        """A camera's looks are made into incidents; `number` counts from 1."""
        ...

    def picturing(self, number: int, total: int) -> None:
        """Evidence pictures are written; so many of them are."""
        ...


class Unwatched:
    """Nobody looks on."""

    def listed(self, files: int) -> None:
        """See `Onlooker`."""

    def begin(self, bytes_todo: float) -> None:
        """See `Onlooker`."""

    def frames(self, number: int) -> None:
        """See `Onlooker`."""

    def looked_through(self, size: float) -> None:
        """See `Onlooker`."""

    def folding(self, camera: str, number: int, total: int) -> None:
        """See `Onlooker`."""

    def picturing(self, number: int, total: int) -> None:
        """See `Onlooker`."""


class ProgressBar:
    """A bar on standard error, by bytes: they are known from the start, and frames are not."""

    def __init__(self) -> None:
        """Make the bar; it shows within a `with`."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("listing", total=None, note="")
        self._frames = 0
        self._began_at = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def listed(self, files: int) -> None:
        """See `Onlooker`."""
        self._progress.update(self._task, note=f"{files:,} files")

    def begin(self, bytes_todo: float) -> None:
        """See `Onlooker`."""
        self._began_at = time.monotonic()
        self._progress.reset(
            self._task,
            description="scanning",
            total=max(1.0, bytes_todo),
            note="",
        )

    def frames(self, number: int) -> None:
        """See `Onlooker`."""
        self._frames += number
        rate = self._frames / max(1e-9, time.monotonic() - self._began_at)
        self._progress.update(self._task, note=f"{rate:,.0f} frames/s")

    def looked_through(self, size: float) -> None:
        """See `Onlooker`."""
        self._progress.update(self._task, advance=size)

    def folding(self, camera: str, number: int, total: int) -> None:
        """See `Onlooker`."""
        self._count("incidents", number, total, camera)

    def picturing(self, number: int, total: int) -> None:
        """See `Onlooker`."""
        self._count("pictures", number, total, "")

    def _count(self, description: str, number: int, total: int, note: str) -> None:
        from rich.markup import escape

        self._progress.update(
            self._task, description=description, total=total, completed=number, note=escape(note)
        )
