"""A scene in the making: what was pasted where, and which boxes that leaves."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from datasets.records import LabelledBox
from datasets.synth.photo_effects import Mask, add_noise, add_speckle, cast_shadow
from datasets.synth.poster_canvas import Sheet
from datasets.synth.poster_light import light_up, measure_light, stands_out, white_level
from detector.arrays import Image

Quad = npt.NDArray[np.float32]
"""float32 (4, 2): top left, top right, bottom right, bottom left corner, canvas px."""

NOTHING = 0  # owner of pixels of the background
OCCLUDER = -1

_MERGED_ABOVE = 0.3
"""A sheet that covers more of another than this is boxed together with it."""
_HIDDEN_ABOVE = 0.6
"""A background's object of which more than this is covered loses its box."""
_LEAST_SIDE_SHARE = 10 / 640  # 10 px at a long side of 640 px: smaller sheets are mere specks
_LEAST_IN_PICTURE = 0.4  # share of a thing that must lie inside the picture


@dataclass(frozen=True, slots=True)
class Pasted:
    """One thing that was pasted."""

    label: str | None
    """None: a negative."""
    pixels: int
    """How many px it covered when it was pasted."""


def bend_round(sheet: Sheet, half_angle: float, sag: float) -> Sheet:
    """Wrap a sheet round an upright cylinder.

    Args:
        sheet: Flat.
        half_angle: Angle from the middle of the sheet to its side, radians, under pi / 2.
        sag: How far the middle lies lower than the sides, share of the width; may be negative.

    Returns:
        The sheet as seen from the front, darker towards its sides; a little higher if it sags.
    """
    height, width = sheet.alpha.shape
    extra = round(abs(sag) * width) + 1
    across = np.linspace(-1, 1, width, dtype=np.float32)
    angle = np.arcsin(across * np.sin(half_angle))
    map_x = np.tile((angle / half_angle + 1) / 2 * (width - 1), (height + extra, 1))
    lift = sag * width * (1 - across**2) + max(0.0, -sag * width)
    map_y = np.arange(height + extra, dtype=np.float32)[:, None] - lift
    maps = (map_x.astype(np.float32), map_y.astype(np.float32))
    colour = cv2.remap(sheet.colour, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.remap(sheet.alpha, *maps, cv2.INTER_LINEAR, borderValue=0)
    shade = (0.35 + 0.65 * np.cos(angle + 0.25 * half_angle)).astype(np.float32)
    return Sheet(
        (colour * shade[None, :, None]).astype(np.uint8),
        alpha.astype(np.uint8),
        sheet.see_through,
        sheet.lift,
    )


class Board:
    """A copy of a background on which things are pasted one after the other."""

    def __init__(self, background: Image, rng: np.random.Generator) -> None:
        """Copy the background and measure its light.

        Args:
            background: uint8 (H, W, 3), BGR; not changed.
            rng: Source of chance for everything pasted later.
        """
        self.image: Image = background.copy()
        self.height, self.width = background.shape[:2]
        self.least_side_px = _LEAST_SIDE_SHARE * max(self.height, self.width)
        self.light = measure_light(background)
        angle = rng.uniform(0, 2 * np.pi)
        self.shadow = (float(np.cos(angle)), abs(float(np.sin(angle))))
        self.pasted: list[Pasted] = []
        self.owner: npt.NDArray[np.int16] = np.zeros((self.height, self.width), np.int16)
        self._together: list[tuple[int, int]] = []
        self._rng = rng

    def _region(self, quad: Quad, margin: int) -> tuple[int, int, int, int]:
        left, top = np.floor(quad.min(axis=0)).astype(int) - margin
        right, bottom = np.ceil(quad.max(axis=0)).astype(int) + margin + 1
        x0, x1 = (int(np.clip(value, 0, self.width)) for value in (left, right))
        y0, y1 = (int(np.clip(value, 0, self.height)) for value in (top, bottom))
        return x0, y0, x1, y1

    def _share_inside(self, quad: Quad) -> float:
        low, high = quad.min(axis=0), quad.max(axis=0)
        seen = np.clip(high, 0, (self.width, self.height)) - np.clip(
            low, 0, (self.width, self.height)
        )
        return float(np.prod(seen) / max(1.0, float(np.prod(high - low))))

    def _warp(self, sheet: Sheet, quad: Quad, region: tuple[int, int, int, int]) -> Sheet:
        x0, y0, x1, y1 = region
        height, width = sheet.alpha.shape
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        corners -= 0.5  # the picture's px lie around whole numbers, edges halfway between
        move = cv2.getPerspectiveTransform(corners, (quad - (x0, y0) - 0.5).astype(np.float32))
        size = (x1 - x0, y1 - y0)
        colour = cv2.warpPerspective(sheet.colour, move, size, borderMode=cv2.BORDER_REPLICATE)
        alpha = cv2.warpPerspective(sheet.alpha, move, size)
        sigma = self.light.blur_px
        if sigma >= 0.3:
            colour = cv2.GaussianBlur(colour, (0, 0), sigma)
            alpha = cv2.GaussianBlur(alpha, (0, 0), min(sigma, 1.2))
        return Sheet(colour.astype(np.uint8), alpha.astype(np.uint8), sheet.see_through, sheet.lift)

    def _may_cover(
        self, mask: npt.NDArray[np.bool_], region: tuple[int, int, int, int], most: float
    ) -> bool:
        """Say whether a mask covers at most this share of each thing there, and can be seen."""
        x0, y0, x1, y1 = region
        covered = np.bincount(self.owner[y0:y1, x0:x1][mask].clip(0), minlength=1)
        return all(
            count <= most * self.pasted[index - 1].pixels
            for index, count in enumerate(covered)
            if index and count
        )

    def paste(
        self, sheet: Sheet, quad: Quad, label: str | None, most_covered: float, gain: float = 1.0
    ) -> bool:
        """Paste a sheet if it will be recognisable and hides no other too much.

        Args:
            sheet: What to paste.
            quad: Where its corners go.
            label: None for a negative.
            most_covered: Share of another thing that it may cover, 0 to 1.
            gain: Brightness against the estimated light.

        Returns:
            Whether it was pasted.
        """
        margin = max(3, round(0.02 * self.width))
        region = self._region(quad, margin)
        x0, y0, x1, y1 = region
        if x1 - x0 < 2 * margin or y1 - y0 < 2 * margin:
            return False
        warped = self._warp(sheet, quad, region)
        # Thin paint never covers wholly: what counts is measured against its strongest place.
        mask = warped.alpha >= max(1.0, 0.45 * float(warped.alpha.max()))
        _, _, wide, tall = cv2.boundingRect(mask.astype(np.uint8))
        if min(wide, tall) < self.least_side_px or self._share_inside(quad) < _LEAST_IN_PICTURE:
            return False
        if not self._may_cover(mask, region, most_covered):
            return False
        under = self.image[y0:y1, x0:x1]
        reach_x, reach_y = (x1 - x0) // 2, (y1 - y0) // 2
        around = self.image[
            max(0, y0 - reach_y) : y1 + reach_y, max(0, x0 - reach_x) : x1 + reach_x
        ]
        level = min(252.0, gain * white_level(around, self.light))
        lit = light_up(warped.colour, under, self.light, level, sheet.see_through)
        visible = stands_out(lit, under, warped.alpha, sheet=sheet.lift > 0)
        if label is not None and not visible:
            return False
        self._blend(warped, lit, region)
        self._claim(mask, region, label)
        return True

    def _blend(self, warped: Sheet, lit: npt.NDArray[np.float32], region: tuple[int, ...]) -> None:
        x0, y0, x1, y1 = region
        under = self.image[y0:y1, x0:x1]
        if warped.lift > 0:
            reach = self._rng.uniform(0.003, 0.008) * self.width
            offset = (self.shadow[0] * reach, self.shadow[1] * reach)
            under = cast_shadow(under, warped.alpha, offset, 0.6 * reach + 0.4, warped.lift)
        share = warped.alpha[..., None].astype(np.float32) / 255
        grainy = add_noise(lit.astype(np.uint8), self.light.noise, self._rng)
        grainy = add_speckle(grainy, self.light.speckle, self._rng)
        self.image[y0:y1, x0:x1] = (under + share * (grainy - under.astype(np.float32))).astype(
            np.uint8
        )

    def _claim(
        self, mask: npt.NDArray[np.bool_], region: tuple[int, int, int, int], label: str | None
    ) -> None:
        x0, y0, x1, y1 = region
        owner = self.owner[y0:y1, x0:x1]
        number = len(self.pasted) + 1
        for index, count in enumerate(np.bincount(owner[mask].clip(0), minlength=1)):
            if not index or not count:
                continue
            other = self.pasted[index - 1]
            smaller = min(other.pixels, int(mask.sum()))
            if label is not None and other.label == label and count > _MERGED_ABOVE * smaller:
                self._together.append((index, number))
        owner[mask] = number
        self.pasted.append(Pasted(label, int(mask.sum())))

    def join(self, first: int, last: int) -> None:
        """Give one box to things `first` to `last` of `pasted`, counted from 1."""
        self._together += [(first, number) for number in range(first + 1, last + 1)]

    def occlude(self, patch: Image, mask: Mask, left: int, top: int) -> bool:
        """Lay a patch over the scene, unless it would hide half of something boxed.

        Args:
            patch: uint8 (H, W, 3).
            mask: uint8 (H, W).
            left: Column of the patch's first px; it has to lie inside the scene.
            top: Row of its first px.
        """
        height, width = mask.shape
        region = (left, top, left + width, top + height)
        solid = mask >= 128
        if not self._may_cover(solid, region, 0.5):
            return False
        view = self.image[top : top + height, left : left + width]
        share = mask[..., None].astype(np.float32) / 255
        view[:] = (view + share * (patch.astype(np.float32) - view)).astype(np.uint8)
        self.owner[top : top + height, left : left + width][solid] = OCCLUDER
        return True

    def boxes(self) -> tuple[LabelledBox, ...]:
        """Box what can be seen of each labelled thing; sheets that hide each other share a box."""
        group = list(range(len(self.pasted) + 1))
        for one, other in self._together:
            old, new = group[other], group[one]
            group = [new if number == old else number for number in group]
        found = []
        for leader in dict.fromkeys(group[1:]):
            label = self.pasted[leader - 1].label
            if label is None:
                continue
            members = [index for index, number in enumerate(group) if number == leader]
            seen = np.isin(self.owner, members).astype(np.uint8)
            left, top, width, height = cv2.boundingRect(seen)
            if min(width, height) < self.least_side_px:
                continue
            found.append(LabelledBox(label, self._shares(left, top, left + width, top + height)))
        return tuple(found)

    def still_seen(self, boxes: tuple[LabelledBox, ...]) -> tuple[LabelledBox, ...]:
        """Return those of the background's boxes that are not mostly covered."""
        kept = []
        for box in boxes:
            x0, y0, x1, y1 = np.array(box.box_xyxy) * ((self.width, self.height) * 2)
            part = self.owner[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))]
            if part.size == 0 or float((part != NOTHING).mean()) <= _HIDDEN_ABOVE:
                kept.append(box)
        return tuple(kept)

    def _shares(self, x0: int, y0: int, x1: int, y1: int) -> tuple[float, float, float, float]:
        return x0 / self.width, y0 / self.height, x1 / self.width, y1 / self.height
