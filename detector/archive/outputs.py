"""The files a scan leaves behind. The same rows give the same bytes."""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from detector.archive.atomic_file import open_whole, write_whole
from detector.archive.lines import (
    encode_text,
    format_line,
    incident_to_json,
    problem_to_json,
    state_to_json,
)
from detector.archive.rows import CameraStateRow, FileProblem, FindingRow
from detector.archive.tables import (
    FINDING_COLUMNS,
    INCIDENT_COLUMNS,
    Column,
    make_batch,
    make_schema,
)
from detector.camera.incident import Incident
from detector.errors import ExtraMissingError, OutputError

ROWS_PER_GROUP: Final = 65_536
"""Rows held at once while a table is written: about 60 MB of Python values and 5 MB of columns."""
COMPRESSION_LEVEL: Final = 3
"""Zstandard's own middle."""

Row = TypeVar("Row")


class Outputs:
    """One scan's folder. Each file is written anew as a whole and replaces the one before."""

    FINDINGS: Final = "findings.parquet"
    INCIDENTS: Final = "incidents.parquet"
    INCIDENT_LINES: Final = "incidents.jsonl"
    STATES: Final = "cameras.jsonl"
    ERRORS: Final = "errors.jsonl"
    RUN: Final = "run.json"
    REPORT: Final = "report.html"

    def __init__(self, folder: Path) -> None:
        """Keep the folder; it is made with the first file."""
        self.folder = folder

    def write_findings(self, rows: Iterable[FindingRow]) -> int:
        """Write findings as they come, in groups, so that memory does not grow with their number.

        Returns:
            How many there were.

        Raises:
            OutputError: The file cannot be written; the one before stays.
            ExtraMissingError: pyarrow is not installed.
        """
        return _write_table(self.folder / self.FINDINGS, FINDING_COLUMNS, rows, "findings")

    def write_incidents(self, incidents: Sequence[Incident]) -> None:
        """Write incidents as a table and as lines, by camera, start and id.

        Raises:
            OutputError: A file cannot be written.
            ExtraMissingError: pyarrow is not installed.
        """
        rows = sorted(incidents, key=lambda one: (one.camera, one.started_s, one.id))
        _write_table(self.folder / self.INCIDENTS, INCIDENT_COLUMNS, rows, "incidents")
        _write_lines(self.folder / self.INCIDENT_LINES, map(incident_to_json, rows))

    def write_states(self, rows: Iterable[CameraStateRow]) -> None:
        """Write the cameras' changes of state in the order given.

        Raises:
            OutputError: The file cannot be written.
        """
        _write_lines(self.folder / self.STATES, map(state_to_json, rows))

    def write_errors(self, problems: Iterable[FileProblem]) -> None:
        """Write what was wrong with files, in the order given. No problem: an empty file.

        Raises:
            OutputError: The file cannot be written.
        """
        _write_lines(self.folder / self.ERRORS, map(problem_to_json, problems))

    def write_run(self, facts: Mapping[str, Any]) -> None:
        """Write what was scanned, with what, and the counts.

        Args:
            facts: JSON-ready.

        Raises:
            OutputError: The file cannot be written.
        """
        text = json.dumps(facts, ensure_ascii=False, allow_nan=False, indent=2)
        write_whole(self.folder / self.RUN, encode_text(text + "\n"))

    def remove_report(self) -> None:
        """Remove the report of a run before.

        Raises:
            OutputError: It cannot be removed.
        """
        try:
            (self.folder / self.REPORT).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(str(self.folder / self.REPORT), error) from error


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with open_whole(path) as file:
        for row in rows:
            file.write(format_line(row))


def _write_table(
    path: Path, columns: tuple[Column[Row], ...], rows: Iterable[Row], title: str
) -> int:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ExtraMissingError("camera", "Writing Parquet") from error

    schema = make_schema(columns, title)
    count = 0
    remaining = iter(rows)
    with (
        open_whole(path) as file,
        parquet.ParquetWriter(
            file, schema, compression="zstd", compression_level=COMPRESSION_LEVEL
        ) as writer,
    ):
        while group := list(itertools.islice(remaining, ROWS_PER_GROUP)):
            writer.write_batch(make_batch(columns, group, schema))
            count += len(group)
    return count
