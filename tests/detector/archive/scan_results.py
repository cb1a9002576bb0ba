"""What `street-issues scan` wrote, read back."""

import json
from pathlib import Path
from typing import Any

import jsonschema

from detector.archive.lines import (
    CAMERAS_SCHEMA_PATH,
    ERRORS_SCHEMA_PATH,
    INCIDENTS_SCHEMA_PATH,
)

SCHEMAS = {
    "incidents.jsonl": INCIDENTS_SCHEMA_PATH,
    "cameras.jsonl": CAMERAS_SCHEMA_PATH,
    "errors.jsonl": ERRORS_SCHEMA_PATH,
}


def read_lines(path: Path) -> list[dict[str, Any]]:
    schema = json.loads(SCHEMAS[path.name].read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        jsonschema.validate(line, schema)
    return lines


def read_run(out: Path) -> dict[str, Any]:
    return dict(json.loads((out / "run.json").read_text(encoding="utf-8")))
