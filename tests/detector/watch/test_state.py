"""What survives: the state and the news that follow from it, together or not at all."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.camera.incident import EndReason, Incident, Peak
from detector.errors import OutputError, UsageError
from detector.watch.incident_json import dump_incident, load_incident
from detector.watch.spool import Spool
from detector.watch.state import Beat, News, WatchState

MakeIncident = Callable[..., Incident]
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def sent_order(state: WatchState) -> list[tuple[str, int, bytes | None]]:
    spool = Spool(state)
    order = []
    while (news := spool.next_news(0.0)) is not None:
        order.append((news.incident.id, news.incident.revision, news.photo))
        spool.news_arrived(news.row)
    return order


times = st.none() | st.datetimes(timezones=st.just(UTC))
ENDS: list[EndReason | None] = ["gone", "view_changed", None]
floats = st.floats(allow_nan=False, allow_infinity=False)


@given(st.text(max_size=9), floats, times, times, st.sampled_from(ENDS))
def test_incidents_come_back_as_they_went(
    text: str, number: float, one: datetime | None, other: datetime | None, end: EndReason | None
) -> None:
    peak = Peak(number, (number, 1.0, 2.0, 3.5), "large", (1, 2), text, number, other)
    incident = Incident(
        "inc-1", text, text, "cleared", 3, number, number, one, other, 7, number, peak, end
    )
    assert load_incident(dump_incident(incident)) == incident


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"peak": {}}', "{"])
def test_what_is_no_incident_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        load_incident(text)


def test_state_and_news_survive_the_end(tmp_path: Path, make_incident: MakeIncident) -> None:
    with WatchState(tmp_path) as state:
        state.save_camera("cam", {"tracker": [1, "二"]}, [News(make_incident(), b"photo")])
    with WatchState(tmp_path) as state:
        assert state.load_camera("cam") == {"tracker": [1, "二"]}
        assert state.load_camera("other") is None
        assert state.list_cameras() == ("cam",)
        assert sent_order(state) == [("inc-1", 1, b"photo")]


def test_a_failed_write_leaves_neither_state_nor_news(
    state: WatchState, make_incident: MakeIncident
) -> None:
    state.save_camera("cam", {"n": 1})
    with state.look() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(OutputError, match="No space left on device"):
        state.save_camera("cam", {"n": 2}, [News(make_incident(), os.urandom(200_000))])
    assert state.load_camera("cam") == {"n": 1}
    assert Spool(state).depth().news == 0
    with state.look() as db:
        db.execute("PRAGMA max_page_count = 1000000")
    state.save_camera("cam", {"n": 2}, [News(make_incident(), b"photo")])
    assert state.load_camera("cam") == {"n": 2}
    assert Spool(state).depth().news == 1


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "watch.db").write_bytes(b"no database" * 1000)
    with pytest.raises(OutputError, match=r"watch\.db.*damaged"):
        WatchState(tmp_path)


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    WatchState(tmp_path).close()
    with sqlite3.connect(tmp_path / "watch.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(UsageError, match="newer version"):
        WatchState(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        WatchState(tmp_path / "file" / "state")


def test_two_watchers_cannot_share_a_folder(tmp_path: Path) -> None:
    with WatchState(tmp_path), pytest.raises(UsageError, match="Another watcher"):
        WatchState(tmp_path)
    WatchState(tmp_path).close()


def test_later_revisions_overtake_each_other_but_never_the_first(
    state: WatchState, make_incident: MakeIncident
) -> None:
    for revision in (1, 2, 3):
        photo = b"peak of 2" if revision == 2 else None
        state.save_camera("cam", None, [News(make_incident(1, revision), photo)])
        state.save_camera("cam", None, [News(make_incident(2, revision))])
    assert state.superseded == 2
    assert sent_order(state) == [
        ("inc-1", 1, None),
        ("inc-2", 1, None),
        ("inc-1", 3, b"peak of 2"),
        ("inc-2", 3, None),
    ]


def test_what_is_on_its_way_is_not_overtaken(
    state: WatchState, make_incident: MakeIncident
) -> None:
    spool = Spool(state)
    state.save_camera("cam", None, [News(make_incident(1, 2))])
    news = spool.next_news(0.0)
    assert news is not None
    state.save_camera("cam", None, [News(make_incident(1, 3))])
    spool.news_arrived(news.row)
    assert sent_order(state) == [("inc-1", 3, None)]


def test_photos_have_a_bound_and_news_have_none(
    tmp_path: Path, make_incident: MakeIncident
) -> None:
    photo = bytes(400_000)
    with WatchState(tmp_path, most_photo_mib=1) as state:
        for number in range(5):
            state.save_camera("cam", None, [News(make_incident(number), photo)])
        assert state.photos_dropped == 3
        assert Spool(state).depth().photo_bytes == 800_000
        assert [one[2] for one in sent_order(state)] == [photo, photo, None, None, None]
        state.save_camera("cam", None, [News(make_incident(9), photo)])
        assert sent_order(state) == [("inc-9", 1, photo)]


def test_photos_of_news_set_aside_give_way(tmp_path: Path, make_incident: MakeIncident) -> None:
    photo = bytes(400_000)
    with WatchState(tmp_path, most_photo_mib=1) as state:
        spool = Spool(state)
        for number in (1, 2):
            state.save_camera("cam", None, [News(make_incident(number), photo)])
            news = spool.next_news(0.0)
            assert news is not None
            spool.refuse(news.row, "unknown_label: no such label")
        for number in (3, 4):
            state.save_camera("cam", None, [News(make_incident(number), photo)])
        assert sent_order(state) == [("inc-3", 1, photo), ("inc-4", 1, photo)]
        assert state.photos_dropped == 2
    with WatchState(tmp_path) as state:
        assert sent_order(state) == [("inc-1", 1, None), ("inc-2", 1, None)]


def test_a_photo_of_another_peak_is_not_handed_on(
    state: WatchState, make_incident: MakeIncident
) -> None:
    second, third = make_incident(1, 2), make_incident(1, 3)
    third = replace(third, peak=replace(third.peak, timestamp_s=third.peak.timestamp_s + 60))
    state.save_camera("cam", None, [News(second, b"peak of 2")])
    state.save_camera("cam", None, [News(third)])
    assert sent_order(state) == [("inc-1", 3, None)]


def test_no_column_lies_behind_a_picture(state: WatchState) -> None:
    """SQLite would read the pictures of all rows to count them."""
    with state.look() as db:
        for table in ("news", "heartbeats", "scenes"):
            kinds = [row[2] for row in db.execute(f"PRAGMA table_info({table})")]
            assert kinds.index("BLOB") == len(kinds) - 1


def test_of_heartbeats_the_newest_of_a_camera_waits(state: WatchState) -> None:
    def beat(minute: int, kind: str, frame: bytes | None = None) -> Beat:
        return Beat("cam", kind, AT + timedelta(minutes=minute), frame)  # type: ignore[arg-type]

    spool = Spool(state)
    state.save_camera("cam", None, beat=beat(0, "live", b"frame 0"))
    state.save_camera("cam", None, beat=beat(1, "live"))
    waiting = spool.next_beat(0.0)
    assert waiting is not None
    assert waiting.beat == beat(1, "live", b"frame 0")
    state.save_camera("cam", None, beat=beat(2, "offline"))
    spool.beat_arrived(waiting)  # A newer one took its place while it was sent.
    waiting = spool.next_beat(0.0)
    assert waiting is not None
    assert waiting.beat == beat(2, "offline")
    spool.beat_arrived(waiting)
    assert spool.next_beat(0.0) is None


def test_what_was_refused_is_tried_again_after_a_restart(
    tmp_path: Path, make_incident: MakeIncident
) -> None:
    with WatchState(tmp_path) as state:
        spool = Spool(state)
        state.save_camera("cam", None, [News(make_incident(1, 1)), News(make_incident(1, 2))])
        news = spool.next_news(0.0)
        assert news is not None
        spool.refuse(news.row, "unknown_label: no such label")
        assert spool.refused() == (("inc-1", 1, "unknown_label: no such label"),)
        assert spool.depth().refused == 1
        assert sent_order(state) == [("inc-1", 2, None)]
    with WatchState(tmp_path) as state:
        assert sent_order(state) == [("inc-1", 1, None)]


def test_news_damaged_on_disk_hold_up_nothing(
    state: WatchState, make_incident: MakeIncident
) -> None:
    state.save_camera("cam", None, [News(make_incident(1)), News(make_incident(2))])
    with state.change() as db:
        db.execute("UPDATE news SET body = '{' WHERE incident = 'inc-1'")
    assert sent_order(state) == [("inc-2", 1, None)]
    assert Spool(state).refused()[0][2].startswith("unreadable")


WRITER = """
import sys
from pathlib import Path
from dataclasses import replace
from detector.watch.incident_json import load_incident
from detector.watch.state import News, WatchState
folder, text = sys.argv[1:]
incident = load_incident(text)
with WatchState(Path(folder)) as state:
    before = state.load_camera("cam") or {"told": 0}
    print("ready", flush=True)
    for number in range(before["told"] + 1, 10**9):
        news = News(replace(incident, id=f"inc-{number}"), b"x" * 5000)
        state.save_camera("cam", {"told": number}, [news])
        print(number, flush=True)
"""


def test_killed_at_any_moment_state_and_news_agree(
    tmp_path: Path, make_incident: MakeIncident
) -> None:
    told = 0
    for moment in (3, 11, 20):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), dump_incident(make_incident())],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        with process.stdout as lines:
            for _ in range(moment + 1):
                line = next(lines)
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        with WatchState(tmp_path) as state:
            saved = state.load_camera("cam")
            assert saved is not None
            assert saved["told"] >= int(line) > told
            told = saved["told"]
            assert Spool(state).depth().news == told
    with WatchState(tmp_path) as state:
        assert [one[0] for one in sent_order(state)] == [f"inc-{n}" for n in range(1, told + 1)]
