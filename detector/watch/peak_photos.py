"""Photos of what was just seen: a live frame cannot be fetched again once an incident opens."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import cv2

from detector.camera.frames import Frame
from detector.camera.incident import Incident, Peak
from detector.camera.looks import Look, Sighting
from detector.camera.place import overlap
from detector.camera.scenery import LookKey
from detector.errors import EvidenceError

JPEG_QUALITY: Final = 88
"""About 300 kB at 1920 x 1080; the service scores this photo again, and sees the same in it."""
SAME_PLACE_IOU: Final = 0.3
"""As incidents are matched to their places."""
MOST_PLACES: Final = 8
"""Of one camera; each keeps two photos at most."""
FORGET_S: Final = 900.0
"""A place that was not seen for so long opens no incident with what it had."""


def encode_frame(frame: Frame) -> bytes:
    """Return a frame as a JPEG file.

    Raises:
        EvidenceError: It cannot be encoded.
    """
    done, data = cv2.imencode(".jpg", frame.image(), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise EvidenceError("unencodable", f"A frame of {frame.source} cannot be encoded.")
    return data.tobytes()


@dataclass(frozen=True, slots=True)
class _Shot:
    """One sighting with its photo."""

    key: LookKey
    sighting: Sighting
    at_s: float
    photo: bytes


@dataclass(slots=True)
class _Place:
    best: _Shot
    newest: _Shot


class PeakPhotos:
    """Keeps the best and the newest photo of each place with a flagged sighting."""

    def __init__(self) -> None:
        """Begin empty."""
        self._places: list[_Place] = []

    def remember(self, look: Look, frame: Frame) -> None:
        """Keep a photo of a scored look, if it flagged something.

        Args:
            look: What was seen; before the tracker is told.
            frame: The same frame.

        Raises:
            EvidenceError: It cannot be encoded.
        """
        flagged = () if look.held else tuple(one for one in look.sightings if one.flagged)
        if not flagged:
            return
        photo = encode_frame(frame)
        key = look.source, look.timestamp_s
        for sighting in flagged:
            self._keep(_Shot(key, sighting, look.at_s, photo))
        # Later than now: the clock was ahead, and was set right.
        recent = [one for one in self._places if 0 <= look.at_s - one.newest.at_s <= FORGET_S]
        recent.sort(key=lambda one: one.newest.at_s, reverse=True)
        self._places = recent[:MOST_PLACES]

    def find(self, incident: Incident) -> tuple[Incident, bytes] | None:
        """Return an incident's photo.

        Returns:
            The photo of its peak. Where that is gone, the newest one of its place, and the
            incident with this sighting as its peak, so that box and photo fit. None: neither.
        """
        key = incident.peak.source, incident.peak.timestamp_s
        nearby = [
            one
            for one in self._places
            if one.newest.sighting.label == incident.label
            and overlap(one.newest.sighting.box_xyxy, incident.peak.box_xyxy) >= SAME_PLACE_IOU
        ]
        for place in self._places:
            for shot in (place.best, place.newest):
                if shot.key == key and shot.sighting.label == incident.label:
                    return incident, shot.photo
        if not nearby:
            return None
        shot = max(nearby, key=lambda one: one.newest.at_s).newest
        if shot.at_s < incident.started_s:
            return None
        return replace(incident, peak=_as_peak(incident, shot)), shot.photo

    def has_peak(self, incident: Incident) -> bool:
        """Tell whether the photo of the very peak is here."""
        key = incident.peak.source, incident.peak.timestamp_s
        return any(key in (one.best.key, one.newest.key) for one in self._places)

    def _keep(self, shot: _Shot) -> None:
        for place in self._places:
            known = place.newest.sighting
            if known.label == shot.sighting.label and (
                overlap(known.box_xyxy, shot.sighting.box_xyxy) >= SAME_PLACE_IOU
            ):
                is_old = shot.at_s - place.best.at_s > FORGET_S
                if is_old or shot.sighting.score > place.best.sighting.score:
                    place.best = shot
                place.newest = shot
                return
        self._places.append(_Place(shot, shot))


def _as_peak(incident: Incident, shot: _Shot) -> Peak:
    captured_at = None
    if incident.peak.captured_at is not None:
        captured_at = datetime.fromtimestamp(shot.at_s, UTC)
    return replace(
        incident.peak,
        score=shot.sighting.score,
        box_xyxy=shot.sighting.box_xyxy,
        severity=shot.sighting.severity,
        source=shot.key[0],
        timestamp_s=shot.key[1],
        captured_at=captured_at,
    )
