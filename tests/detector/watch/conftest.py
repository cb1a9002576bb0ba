"""Values that the watcher's tests share."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.camera.incident import Incident, Peak
from detector.watch.state import WatchState

AT = datetime(2026, 3, 2, 0, 58, tzinfo=UTC)


@pytest.fixture
def make_incident() -> Callable[..., Incident]:
    """An incident of camera `cam`, with fields replaced."""

    def make(number: int = 1, revision: int = 1, **changes: object) -> Incident:
        peak = Peak(0.8, (1.0, 2.0, 30.0, 40.5), "small", (320, 240), "cam", AT.timestamp(), AT)
        incident = Incident(
            id=f"inc-{number}",
            camera="cam",
            label="overflowing_bin",
            state="open",
            revision=revision,
            started_s=AT.timestamp(),
            last_seen_s=AT.timestamp() + 60,
            started_at=AT,
            last_seen_at=AT + timedelta(seconds=60),
            frames=3,
            median_score=0.75,
            peak=peak,
        )
        return replace(incident, **changes)  # type: ignore[arg-type]  # names of fields

    return make


@pytest.fixture
def state(tmp_path: Path) -> Iterator[WatchState]:
    """A state that begins."""
    with WatchState(tmp_path / "state") as state:
        yield state
