"""How light it was when a photo was taken, by the photo's own brightness."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Literal

import cv2

from datasets.errors import DatasetError
from detector.decode import decode_photo
from detector.errors import PhotoError
from detector.models.network import usable_cores

Light = Literal["day", "dim", "night"]
LIGHTS: Final[tuple[Light, ...]] = ("day", "dim", "night")
DAY_LEVEL: Final = 80
NIGHT_LEVEL: Final = 50
"""Mean grey level of the photo, 0-255. Cameras expose towards 110-130 by day (the middle half of
the validation photos); under 80 are dusk, rain and deep shade, under 50 lamps and headlights."""
SEES_WH: Final = (160, 160)
"""A mean needs no more pixels, and a JPEG decodes faster to few."""


def name_light(grey_level: float) -> Light:
    """Name the light of a mean grey level, 0-255."""
    return "day" if grey_level >= DAY_LEVEL else "dim" if grey_level >= NIGHT_LEVEL else "night"


def measure_light(path: Path) -> Light:
    """Measure one photo.

    Raises:
        DatasetError: It cannot be read.
    """
    try:
        image = decode_photo(path.read_bytes(), name=str(path), sees_wh=SEES_WH).image
    except (OSError, PhotoError) as error:
        raise DatasetError("photo_failed", f"{path}: {error}") from error
    return name_light(float(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).mean()))


def measure_lights(paths: list[Path]) -> list[Light]:
    """Measure photos, in order; several at a time.

    Raises:
        DatasetError: One cannot be read.
    """
    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(pool.map(measure_light, paths))
