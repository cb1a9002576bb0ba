"""Rows as JSON, schema 1; the JSON Schemas stand beside this module in *.schema.json."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from detector.archive.rows import CameraStateRow, FileProblem
from detector.camera.incident import Incident

SCHEMA: Final = 1
NO_UNICODE: Final = re.compile("[\ud800-\udfff]")
INCIDENTS_SCHEMA_PATH: Final = Path(__file__).with_name("incidents.schema.json")
CAMERAS_SCHEMA_PATH: Final = Path(__file__).with_name("cameras.schema.json")
ERRORS_SCHEMA_PATH: Final = Path(__file__).with_name("errors.schema.json")


def incident_to_json(incident: Incident) -> dict[str, Any]:
    """Turn an incident into JSON-ready objects that fit incidents.schema.json."""
    peak = incident.peak
    return {
        "schema": SCHEMA,
        "id": incident.id,
        "camera": incident.camera,
        "label": incident.label,
        "state": incident.state,
        "end_reason": incident.end_reason,
        "revision": incident.revision,
        "started_at": show_time(incident.started_at),
        "last_seen_at": show_time(incident.last_seen_at),
        "ended_at": show_time(incident.ended_at),
        "started_s": incident.started_s,
        "last_seen_s": incident.last_seen_s,
        "frames": incident.frames,
        "median_score": incident.median_score,
        "peak": {
            "score": peak.score,
            "box_xyxy": list(peak.box_xyxy),
            "severity": peak.severity,
            "image_wh": list(peak.image_wh),
            "source": peak.source,
            "timestamp_s": peak.timestamp_s,
            "captured_at": show_time(peak.captured_at),
        },
    }


def state_to_json(row: CameraStateRow) -> dict[str, Any]:
    """Turn a change of state into JSON-ready objects that fit cameras.schema.json."""
    return {
        "schema": SCHEMA,
        "camera": row.camera,
        "state": row.state,
        "captured_at": show_time(row.captured_at),
        "at_s": row.at_s,
        "source": row.source,
        "reason": row.reason,
    }


def problem_to_json(problem: FileProblem) -> dict[str, Any]:
    """Turn a file's problem into JSON-ready objects that fit errors.schema.json."""
    return {
        "schema": SCHEMA,
        "source": problem.source,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "at_s": problem.at_s,
        "fatal": problem.fatal,
    }


def format_line(content: Mapping[str, Any]) -> bytes:
    """Return an object as one line of UTF-8 JSON, with its end."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    # As `encode_text`, with the backslash escaped as JSON wants it.
    return NO_UNICODE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text).encode() + b"\n"


def encode_text(text: str) -> bytes:
    """Return UTF-8; what is no Unicode, as in file names of old disks, keeps its bytes as escapes.

    Lines, tables and the page spell such a name alike.
    """
    return text.encode("utf-8", "backslashreplace")


def show_time(at: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC with milliseconds."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
