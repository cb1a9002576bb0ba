"""The journal survives kills, full disks, damage and other settings, or says what is wrong."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.archive.chunk_result import ChunkResult
from detector.archive.journal import Counts, Journal
from detector.archive.journal_reading import count
from detector.archive.look_json import decode_looks, encode_looks
from detector.camera.looks import Look, Measures, Sighting
from detector.errors import OutputError, StreetIssueError, UsageError
from tests.detector.archive.journal_entries import (
    ITEMS,
    SETTINGS,
    again,
    look,
    see,
    video,
    work,
)


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    again(tmp_path).close()
    with pytest.raises(UsageError, match=r"every_s was 2\.0 and is 1\.0") as caught:
        Journal.open(tmp_path, {**SETTINGS, "every_s": "1.0"})
    assert "model" not in caught.value.message
    assert "--restart" in caught.value.hint
    with pytest.raises(UsageError, match="zones was not set and is x"):
        Journal.open(tmp_path, {**SETTINGS, "zones": "x"})
    with pytest.raises(UsageError, match="chunk_s"):
        Journal.open(tmp_path, SETTINGS, chunk_s=60.0)


def test_restart_begins_anew(tmp_path: Path) -> None:
    with again(tmp_path) as journal:
        journal.enter([video("a.mp4")])
    with Journal.open(tmp_path, {"every_s": "1.0"}, restart=True) as journal:
        assert journal.counts() == Counts()


def test_two_scans_in_one_folder(tmp_path: Path) -> None:
    with again(tmp_path):
        with pytest.raises(UsageError, match="Another scan"):
            again(tmp_path)
        with pytest.raises(UsageError, match="Another scan"):
            Journal.open(tmp_path, SETTINGS, restart=True)
    again(tmp_path).close()


def test_a_damaged_journal(tmp_path: Path) -> None:
    (tmp_path / "scan.db").write_bytes(b"no database at all" * 300)
    with pytest.raises(StreetIssueError, match="damaged") as caught:
        again(tmp_path)
    assert caught.value.code == "journal_damaged"
    Journal.open(tmp_path, SETTINGS, restart=True).close()


def test_damage_that_shows_late(tmp_path: Path) -> None:
    with again(tmp_path) as journal:
        journal.enter([video("a.mp4", 0)])
        work(journal)
    connection = sqlite3.connect(tmp_path / "scan.db")
    connection.execute("UPDATE looks SET blob = x'00'")
    connection.commit()
    connection.close()
    with again(tmp_path) as journal, pytest.raises(StreetIssueError, match="damaged"):
        list(journal.looks_of("gate"))


def test_a_journal_of_another_version_or_program(tmp_path: Path) -> None:
    again(tmp_path).close()
    for pragma, code in (
        ("user_version = 99", "journal_newer"),
        ("application_id = 1", "journal_damaged"),
    ):
        connection = sqlite3.connect(tmp_path / "scan.db")
        connection.execute(f"PRAGMA {pragma}")
        connection.close()
        with pytest.raises(StreetIssueError) as caught:
            again(tmp_path)
        assert caught.value.code == code


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        Journal.open(tmp_path / "file" / "out", SETTINGS)


def test_a_full_disk(tmp_path: Path) -> None:
    with again(tmp_path) as journal:
        journal.enter([video(f"{one}.mp4", one) for one in range(3)])
        first, second, third = journal.chunks_to_do()
        journal.commit(first, see(first, 60.0, 1))
        before = journal.counts()
        (pages,) = journal._store.one("PRAGMA page_count")
        journal._store.execute(f"PRAGMA max_page_count = {pages}")
        large = tuple(
            replace(look(second.files[0], float(one)), source=f"{random.random()}")
            for one in range(9000)
        )
        with pytest.raises(StreetIssueError, match="disk is full") as caught:
            journal.commit(second, ChunkResult(large, n_chunks=1))
        assert caught.value.code == "disk_full"
        assert journal.counts() == before == count(journal._store)
        journal._store.execute("PRAGMA max_page_count = 1000000")
        assert [task.key for task in journal.chunks_to_do()] == [second.key, third.key]
        assert journal.commit(second, see(second, 60.0, 1))


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
import journal_entries as made
from detector.archive.journal import Journal
with Journal.open(Path(sys.argv[1]), made.SETTINGS) as journal:
    journal.enter(made.ITEMS)
    print("entered", flush=True)
    while tasks := list(journal.chunks_to_do()):
        for task in tasks:
            journal.commit(task, made.see(task, 1500.0, 5))
            print(task.files[0].name, task.number, flush=True)
"""


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.faults)])
def test_killed_at_any_moment_what_was_answered_is_there(tmp_path: Path, seed: int) -> None:
    script = KILLED.format(here=os.path.dirname(__file__))
    command = [sys.executable, "-c", script, str(tmp_path)]
    answered: list[str] = []
    chance = random.Random(seed)
    while True:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            left = chance.randrange(1, 100)
            for line in process.stdout:
                answered += [] if line == "entered\n" else [line.strip()]
                left -= 1
                if left == 0:
                    process.send_signal(signal.SIGKILL)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    # Between a commit and its line a kill may come: those lines are missing, none is there twice.
    assert len(answered) == len(set(answered))
    with again(tmp_path) as journal:
        assert journal.counts().chunks_todo == 0
        looks = list(journal.looks_of("gate"))
        photos = [one.source for one in journal.photo_looks()]
    assert len(looks) == 30 * 25
    assert photos == sorted(one.name for one in ITEMS if one.kind == "photo")


finite = st.floats(allow_nan=False, allow_infinity=False)
sightings = st.builds(
    Sighting,
    label=st.text(),
    score=finite,
    box_xyxy=st.tuples(finite, finite, finite, finite),
    flagged=st.booleans(),
    severity=st.sampled_from(["small", "medium", "large"]),
    motion=st.none() | finite,
)
looks = st.builds(
    Look,
    source=st.text(alphabet=st.characters(exclude_categories=())),
    timestamp_s=finite,
    captured_at=st.none() | st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0)),
    image_wh=st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
    held=st.booleans(),
    condition=st.sampled_from(["clear", "dark", "blank", "blurred"]),
    sightings=st.lists(sightings, max_size=3).map(tuple),
    measures=st.builds(
        Measures, finite, finite, finite, st.none() | finite, st.none() | st.binary(max_size=40)
    ),
)


@given(st.lists(looks, max_size=4))
def test_looks_round_trip_exactly(made: Sequence[Look]) -> None:
    read = decode_looks(encode_looks(made))
    assert read == tuple(made)
    assert repr(read) == repr(tuple(made))


def test_looks_that_are_damaged_or_not_finite() -> None:
    blob = encode_looks([look(video("a.mp4"))])
    for wrong in (b"", blob[:-5], blob[:20] + b"x" + blob[21:], encode_looks([])[:3]):
        with pytest.raises(ValueError, match=r".+"):
            decode_looks(wrong)
    with pytest.raises(ValueError, match=r".+"):
        encode_looks([look(video("a.mp4"), score=float("nan"))])
