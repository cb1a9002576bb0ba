"""What counts before one camera: zones, labels, hours, least sizes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from detector.arrays import BoolArray
from detector.camera.looks import BoxXyxy
from detector.camera.times import CHINA_STANDARD_TIME, Hours, is_within
from detector.camera.zones import Zone, draw_zone, share_inside
from detector.labels import ISSUE_LABELS

ENOUGH_INSIDE: Final = 0.5
"""Share of a box's area that lies in a zone for the box to be in it: where its middle is, mostly,
whatever the zone's shape."""
ROUNDING: Final = 1e-9
"""Of areas in shares of the frame: exactly half is enough."""


@dataclass(frozen=True, slots=True)
class CameraView:
    """What counts before one camera."""

    code: str = ""
    """The camera's."""
    zones: tuple[Zone, ...] = ()
    """Where; see `docs/cameras.md`. None: everywhere."""
    labels: tuple[str, ...] = ()
    """What; empty: every label."""
    hours: Hours = ()
    """When, in local time; empty: always."""
    min_box_share: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """By label: a box counts if its shorter side is at least this share of the frame's height."""
    zone: tzinfo = CHINA_STANDARD_TIME
    """Time zone of the hours."""

    def watches_at(self, captured_at: datetime | None) -> bool:
        """Tell whether a moment lies in the hours; always where the time is unknown."""
        return captured_at is None or is_within(self.hours, captured_at, self.zone)

    def counts(self, label: str, box_xyxy: BoxXyxy, wh: tuple[int, int]) -> bool:
        """Tell whether a box of a label counts.

        Args:
            label: Of the sighting.
            box_xyxy: A box with an area, in pixels of the frame.
            wh: Of the frame, in pixels.
        """
        if self.labels and label not in self.labels:
            return False
        width, height = wh
        x1, y1, x2, y2 = box_xyxy
        if min(x2 - x1, y2 - y1) < self.min_box_share.get(label, 0) * height:
            return False
        box = (x1 / width, y1 / height, x2 / width, y2 / height)
        included: list[bool] = []
        for zone in self.zones:
            if not zone.is_for(label):
                continue
            inside = share_inside(box, zone.points) >= ENOUGH_INSIDE - ROUNDING
            if zone.kind == "exclude" and inside:
                return False
            if zone.kind == "include":
                included.append(inside)
        return any(included) or not included

    def gate_mask(self, wh: tuple[int, int]) -> BoolArray | None:
        """Return which cells of a grid over the frame matter to any label.

        Args:
            wh: Cells of the grid.

        Returns:
            bool (H, W), True where a box that counts may lie; None: everywhere.
        """
        if not self.zones:
            return None
        matters = np.zeros((wh[1], wh[0]), np.bool_)
        for label in self.labels or ISSUE_LABELS:
            zones = [zone for zone in self.zones if zone.is_for(label)]
            included = [zone for zone in zones if zone.kind == "include"]
            here = np.full_like(matters, not included)
            for zone in included:
                here |= draw_zone(zone.points, wh, whole=False)
            for zone in zones:
                if zone.kind == "exclude":
                    here &= ~draw_zone(zone.points, wh, whole=True)
            matters |= here
        return matters


@dataclass(frozen=True, slots=True)
class Views:
    """The views of all cameras."""

    default: CameraView = field(default_factory=CameraView)
    """Of cameras that have none of their own."""
    cameras: Mapping[str, CameraView] = field(default_factory=lambda: MappingProxyType({}))
    """By code."""

    def of(self, camera: str) -> CameraView:
        """Return a camera's view; the default's with its code where it has none of its own."""
        view = self.cameras.get(camera)
        return replace(self.default, code=camera) if view is None else view


def read_views(path: Path, zone: tzinfo = CHINA_STANDARD_TIME) -> Views:
    """Read a zones file, YAML or JSON; see `view_reading` for its form.

    Args:
        path: The file.
        zone: Time zone of hours where the file names none.

    Raises:
        UsageError: It cannot be read, or is not as it should be; says where.
    """
    from detector.camera.view_reading import parse_views
    from detector.reading import read_yaml_or_json

    return parse_views(read_yaml_or_json(path), str(path), zone)
