"""What a scan leaves behind is whole, typed, described and the same each time."""

import errno
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pyarrow import parquet

from detector.archive import outputs as outputs_module
from detector.archive.lines import (
    CAMERAS_SCHEMA_PATH,
    ERRORS_SCHEMA_PATH,
    INCIDENTS_SCHEMA_PATH,
)
from detector.archive.outputs import Outputs
from detector.archive.rows import CameraStateRow, FileProblem, FindingRow
from detector.camera.incident import Incident, Peak
from detector.camera.looks import Sighting
from detector.errors import OutputError, StreamError

AT = datetime(2026, 3, 2, 8, 30, 0, 250_000, tzinfo=UTC)


def make_row(number: int = 0, **changes: Any) -> FindingRow:
    sighting = Sighting("illegal_poster", 0.75, (1.5, 2.0, 30.25, 40.0), True, "small", 0.125)
    at = AT + timedelta(seconds=number)
    row = FindingRow("HP-1", "a/b.mp4", float(number), at, sighting, (1920, 1080))
    return replace(row, **changes)


def make_incident(number: int = 0, **changes: Any) -> Incident:
    peak = Peak(0.9, (1.0, 2.0, 30.0, 40.0), "medium", (1920, 1080), "a/b.mp4", 4.0, AT)
    incident = Incident(
        id=f"inc-{number:020x}",
        camera="HP-1",
        label="overflowing_bin",
        state="cleared",
        revision=2,
        started_s=AT.timestamp(),
        last_seen_s=AT.timestamp() + 90,
        started_at=AT,
        last_seen_at=AT + timedelta(seconds=90),
        frames=12,
        median_score=0.8,
        peak=peak,
        end_reason="gone",
    )
    return replace(incident, **changes)


def read_lines(path: Path, schema: Path) -> list[dict[str, Any]]:
    rules = json.loads(schema.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(rules)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        jsonschema.Draft202012Validator(rules).validate(row)
    return rows


def test_findings_are_read_back_as_they_were(tmp_path: Path) -> None:
    unknown = make_row(1, camera=None, captured_at=None)
    unmoved = replace(unknown, sighting=replace(unknown.sighting, motion=None, flagged=False))
    assert Outputs(tmp_path).write_findings(iter([make_row(), unmoved])) == 2
    first, second = parquet.read_table(tmp_path / "findings.parquet").to_pylist()
    assert first == {
        "camera": "HP-1",
        "source": "a/b.mp4",
        "timestamp_s": 0.0,
        "captured_at": AT,
        "label": "illegal_poster",
        "score": 0.75,
        "flagged": True,
        "severity": "small",
        "x1": 1.5,
        "y1": 2.0,
        "x2": 30.25,
        "y2": 40.0,
        "image_width": 1920,
        "image_height": 1080,
        "motion": 0.125,
    }
    assert (second["camera"], second["captured_at"], second["motion"]) == (None, None, None)
    assert second["flagged"] is False


def test_units_stand_in_the_schema(tmp_path: Path) -> None:
    Outputs(tmp_path).write_findings([])
    Outputs(tmp_path).write_incidents([])
    for name in ("findings", "incidents"):
        schema = parquet.read_schema(tmp_path / f"{name}.parquet")
        for field in schema:
            if field.name.endswith(("_s", "_at", "x1", "y2", "width", "height")):
                assert field.metadata[b"unit"], field.name
        assert parquet.read_table(tmp_path / f"{name}.parquet").num_rows == 0


def test_many_findings_are_written_in_groups_and_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs_module, "ROWS_PER_GROUP", 1000)
    peaks = []
    for groups in (2, 12):
        tracemalloc.start()
        Outputs(tmp_path).write_findings(make_row(one) for one in range(groups * 1000))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert parquet.ParquetFile(tmp_path / "findings.parquet").num_row_groups == groups
    assert peaks[1] < peaks[0] * 1.5


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    incidents = [make_incident(one, camera=f"HP-{one % 3}") for one in range(9)]
    for name, order in (("a", incidents), ("b", incidents[::-1])):
        outputs = Outputs(tmp_path / name)
        outputs.write_findings(make_row(one) for one in range(100))
        outputs.write_incidents(order)
        outputs.write_states([CameraStateRow("HP-1", "black", 3.0, None, "dark", "a.mp4")])
        outputs.write_errors([FileProblem("a.mp4", "truncated", "It ends early.")])
        outputs.write_run({"model": "m", "files": 3})
    written = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(written) == 6
    for name in written:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_incidents_fit_their_schema(tmp_path: Path) -> None:
    still_there = make_incident(1, state="open", end_reason=None, revision=1)
    timeless = make_incident(2, started_at=None, last_seen_at=None, started_s=1.0, last_seen_s=2.5)
    Outputs(tmp_path).write_incidents([make_incident(), still_there, timeless])
    rows = read_lines(tmp_path / "incidents.jsonl", INCIDENTS_SCHEMA_PATH)
    by_id = {row["id"]: row for row in rows}
    assert by_id[f"inc-{0:020x}"]["ended_at"] == "2026-03-02T08:31:30.250Z"
    assert by_id[f"inc-{1:020x}"]["ended_at"] is None
    assert by_id[f"inc-{2:020x}"]["started_at"] is None
    table = parquet.read_table(tmp_path / "incidents.parquet").to_pylist()
    assert [row["id"] for row in table] == [row["id"] for row in rows]
    assert {row["duration_s"] for row in table} == {90.0, 1.5}


def test_the_schema_refuses_what_was_never_said(tmp_path: Path) -> None:
    Outputs(tmp_path).write_incidents([make_incident()])
    rules = json.loads(INCIDENTS_SCHEMA_PATH.read_text(encoding="utf-8"))
    row = json.loads((tmp_path / "incidents.jsonl").read_text(encoding="utf-8"))
    for wrong in (
        {"state": "closed"},
        {"state": "open"},
        {"extra": 1},
        {"started_at": "yesterday"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(row | wrong, rules)


def test_states_and_errors_fit_their_schemas(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path)
    outputs.write_states([CameraStateRow("HP-1", "frozen", AT.timestamp(), AT, "still for 60 s")])
    outputs.write_errors(
        [
            FileProblem("a.mp4", "truncated", "It ends early.", "Copy it again.", 3.5, False),
            FileProblem("b\udcff\n<i>.mp4", "not_a_video", "No video."),
        ]
    )
    assert len(read_lines(tmp_path / "cameras.jsonl", CAMERAS_SCHEMA_PATH)) == 1
    first, second = read_lines(tmp_path / "errors.jsonl", ERRORS_SCHEMA_PATH)
    assert (first["at_s"], first["fatal"]) == (3.5, False)
    assert second["source"] == "b\\udcff\n<i>.mp4"


def test_a_name_that_is_no_unicode_is_spelled_alike_everywhere(tmp_path: Path) -> None:
    name = "caf\udce9.mp4"
    outputs = Outputs(tmp_path)
    outputs.write_findings([make_row(source=name)])
    outputs.write_errors([FileProblem(name, "empty", "It is empty.")])
    (row,) = parquet.read_table(tmp_path / "findings.parquet").to_pylist()
    (problem,) = read_lines(tmp_path / "errors.jsonl", ERRORS_SCHEMA_PATH)
    assert row["source"] == problem["source"] == r"caf\udce9.mp4"


def test_what_fails_leaves_the_file_before(tmp_path: Path) -> None:
    outputs = Outputs(tmp_path)
    outputs.write_findings([make_row()])
    before = (tmp_path / "findings.parquet").read_bytes()

    def broken() -> Iterator[FindingRow]:
        yield make_row()
        raise StreamError("internal", "It broke off.")

    with pytest.raises(StreamError):
        outputs.write_findings(broken())
    assert (tmp_path / "findings.parquet").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["findings.parquet"]


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match=r"run\.json cannot be written: No space left"):
        Outputs(tmp_path).write_run({"files": 1})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        Outputs(tmp_path / "taken").write_errors([])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_inside_a_table_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def open_full(path: Path, *arguments: Any) -> Any:
        return real(Path("/dev/full") if path.name.endswith(".unfinished") else path, *arguments)

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(OutputError, match="No space left"):
        Outputs(tmp_path).write_findings(make_row(one) for one in range(5000))
