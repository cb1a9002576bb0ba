"""`street-issues scan` as an analyst meets it: exit status, words, files."""

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from detector.cli import main
from detector.evidence.privacy import open_privacy
from tests.detector.archive.scan_results import read_lines, read_run

Results = Callable[[Path], dict[str, object]]
WriteFile = Callable[..., Path]


@pytest.fixture
def out(town: Any, tmp_path: Path) -> Path:
    """A folder in which the town was scanned."""
    return Path(shutil.copytree(town.out, tmp_path / "out"))


def test_a_scan_leaves_all_its_results(town: Any) -> None:
    assert town.told.returncode == 0, town.told.stderr
    incidents = read_lines(town.out / "incidents.jsonl")
    found = {(one["camera"], one["label"], one["state"]) for one in incidents}
    assert found == {
        ("gate", "overflowing_bin", "cleared"),
        ("gate", "illegal_poster", "open"),
        ("loose.mp4", "overflowing_bin", "open"),
        ("yard", "overflowing_bin", "open"),
    }
    assert len(incidents) == 4
    assert read_lines(town.out / "errors.jsonl") == []
    read_lines(town.out / "cameras.jsonl")
    table = parquet.read_table(town.out / "incidents.parquet")
    assert table.column("id").to_pylist() == [one["id"] for one in incidents]
    pictures = {path.stem for path in (town.out / "evidence").glob("*.jpg")}
    thumbnails = {path.stem for path in (town.out / "evidence" / "thumbnails").glob("*.jpg")}
    assert pictures == thumbnails > {one["id"] for one in incidents}
    run = read_run(town.out)
    assert (run["state"], run["incidents"]) == (
        "complete",
        {"illegal_poster": 1, "overflowing_bin": 3},
    )
    assert run["counts"]["files_done"] == run["counts"]["files"] == 7
    assert 0 < run["counts"]["scored"] <= run["counts"]["looks"] == 80 // 2 + 60 + 25 + 4
    assert not list(town.out.rglob("*.unfinished"))


def test_findings_are_a_row_each_with_their_camera_and_time(town: Any) -> None:
    rows = parquet.read_table(town.out / "findings.parquet").to_pylist()
    assert len(rows) == read_run(town.out)["findings"]
    cameras = {row["source"]: row["camera"] for row in rows}
    assert cameras == {
        "gate/20260302081000.mp4": "gate",
        "gate/20260302081200.mp4": "gate",
        "letters/from a citizen.jpg": None,
        "loose.mp4": "loose.mp4",
        "yard/20260302081500.jpg": "yard",
        "yard/20260302081520.jpg": "yard",
        "yard/20260302081540.jpg": "yard",
    }
    for row in rows:
        known = row["source"].startswith(("gate", "yard"))
        assert (row["captured_at"] is not None) == known
    first = min(row["captured_at"] for row in rows if row["captured_at"] is not None)
    assert first.isoformat() == "2026-03-02T00:10:00+00:00"


def test_a_video_of_unknown_time_stands_alone(town: Any) -> None:
    incidents = read_lines(town.out / "incidents.jsonl")
    (alone,) = (one for one in incidents if one["camera"] == "loose.mp4")
    assert alone["started_at"] is alone["last_seen_at"] is None
    assert (alone["started_s"], alone["last_seen_s"]) == (0.0, 48.0)


def test_incidents_are_listed_and_the_sum_is_told(town: Any) -> None:
    heading, *rows = town.told.stdout.splitlines()
    assert heading.split() == ["camera", "incident", "first", "seen", "for", "score"]
    assert len(rows) == 4
    (gate,) = (row for row in rows if row.startswith("gate") and "poster" in row)
    assert "2026-03-02 08:10:" in gate and gate.endswith("(still there)")
    summary, results, report = town.told.stderr.splitlines()
    assert summary.startswith("7 files, 129 frames looked at, ")
    assert summary.endswith("overflowing bin 3, illegal poster 1; 0 files failed")
    assert results == f"results: {town.out}"
    assert report == f"report: {town.out / 'report.html'}"


def test_an_own_process_or_workers_give_the_same(
    town: Any, tmp_path: Path, hands: Any, read_results: Results
) -> None:
    assert main(town.arguments(tmp_path / "anew")) == 0
    assert len(hands.done) == 5
    assert read_results(tmp_path / "anew") == read_results(town.out)


def test_zones_keep_out_what_lies_outside(
    town: Any, tmp_path: Path, hands: Any, write_script: WriteFile
) -> None:
    write_script(tmp_path / "archive" / "gate" / "20260302081000.mp4", 500, 580)
    zones = tmp_path / "zones.yaml"
    zones.write_text(
        "cameras:\n  gate:\n    labels: [overflowing_bin, illegal_poster]\n    zones:\n"
        "      - points: [[0.42, 0], [0.56, 0], [0.56, 1], [0.42, 1]]\n"
    )
    arguments = town.arguments(tmp_path / "out", "--zones", str(zones))
    arguments[1] = str(tmp_path / "archive")
    assert main(arguments) == 0
    (only,) = read_lines(tmp_path / "out" / "incidents.jsonl")
    assert only["label"] == "illegal_poster"
    assert hands.done == [("gate/20260302081000.mp4", 0)]


def test_without_privacy_nothing_is_blurred_and_the_report_says_so(
    town: Any, out: Path, hands: Any, monkeypatch: pytest.MonkeyPatch, read_results: Results
) -> None:
    def refuse() -> None:
        raise AssertionError("nobody asked for it")

    monkeypatch.setattr("detector.evidence.privacy.open_privacy", refuse)
    assert main(town.arguments(out, "--no-privacy")) == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page != (town.out / "report.html").read_text(encoding="utf-8")
    assert "NOT blurred" in page
    monkeypatch.setattr("detector.evidence.privacy.open_privacy", open_privacy)
    # A picture that nobody blurred must not stay when blurred ones are asked for.
    assert main(town.arguments(out)) == 0
    assert hands.done == []
    assert read_results(out) == read_results(town.out)


def test_names_and_a_table_tell_cameras_and_times(
    town: Any, tmp_path: Path, hands: Any, write_clip: WriteFile
) -> None:
    write_clip(tmp_path / "archive" / "north" / "2026-03-02" / "06.30.00_a.mp4", 4.0)
    write_clip(tmp_path / "archive" / "clip7.mp4", 4.0)
    table = tmp_path / "cameras.csv"
    table.write_text("path,camera,start,timezone\nclip7.mp4,HP-0140,2026-03-02T06:00:00,+00:00\n")
    pattern = "{camera}/{time:%Y-%m-%d}/{time:%H.%M.%S}*"
    more = ("--name-pattern", pattern, "--cameras", str(table))
    arguments = town.arguments(tmp_path / "out", *more)
    arguments[1] = str(tmp_path / "archive")
    assert main(arguments) == 0
    assert len(hands.done) == 2
    rows = parquet.read_table(tmp_path / "out" / "findings.parquet").to_pylist()
    starts = {
        row["camera"]: row["captured_at"].isoformat() for row in rows if not row["timestamp_s"]
    }
    assert starts == {"HP-0140": "2026-03-02T06:00:00+00:00", "north": "2026-03-01T22:30:00+00:00"}


def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(
    town: Any, tmp_path: Path, write_clip: WriteFile
) -> None:
    write_clip(tmp_path / "archive" / "a.mp4", 4.0)
    arguments = town.arguments(tmp_path / "out", "--no-privacy")
    arguments[1] = str(tmp_path / "archive")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "detector.cli", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # Linux's end of a terminal.
                break
        assert process.wait() == 0
    os.close(ours)
    assert b"scanning" in shown
    assert b"1 files, 2 frames looked at" in shown
    assert "scanning" not in town.told.stderr
