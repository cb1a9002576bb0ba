"""Photos of what was just seen are there when an incident opens."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from detector.camera.incident import Incident
from detector.camera.looks import Look, Measures, Sighting
from detector.watch.peak_photos import MOST_PLACES, PeakPhotos
from tests.detector.watch.scripted_scene import START, make_frame

BOX = (40.0, 60.0, 100.0, 130.0)


def remember(photos: PeakPhotos, at_s: float, left: float = 40.0) -> Look:
    box = (left, *BOX[1:])
    sighting = Sighting("overflowing_bin", 0.9, box, True, "medium")
    at = START + timedelta(seconds=at_s)
    measures = Measures(100.0, 40.0, 10.0, 1.0)
    look = Look("cam", at.timestamp(), at, (320, 192), False, "clear", (sighting,), measures)
    photos.remember(look, make_frame(at_s, ()))
    return look


def test_photos_of_a_time_that_never_was_push_out_none(
    make_incident: Callable[..., Incident],
) -> None:
    photos = PeakPhotos()
    for number in range(MOST_PLACES + 1):  # The clock was hours ahead.
        remember(photos, 10_000 + number, left=10_000.0 * number)
    look = remember(photos, 0)
    incident = make_incident(started_s=look.at_s)
    peak = replace(incident.peak, timestamp_s=look.timestamp_s, box_xyxy=BOX)
    found = photos.find(replace(incident, peak=peak))
    assert found is not None
    assert found[0].peak == peak
