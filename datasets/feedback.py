"""What people said about a model's findings: one line of JSON a photo, schema 1.

The JSON Schema stands beside this in feedback.schema.json; what that cannot say (a box has an area,
a time has an offset) is checked here.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from datasets.errors import DatasetError
from datasets.records import LabelledBox

SCHEMA: Final = 1
SCHEMA_PATH: Final = Path(__file__).with_name("feedback.schema.json")

Verdict = Literal["true", "false", "wrong_label", "moved"]
ReviewerRole = Literal["operator", "inspector", "supervisor", "annotator"]


@dataclass(frozen=True, slots=True)
class JudgedFinding:
    """A model's finding and what a person said of it."""

    found: LabelledBox
    """As the model had it."""
    score: float
    verdict: Verdict
    right: LabelledBox | None
    """What is there in truth; None: nothing of that label."""


@dataclass(frozen=True, slots=True)
class JudgedPhoto:
    """One line: a photo as one person judged it."""

    where: str
    """File and line, for messages."""
    sha256: str
    file_name: str
    image_wh: tuple[int, int] | None
    """Of the upright photo, where the line says it."""
    group: str | None
    """Capture group."""
    model: Mapping[str, str] | None
    """Name and version; None: no model looked."""
    findings: tuple[JudgedFinding, ...]
    added: tuple[LabelledBox, ...]
    reviewed: frozenset[str]
    """Labels of which every object in the photo is boxed."""
    reviewer_role: ReviewerRole
    reviewed_at: datetime
    """With an offset."""


def parse_feedback(text: str, where: str) -> JudgedPhoto:
    """Parse one line.

    Args:
        text: The line.
        where: File and line number, for messages.

    Raises:
        DatasetError: It is not of the schema.
    """
    try:
        content = json.loads(text)
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise ValueError(f"it is no object of schema {SCHEMA}")
        return _parse_line(content, where)
    except (ValueError, OverflowError, RecursionError) as error:
        raise DatasetError("feedback_invalid", f"{where}: {error}.") from error


def read_feedback(source: Path) -> Iterator[JudgedPhoto | DatasetError]:
    """Read a feedback file, or every .jsonl file of a folder in order of name.

    Yields:
        A line, or why it cannot be used.

    Raises:
        DatasetError: A file cannot be read, or there is none.
    """
    files = sorted(source.glob("*.jsonl")) if source.is_dir() else [source]
    if not files:
        raise DatasetError("feedback_missing", f"There is no .jsonl file in {source}.")
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError("feedback_invalid", f"{file} cannot be read: {error}.") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield parse_feedback(line, f"{file.name}, line {number}")
                except DatasetError as error:
                    yield error


def _parse_line(content: Mapping[str, Any], where: str) -> JudgedPhoto:
    _check_keys(content, LINE_KEYS, frozenset(), "the line")
    photo = _object(content["photo"], "photo")
    _check_keys(photo, {"sha256", "file_name"}, {"image_wh", "captured_at", "group"}, "photo")
    sha256 = _text(photo["sha256"], "sha256")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError("'sha256' is not 64 hex digits")
    if photo.get("captured_at") is not None:
        _text(photo["captured_at"], "captured_at")
    image_wh = _parse_wh(photo.get("image_wh"))
    wh = _divisors(content["box_unit"], image_wh)
    model = content["model"]
    if model is not None:
        _check_keys(_object(model, "model"), {"name", "version"}, frozenset(), "model")
        model = {key: _text(model[key], f"model's {key}") for key in ("name", "version")}
    group = photo.get("group")
    role = content["reviewer_role"]
    if role not in get_args(ReviewerRole):
        raise ValueError(f"'reviewer_role' is none of {', '.join(get_args(ReviewerRole))}")
    return JudgedPhoto(
        where=where,
        sha256=sha256,
        file_name=_text(photo["file_name"], "file_name"),
        image_wh=image_wh,
        group=None if group is None else _text(group, "group"),
        model=model,
        findings=tuple(_parse_finding(one, wh) for one in _list(content["findings"], "findings")),
        added=tuple(_parse_added(one, wh) for one in _list(content["added"], "added")),
        reviewed=frozenset(
            _text(one, "a reviewed label") for one in _list(content["reviewed"], "reviewed")
        ),
        reviewer_role=cast(ReviewerRole, role),
        reviewed_at=_parse_time(content["reviewed_at"]),
    )


LINE_KEYS: Final = frozenset(
    {
        *("schema", "photo", "model", "box_unit", "findings", "added"),
        *("reviewed", "reviewer_role", "reviewed_at"),
    }
)


def _parse_wh(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    sides = _list(value, "image_wh")
    if len(sides) != 2 or not all(type(side) is int and side > 0 for side in sides):
        raise ValueError("'image_wh' is not [width, height] in pixels")
    return sides[0], sides[1]


def _divisors(unit: object, image_wh: tuple[int, int] | None) -> tuple[float, float]:
    if unit not in ("share", "pixel"):
        raise ValueError("'box_unit' is neither share nor pixel")
    if unit == "share":
        return (1.0, 1.0)
    if image_wh is None:
        raise ValueError("boxes in pixels need the photo's 'image_wh'")
    return (float(image_wh[0]), float(image_wh[1]))


def _parse_finding(value: object, wh: tuple[float, float]) -> JudgedFinding:
    one = _object(value, "a finding")
    optional = {"right_label", "right_box_xyxy"}
    _check_keys(one, {"label", "score", "box_xyxy", "verdict"}, optional, "a finding")
    found = LabelledBox(_text(one["label"], "label"), _parse_box(one["box_xyxy"], wh))
    score, verdict = one["score"], one["verdict"]
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        raise ValueError("'score' is not in [0, 1]")
    if verdict not in get_args(Verdict):
        raise ValueError(f"'verdict' is none of {', '.join(get_args(Verdict))}")
    if ("right_label" in one) != (verdict == "wrong_label"):
        raise ValueError("'right_label' stands with wrong_label, and only there")
    if "right_box_xyxy" in one and verdict in ("true", "false"):
        raise ValueError(f"'right_box_xyxy' makes no sense with {verdict}")
    if verdict == "moved" and "right_box_xyxy" not in one:
        raise ValueError("moved needs 'right_box_xyxy'")
    if verdict == "false":
        return JudgedFinding(found, float(score), "false", None)
    box = found.box_xyxy
    if "right_box_xyxy" in one:
        box = _parse_box(one["right_box_xyxy"], wh)
    label = _text(one.get("right_label", found.label), "right_label")
    return JudgedFinding(found, float(score), cast(Verdict, verdict), LabelledBox(label, box))


def _parse_added(value: object, wh: tuple[float, float]) -> LabelledBox:
    one = _object(value, "an added box")
    _check_keys(one, {"label", "box_xyxy"}, frozenset(), "an added box")
    return LabelledBox(_text(one["label"], "label"), _parse_box(one["box_xyxy"], wh))


def _parse_box(value: object, wh: tuple[float, float]) -> tuple[float, float, float, float]:
    edges = _list(value, "a box")
    numbers = [one for one in edges if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(edges) != 4 or len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{value!r} is no box of four numbers")
    # Detectors and people draw a little over the edge; what lies within is what is there.
    x1, y1, x2, y2 = (
        min(max(edge / side, 0.0), 1.0) for edge, side in zip(numbers, (*wh, *wh), strict=True)
    )
    if not (x1 < x2 and y1 < y2):
        raise ValueError(f"the box {value!r} has no area within the photo")
    return x1, y1, x2, y2


def _parse_time(value: object) -> datetime:
    time = datetime.fromisoformat(_text(value, "reviewed_at"))
    if time.tzinfo is None:
        raise ValueError("'reviewed_at' has no offset from UTC")
    return time


def _check_keys(
    content: Mapping[str, Any],
    required: frozenset[str] | set[str],
    optional: frozenset[str] | set[str],
    name: str,
) -> None:
    if missing := sorted(required - set(content)):
        raise ValueError(f"{name} lacks {', '.join(missing)}")
    if unknown := sorted(set(content) - required - optional):
        raise ValueError(f"{name} has unknown keys: {', '.join(unknown)}")


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is no object")
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name} is no list")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name!r} is no text")
    return value
