"""The record of a training run, as a bundle keeps it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from training.errors import TrainingError

RECORD_NAME: Final = "run.json"
PASSING: Final = ("id", "finished", "elapsed_s", "weights_sha256")
"""Not part of what a run is: the same plan on the same data is the same run."""


def read_run(folder: Path) -> dict[str, Any]:
    """Read a run's record; give it an id where it has none.

    Raises:
        TrainingError: It cannot be read, or the run did not finish.
    """
    record = _read_record(folder)
    if not record.get("finished"):
        path = folder / RECORD_NAME
        raise TrainingError("run_unfinished", f"{path} is not the record of a finished run.")
    return {"id": identify_run(record), **record}


def read_held_out_share(folder: Path) -> float:
    """Return the share of photos that a run keeps out, finished or not.

    Raises:
        TrainingError: The record cannot be read.
    """
    try:
        return float(_read_record(folder)["config"]["held_out_share"])
    except (ValueError, KeyError, TypeError) as error:
        path = folder / RECORD_NAME
        raise TrainingError(
            "run_unreadable", f"{path} does not tell the held-out share."
        ) from error


def _read_record(folder: Path) -> dict[str, Any]:
    path = folder / RECORD_NAME
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError("run_unreadable", f"{path} is no record of a run: {error}.") from error
    if not isinstance(record, dict):
        raise TrainingError("run_unreadable", f"{path} is no record of a run.")
    return record


def identify_run(record: Mapping[str, Any]) -> str:
    """Return a short name of what went into a run: config, data, packages."""
    kept = {key: value for key, value in record.items() if key not in PASSING}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:12]
