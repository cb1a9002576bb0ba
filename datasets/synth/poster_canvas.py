"""A flat sheet while it is drawn, and when it is done."""

from dataclasses import dataclass

import cv2
import numpy as np

from datasets.synth.lettering import Lettering, Typeface, fit
from datasets.synth.photo_effects import Mask, rough_field
from detector.arrays import Image

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255, under white light."""

Area = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the sheet's width and height."""

BLACK: Colour = (28, 26, 26)  # toner and print are never quite black
WHITE: Colour = (246, 248, 248)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A flat thing to be stuck, hung or painted on a surface."""

    colour: Image
    """uint8 (H, W, 3), BGR, as under even white light."""
    alpha: Mask
    """uint8 (H, W); under 128 counts as not there."""
    see_through: float = 0.25
    """Share of the surface's own texture that shows, 0 (a board) to 1 (paint on bricks)."""
    lift: float = 0.3
    """How dark a shadow it throws, 0 (paint) to 1."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What a design is told: how large to draw, with which letters."""

    width_px: int
    height_px: int
    lettering: Lettering
    script: str
    """Script of the neighbourhood: `han`, `latin`, `cyrillic` or `bengali`."""
    photo: Image | None = None
    """uint8 (H, W, 3), BGR: photos in print are cut from it; None for cloudy blots."""


class Canvas:
    """Pixels that a design draws on; positions are shares of the sheet."""

    def __init__(self, brief: Brief, colour: Colour) -> None:
        """Begin with an empty sheet of one colour."""
        self.brief = brief
        self.width, self.height = brief.width_px, brief.height_px
        self.pixels: Image = np.full((self.height, self.width, 3), colour, np.uint8)

    def corners_px(self, area: Area) -> tuple[int, int, int, int]:
        """Return an area's left, top, right, bottom in px, at least 1 px large."""
        left, top = round(area[0] * self.width), round(area[1] * self.height)
        right, bottom = round(area[2] * self.width), round(area[3] * self.height)
        return left, top, max(right, left + 1), max(bottom, top + 1)

    def block(self, area: Area, colour: Colour) -> None:
        """Fill a rectangle."""
        left, top, right, bottom = self.corners_px(area)
        self.pixels[max(top, 0) : bottom, max(left, 0) : right] = colour

    def frame(self, area: Area, colour: Colour, thickness: float) -> None:
        """Outline a rectangle; thickness is a share of the shorter side."""
        left, top, right, bottom = self.corners_px(area)
        line = max(1, round(thickness * min(self.width, self.height)))
        cv2.rectangle(self.pixels, (left, top), (right - 1, bottom - 1), colour, line)

    def oval(self, area: Area, colour: Colour, thickness: float = -1) -> None:
        """Fill an ellipse, or outline it where a thickness (share of the shorter side) is given."""
        left, top, right, bottom = self.corners_px(area)
        middle = ((left + right) // 2, (top + bottom) // 2)
        axes = (max(1, (right - left) // 2), max(1, (bottom - top) // 2))
        line = -1 if thickness < 0 else max(1, round(thickness * min(self.width, self.height)))
        cv2.ellipse(self.pixels, middle, axes, 0, 0, 360, colour, line, cv2.LINE_AA)

    def shape(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon of (x, y) shares."""
        scaled = np.array(points) * (self.width, self.height)
        cv2.fillPoly(self.pixels, [np.round(scaled).astype(np.int32)], colour, cv2.LINE_AA)

    def ink(self, mask: Mask, left: int, top: int, colour: Colour) -> None:
        """Blend a colour in where a mask, put at (left, top) px, covers; clipped to the sheet."""
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + mask.shape[1], self.width), min(top + mask.shape[0], self.height)
        if x1 <= x0 or y1 <= y0:
            return
        part = mask[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.float32) / 255
        under = self.pixels[y0:y1, x0:x1]
        blended = under + part * (np.array(colour, np.float32) - under)
        self.pixels[y0:y1, x0:x1] = blended.astype(np.uint8)

    def place(self, mask: Mask, area: Area, colour: Colour, *, stretch: bool = False) -> None:
        """Ink a mask scaled into an area and centred there."""
        left, top, right, bottom = self.corners_px(area)
        scaled = fit(mask, right - left, bottom - top, stretch=stretch)
        x = left + (right - left - scaled.shape[1]) // 2
        y = top + (bottom - top - scaled.shape[0]) // 2
        self.ink(scaled, x, y, colour)

    def text(
        self, text: str, face: Typeface, area: Area, colour: Colour, *, stretch: bool = False
    ) -> None:
        """Print one line as large as it fits into an area, centred, or stretched to fill it."""
        _, top, _, bottom = self.corners_px(area)
        self.place(
            self.brief.lettering.write(text, face, bottom - top), area, colour, stretch=stretch
        )

    def column(self, text: str, face: Typeface, area: Area, colour: Colour) -> None:
        """Print letters one below the other."""
        letters = [letter for letter in text if not letter.isspace()]
        step = (area[3] - area[1]) / len(letters)
        for index, letter in enumerate(letters):
            top = area[1] + step * (index + 0.08)
            self.text(letter, face, (area[0], top, area[2], top + step * 0.84), colour)

    def picture(self, area: Area, rng: np.random.Generator, *, grey: bool) -> None:
        """Fill an area with something that looks like a printed photo from afar."""
        left, top, right, bottom = self.corners_px(area)
        size = (bottom - top, right - left)
        if self.brief.photo is not None:
            self._print_photo(self.brief.photo, (left, top, right, bottom), rng, grey=grey)
            return
        tones = rng.uniform(20, 235, (1, 1, 3)) if not grey else np.full((1, 1, 3), 130.0)
        field = np.dstack([rough_field(*size, 3, rng)] * 3) * 110
        if not grey:
            field = field + np.dstack([rough_field(*size, 2, rng) for _ in range(3)]) * 50
        self.pixels[top:bottom, left:right] = np.clip(tones + field, 0, 255).astype(np.uint8)[
            : self.height - top, : self.width - left
        ]

    def _print_photo(
        self,
        photo: Image,
        place: tuple[int, int, int, int],
        rng: np.random.Generator,
        *,
        grey: bool,
    ) -> None:
        """Print a piece of a photo, contrasty as print is."""
        left, top, right, bottom = place
        rows, columns = photo.shape[:2]
        wide = int(rng.uniform(0.1, 0.5) * columns)
        tall = min(rows, max(1, wide * (bottom - top) // (right - left)))
        x, y = int(rng.integers(0, columns - wide + 1)), int(rng.integers(0, rows - tall + 1))
        piece = photo[y : y + tall, x : x + max(1, wide)]
        size = (right - left, bottom - top)
        tones = cv2.resize(piece, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        if grey:
            tones = np.repeat(tones.mean(axis=2, keepdims=True), 3, axis=2)
        tones = (tones - tones.mean()) * rng.uniform(1.0, 1.6) + rng.uniform(90, 160)
        tones = np.clip(tones * rng.uniform(0.85, 1.15, 3), 15, 245)
        self.pixels[max(top, 0) : bottom, max(left, 0) : right] = tones.astype(np.uint8)[
            max(-top, 0) : self.height - top, max(-left, 0) : self.width - left
        ]

    def done(
        self, alpha: Mask | None = None, *, see_through: float = 0.25, lift: float = 0.3
    ) -> Sheet:
        """Return the finished sheet; rectangular without an alpha."""
        whole = np.full((self.height, self.width), 255, np.uint8)
        return Sheet(self.pixels, whole if alpha is None else alpha, see_through, lift)


def rounded_alpha(width_px: int, height_px: int, radius: float) -> Mask:
    """Return the alpha of a rectangle with round corners.

    Args:
        width_px: Columns.
        height_px: Rows.
        radius: Share of the shorter side, 0 to 0.5.
    """
    alpha = np.zeros((height_px, width_px), np.uint8)
    r = max(1, round(radius * min(width_px, height_px)))
    right, bottom = width_px - 1 - r, height_px - 1 - r
    cv2.rectangle(alpha, (r, 0), (right, height_px - 1), 255, -1)
    cv2.rectangle(alpha, (0, r), (width_px - 1, bottom), 255, -1)
    for middle in ((r, r), (right, r), (r, bottom), (right, bottom)):
        cv2.circle(alpha, middle, r, 255, -1, cv2.LINE_AA)
    return alpha


def oval_alpha(width_px: int, height_px: int) -> Mask:
    """Return the alpha of an ellipse that fills its rectangle."""
    alpha = np.zeros((height_px, width_px), np.uint8)
    middle = (width_px // 2, height_px // 2)
    axes = (max(1, (width_px - 1) // 2), max(1, (height_px - 1) // 2))
    cv2.ellipse(alpha, middle, axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
    return alpha


def pick_colour(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    """Choose a colour and vary it a little."""
    chosen = np.array(colours[int(rng.integers(len(colours)))]) + rng.normal(0, 7, 3)
    blue, green, red = (int(value) for value in np.clip(chosen, 0, 255))
    return blue, green, red
