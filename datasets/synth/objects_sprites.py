"""Rendered objects on disk: what is known of each, and its pixels."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datasets.errors import DatasetError
from detector.arrays import frozen

HIGH_CAMERA_M: Final = 2.5
"""Phones are held at 1.3 to 1.7 m, poles begin at 3 m."""
FRONT_KINDS: Final = frozenset({"dual", "station", "igloo"})
"""Bins with mouths in their front: seen from behind, nothing tells full from empty."""
FRONT_LIMIT_DEG: Final = 80.0
BACK_LIMIT_DEG: Final = 130.0
"""Further round, a raised lid may hide what lies in any other bin."""
SPRITES_IN_MEMORY: Final = 400
"""About 0.4 MB each."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """One rendered object."""

    picture: Path
    """PNG, BGRA: the object, and its shadow as black of some opacity."""
    label: str | None
    """None for a thing that is not looked for."""
    kind: str
    size_wh: tuple[int, int]
    box_xyxy_px: tuple[int, int, int, int]
    """Of the object without its shadow."""
    horizon_y_px: float
    """Row of the camera's horizon, from the top; often outside the picture."""
    camera_height_m: float
    yaw_deg: float
    """How far the camera stands round the object; 0 is in front of it."""
    night: bool

    @property
    def high(self) -> bool:
        """Whether it is seen from a pole."""
        return self.camera_height_m > HIGH_CAMERA_M


@dataclass(frozen=True, slots=True)
class SpritePixels:
    """A sprite's decoded pixels, read-only."""

    bgra: npt.NDArray[np.uint8]
    """uint8 (H, W, 4)."""
    mask: npt.NDArray[np.uint8]
    """uint8 (H, W), 255 where the object is; its shadow is 0."""


def load_sprites(folder: Path) -> tuple[Sprite, ...]:
    """Read the facts of the complete sprites of a folder, in the order of their names.

    Overflowing bins seen from behind, where the rubbish may be out of sight, are left out.

    Raises:
        DatasetError: There are none, or a file is not what the renderer writes.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise DatasetError(
            "sprites_missing",
            f"There are no rendered objects in {folder}.",
            "Render some with `street-issues-data render --out FOLDER`.",
        )
    sprites = (_load_facts(path) for path in paths)
    return tuple(sprite for sprite in sprites if _shows_its_label(sprite))


def _shows_its_label(sprite: Sprite) -> bool:
    limit = FRONT_LIMIT_DEG if sprite.kind in FRONT_KINDS else BACK_LIMIT_DEG
    return sprite.label != "overflowing_bin" or abs(sprite.yaw_deg) < limit


def _load_facts(path: Path) -> Sprite:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        x1, y1, x2, y2 = (int(edge) for edge in facts["box_xyxy_px"])
        width, height = (int(side) for side in facts["size_px"])
        label = facts["label"]
        return Sprite(
            picture=path.with_suffix(".png"),
            label=None if label is None else str(label),
            kind=str(facts["kind"]),
            size_wh=(width, height),
            box_xyxy_px=(x1, y1, x2, y2),
            horizon_y_px=float(facts["horizon_y_px"]),
            camera_height_m=float(facts["camera_height_m"]),
            yaw_deg=(float(facts["yaw_deg"]) + 180) % 360 - 180,
            night=facts["time"] == "night",
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            "sprite_invalid", f"{path} does not describe a sprite: {error!r}."
        ) from error


@lru_cache(maxsize=SPRITES_IN_MEMORY)
def load_pixels(sprite: Sprite) -> SpritePixels:
    """Decode a sprite; recent ones are kept.

    Raises:
        DatasetError: A picture is missing or of another size than its facts say.
    """
    bgra = cv2.imread(str(sprite.picture), cv2.IMREAD_UNCHANGED)
    mask = cv2.imread(str(sprite.picture.with_suffix(".mask.png")), cv2.IMREAD_GRAYSCALE)
    wanted = (sprite.size_wh[1], sprite.size_wh[0])
    if bgra is None or mask is None or bgra.shape != (*wanted, 4) or mask.shape != wanted:
        raise DatasetError(
            "sprite_invalid", f"{sprite.picture} and its mask are not pictures of {wanted}."
        )
    return SpritePixels(frozen(bgra.astype(np.uint8)), frozen(mask.astype(np.uint8)))
