"""A tracker's state as JSON, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final

from detector.camera.incident import Peak
from detector.camera.track import Track
from detector.errors import UsageError

SCHEMA: Final = 1
TIMES: Final = ("started_at", "last_seen_at")
BOXES: Final = ("first", "place")


def pack_tracks(last_s: float | None, tracks: list[Track]) -> dict[str, Any]:
    """Return a tracker's state, ready for JSON."""
    return {"schema": SCHEMA, "last_s": last_s, "tracks": [_pack(track) for track in tracks]}


def unpack_tracks(state: Mapping[str, Any], camera: str) -> tuple[float | None, list[Track]]:
    """Return what `pack_tracks` was given.

    Args:
        state: What it gave, also after a way through JSON.
        camera: For messages.

    Raises:
        UsageError: It is no such state.
    """
    try:
        if state["schema"] != SCHEMA:
            raise ValueError(f"schema {state['schema']}")
        last_s = None if state["last_s"] is None else float(state["last_s"])
        return last_s, [_unpack(content) for content in state["tracks"]]
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"The kept state of camera {camera} cannot be read: {type(error).__name__}: {error}.",
            "It is of another version or damaged; without it the camera begins anew.",
        ) from error


def _pack(track: Track) -> dict[str, Any]:
    content = asdict(track)
    content["peak"]["captured_at"] = _pack_time(track.peak.captured_at)
    for name in TIMES:
        content[name] = _pack_time(content[name])
    # Through JSON's own types, so that a state in memory and one from a file are the same.
    packed: dict[str, Any] = json.loads(json.dumps(content))
    return packed


def _unpack(content: Mapping[str, Any]) -> Track:
    values = dict(content)
    if set(values) != {one.name for one in fields(Track)}:
        raise ValueError("a track has other fields")
    peak = dict(values["peak"])
    peak["box_xyxy"] = _box(peak["box_xyxy"])
    peak["image_wh"] = (int(peak["image_wh"][0]), int(peak["image_wh"][1]))
    peak["captured_at"] = _unpack_time(peak["captured_at"])
    values["peak"] = Peak(**peak)
    for name in BOXES:
        values[name] = _box(values[name])
    for name in TIMES:
        values[name] = _unpack_time(values[name])
    source, timestamp_s = values["reference"]
    values["reference"] = (str(source), float(timestamp_s))
    values["shapes"] = [(motion, area) for motion, area in values["shapes"]]
    values["window"] = list(values["window"])
    values["scores"] = list(values["scores"])
    return Track(**values)


def _box(values: Any) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = values
    return float(x1), float(y1), float(x2), float(y2)


def _pack_time(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()


def _unpack_time(text: Any) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
