"""An incident as text and back, for the spool."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from detector.camera.incident import Incident, Peak


def dump_incident(incident: Incident) -> str:
    """Return an incident as JSON; `load_incident` gives an equal one."""
    return json.dumps(asdict(incident), ensure_ascii=False, default=_write_time)


def load_incident(text: str) -> Incident:
    """Return the incident that `dump_incident` wrote.

    Raises:
        ValueError: It did not write this.
    """
    try:
        content: dict[str, Any] = json.loads(text)
        peak: dict[str, Any] = content.pop("peak")
        x1, y1, x2, y2 = peak.pop("box_xyxy")
        width, height = peak.pop("image_wh")
        captured_at = _read_time(peak.pop("captured_at"))
        started_at = _read_time(content.pop("started_at"))
        last_seen_at = _read_time(content.pop("last_seen_at"))
        return Incident(
            **content,
            started_at=started_at,
            last_seen_at=last_seen_at,
            peak=Peak(
                **peak,
                box_xyxy=(x1, y1, x2, y2),
                image_wh=(width, height),
                captured_at=captured_at,
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("This is no incident.") from error


def _write_time(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in an incident")


def _read_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
