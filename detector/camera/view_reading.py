"""Strict reading of a zones file: what counts before each camera.

    default:                      # for cameras not named below; may be left out
      timezone: "+08:00"
    cameras:
      HP-0137:
        labels: [overflowing_bin, street_vending]
        hours: [["06:00", "22:00"]]
        zones:
          - {name: pavement, points: [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]}
          - {kind: exclude, points: [[0.1, 0.6], [0.2, 0.6], [0.2, 0.7]]}
        min_box_share: {overflowing_bin: 0.05}

What a camera leaves out is as in `default`. Zones, labels and hours are written as in
`docs/cameras.md`, so what the service shows of a camera can be pasted here.
"""

from dataclasses import replace
from datetime import tzinfo
from types import MappingProxyType
from typing import Any, Final

from detector.camera.times import CHINA_STANDARD_TIME, Hours, check_hours, parse_timezone
from detector.camera.view import CameraView, Views
from detector.camera.zones import Zone, check_zone
from detector.errors import UsageError
from detector.labels import ISSUE_LABELS
from detector.models.fields import Fields
from detector.reading import open_fields

MOST_ZONES: Final = 20
"""Of one camera, as the service has it."""
MOST_SPANS: Final = 6
"""Of one day, as the service has it."""


def parse_views(content: object, path: str, zone: tzinfo = CHINA_STANDARD_TIME) -> Views:
    """Return the views of a file's content.

    Args:
        content: As YAML or JSON gave it.
        path: The file's name, for messages.
        zone: Time zone of hours where the content names none.

    Raises:
        UsageError: Something is unknown, missing or wrong; names its place.
    """
    fields = open_fields(content, path)
    default = CameraView(zone=zone)
    if fields.has("default"):
        group = fields.group("default")
        default = parse_view(group, default)
        group.finish()
    views: dict[str, CameraView] = {}
    if fields.has("cameras"):
        cameras = fields.group("cameras")
        for code in cameras.keys():  # noqa: SIM118 - Fields is no mapping.
            group = cameras.group(code)
            views[code] = parse_view(group, replace(default, code=code))
            group.finish()
    fields.finish()
    return Views(default, MappingProxyType(views))


def parse_view(fields: Fields, base: CameraView) -> CameraView:
    """Read the keys of a view out of an object that may hold others beside them.

    Args:
        fields: From `open_fields`; the caller calls its `finish`.
        base: The view whose values stand for what is left out.

    Raises:
        UsageError: A key's value is not as it should be.
    """
    changes: dict[str, Any] = {}
    if fields.has("labels"):
        changes["labels"] = _labels(fields)
    if fields.has("hours"):
        changes["hours"] = _hours(fields)
    if fields.has("zones"):
        zones = fields.groups("zones")
        if len(zones) > MOST_ZONES:
            raise fields.wrong("zones", f"holds {len(zones)} zones; a camera has {MOST_ZONES}")
        changes["zones"] = tuple(_zone(one) for one in zones)
    if fields.has("min_box_share"):
        sizes = fields.group("min_box_share")
        changes["min_box_share"] = MappingProxyType(
            {label: sizes.share(label) for label in ISSUE_LABELS if sizes.has(label)}
        )
        sizes.finish()
    if fields.has("timezone"):
        try:
            changes["zone"] = parse_timezone(fields.text("timezone"))
        except UsageError as error:
            raise UsageError(f"{fields.place('timezone')}: {error.message}", error.hint) from error
    return replace(base, **changes)


def _labels(fields: Fields) -> tuple[str, ...]:
    """Return labels; none stand for every one, as in the service."""
    if not fields.items("labels"):
        return ()
    return fields.names("labels", ISSUE_LABELS)


def _hours(fields: Fields) -> Hours:
    spans: list[tuple[str, str]] = []
    for span in fields.items("hours"):
        whole = isinstance(span, list) and len(span) == 2
        if not whole or not all(isinstance(one, str) for one in span):
            raise fields.wrong("hours", 'must hold spans such as ["06:00", "22:00"]')
        spans.append((span[0], span[1]))
    if len(spans) > MOST_SPANS:
        raise fields.wrong("hours", f"holds {len(spans)} spans; a day has at most {MOST_SPANS}")
    what = check_hours(spans)
    if what is not None:
        raise fields.wrong("hours", what)
    return tuple(spans)


def _zone(fields: Fields) -> Zone:
    points: list[tuple[float, float]] = []
    for point in fields.items("points"):
        if not isinstance(point, list) or len(point) != 2 or not all(map(_is_number, point)):
            raise fields.wrong("points", "must hold corners such as [0.25, 0.5]")
        points.append((point[0], point[1]))
    what = check_zone(points)
    if what is not None:
        raise fields.wrong("points", what)
    zone = Zone(
        points=tuple((float(x), float(y)) for x, y in points),
        kind=fields.choice("kind", ("include", "exclude")) if fields.has("kind") else "include",
        labels=_labels(fields) if fields.has("labels") else (),
        name=fields.text("name") if fields.has("name") else None,
    )
    fields.finish()
    return zone


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
