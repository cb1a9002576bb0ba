"""Who looks on is told the truth, and nothing else shows on the screen."""

import io
import time
from collections.abc import Iterator

import pytest
from rich.console import Console

from detector.archive.onlooker import Onlooker, ProgressBar, Unwatched


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a terminal of 100 columns shows; the clock goes on by a second each time it is read."""
    written = io.StringIO()

    def open_console(*, stderr: bool) -> Console:
        assert stderr
        return Console(file=written, force_terminal=True, width=100, _environ={"TERM": "xterm"})

    monkeypatch.setattr("rich.console.Console", open_console)
    ticks = iter(range(10_000))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))
    yield written


def follow(who: Onlooker) -> None:
    """A scan of three chunks, two cameras, one picture."""
    who.listed(1234)
    who.begin(3000.0)
    for _ in range(3):
        who.frames(50)
        who.looked_through(1000.0)
    who.folding("north [bold]/gate", 1, 2)
    who.folding("south", 2, 2)
    who.picturing(1, 1)


def test_nobody_may_look_on(capfd: pytest.CaptureFixture[str]) -> None:
    follow(Unwatched())
    assert capfd.readouterr() == ("", "")


def shown(bar: ProgressBar) -> tuple[str, float, float | None, str]:
    task = bar._progress.tasks[0]
    return task.description, task.completed, task.total, task.fields["note"]


def test_the_bar_goes_by_bytes_and_tells_frames_a_second(screen: io.StringIO) -> None:
    with ProgressBar() as bar:
        bar.listed(1234)
        assert shown(bar) == ("listing", 0, None, "1,234 files")
        bar.begin(3000.0)
        assert shown(bar) == ("scanning", 0, 3000.0, "")
        bar.frames(50)
        bar.looked_through(1000.0)
        description, completed, total, note = shown(bar)
        assert (description, completed, total) == ("scanning", 1000.0, 3000.0)
        assert note == "50 frames/s"
        bar.frames(70)
        assert shown(bar)[3] == "60 frames/s"
    assert "scanning" in screen.getvalue()


def test_incidents_and_pictures_are_counted(screen: io.StringIO) -> None:
    with ProgressBar() as bar:
        follow(bar)
        bar.folding("north [bold]/gate", 1, 2)
        assert shown(bar) == ("incidents", 1, 2, r"north \[bold]/gate")
        bar.picturing(1, 1)
        assert shown(bar) == ("pictures", 1, 1, "")
    assert "pictures" in screen.getvalue()


def test_nothing_to_do_is_no_division_by_nothing(screen: io.StringIO) -> None:
    with ProgressBar() as bar:
        bar.begin(0.0)
        bar.looked_through(0.0)
        assert shown(bar)[2] == 1.0
    assert screen.getvalue()
