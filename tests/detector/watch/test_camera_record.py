"""A camera's state and the news that follow from it stay together, whatever breaks."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from detector.camera.frames import Frame
from detector.camera.looks import Look, Measures, Sighting
from detector.camera.rules import IncidentRules
from detector.errors import OutputError
from detector.watch.camera_fold import CameraFold
from detector.watch.camera_record import MOST_UNSAVED_PHOTOS, CameraRecord
from detector.watch.spool import Spool
from detector.watch.state import Beat, News, WatchState
from tests.detector.watch.scripted_scene import START, make_frame

RULES = {
    "overflowing_bin": IncidentRules(threshold=0.5, keep_score=0.1, clear_after_s=60, rejoin_s=600)
}
NO_ROOM = OutputError("watch.db", OSError(28, "No space left on device"))


def see_bin(record: CameraRecord, at_s: float) -> None:
    record.see(make_look(at_s), make_frame(at_s, ()))


def make_look(at_s: float, *, seen: bool = True) -> Look:
    bins = (Sighting("overflowing_bin", 0.9, (40, 60, 100, 130), True, "medium"),) if seen else ()
    measures = Measures(100.0, 40.0, 10.0, 1.0)
    at = START + timedelta(seconds=at_s)
    return Look("cam", at.timestamp(), at, (320, 192), False, "clear", bins, measures)


def make_record(state: WatchState) -> CameraRecord:
    record = CameraRecord("cam", RULES, state)
    record.open()
    return record


def told(state: WatchState) -> list[str]:
    with state.look() as db:
        return [row[0] for row in db.execute("SELECT incident FROM news ORDER BY id")]


def test_what_a_broken_fold_did_not_save_is_given_up_news_and_state_alike(
    state: WatchState, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record(state)
    record.save()
    with monkeypatch.context() as patch:
        patch.setattr(WatchState, "save_camera", lambda *_, **__: (_ for _ in ()).throw(NO_ROOM))
        for at_s in range(0, 10, 2):
            see_bin(record, at_s)
        assert record.open_incidents == 1
        assert not record.save()
    with monkeypatch.context() as patch:
        patch.setattr(CameraFold, "see", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            see_bin(record, 10)
    assert record.save(Beat("cam", "offline", START))  # Nothing of the broken fold goes along.
    assert told(state) == []
    record.open()
    assert record.open_incidents == 0
    for at_s in range(12, 30, 2):
        see_bin(record, at_s)
    assert record.save()
    assert len(told(state)) == record.open_incidents == 1


def test_what_is_whole_goes_on_in_memory(
    state: WatchState, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record(state)
    with monkeypatch.context() as patch:
        patch.setattr(WatchState, "save_camera", lambda *_, **__: (_ for _ in ()).throw(NO_ROOM))
        for at_s in range(0, 10, 2):
            see_bin(record, at_s)
        assert not record.save()
    record.open()  # The camera was taken up anew: something else failed.
    for at_s in range(10, 30, 2):
        see_bin(record, at_s)
    assert record.save()
    assert len(told(state)) == record.open_incidents == 1


def test_a_heartbeat_that_could_not_be_saved_goes_with_the_next_one(
    state: WatchState, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record(state)
    with monkeypatch.context() as patch:
        patch.setattr(WatchState, "save_camera", lambda *_, **__: (_ for _ in ()).throw(NO_ROOM))
        assert not record.save(Beat("cam", "black", START, b"dark"))
    assert record.is_due(999)
    later = Beat("cam", "black", START + timedelta(seconds=60))
    assert record.save(later)
    waiting = Spool(state).next_beat(0.0)
    assert waiting is not None
    assert waiting.beat == replace(later, frame=b"dark")
    assert not record.is_due(999)


def test_photos_do_not_fill_the_memory(
    state: WatchState, monkeypatch: pytest.MonkeyPatch, make_incident: object
) -> None:
    record = make_record(state)
    numbers = iter(range(MOST_UNSAVED_PHOTOS + 1))

    def see(_fold: CameraFold, _look: Look, _frame: Frame) -> tuple[News, ...]:
        incident = make_incident(next(numbers))  # type: ignore[operator]  # a maker
        return (News(incident, b"photo"),)

    monkeypatch.setattr(CameraFold, "see", see)
    with monkeypatch.context() as patch:
        patch.setattr(WatchState, "save_camera", lambda *_, **__: (_ for _ in ()).throw(NO_ROOM))
        for at_s in range(MOST_UNSAVED_PHOTOS + 1):
            see_bin(record, at_s)
            assert not record.save()
    assert record.save()
    assert len(told(state)) == MOST_UNSAVED_PHOTOS + 1
    assert Spool(state).depth().photo_bytes == 0
    assert state.photos_dropped == MOST_UNSAVED_PHOTOS + 1


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1, "tracker": {"schema": 99}}'])
def test_a_state_that_makes_no_sense_is_told_and_left(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with WatchState(tmp_path) as state:
        with state.change() as db:
            db.execute("INSERT INTO cameras VALUES ('cam', ?, '')", (text,))
        assert make_record(state).open_incidents == 0
    assert "begins anew" in caplog.text
