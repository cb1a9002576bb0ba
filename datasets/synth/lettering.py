"""Writing as coverage masks, in whatever fonts a machine has.

Fonts are looked for when a `Lettering` is made; without any, OpenCV's built-in font writes Latin,
Cyrillic and Chinese. Another set of fonts gives other pictures from the same random state.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from datasets.synth.photo_effects import Mask, smooth_field

SYSTEM_FONT_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/Library/Fonts"),
    Path("/System/Library/Fonts"),
    Path("C:/Windows/Fonts"),
)

_PROBES = {"han": "办证刻章", "cyrillic": "ЖдФю", "bengali": "কখগঘ", "latin": "AgQ7"}
"""Letters that a font has to draw, each differently, to count as covering a script."""

_BUILT_IN_SCRIPTS = frozenset(("han", "latin", "cyrillic"))
_DRAWN_PX = (
    40  # glyphs are drawn at this size or twice it, then scaled: few sizes stay in the cache
)
_BUILT_IN_WEIGHTS = (300, 400, 600, 800)


@dataclass(frozen=True, slots=True)
class Typeface:
    """One font in one weight."""

    path: Path | None
    """None: OpenCV's own."""
    weight: int
    """Of OpenCV's own font, 100 to 900; other fonts ignore it."""
    scripts: frozenset[str]
    """Of `han`, `latin`, `cyrillic`, `bengali`."""


@lru_cache(maxsize=256)
def _open_font(path: Path, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size_px)


def _covers(path: Path, letters: str) -> bool:
    """Say whether each letter looks unlike the others and unlike a letter that no font has."""
    font = _open_font(path, 24)
    drawn = {bytes(font.getmask(letter)) for letter in (*letters, "\uffff")}
    return len(drawn) == len(letters) + 1


@lru_cache(maxsize=16)
def find_typefaces(folders: tuple[Path, ...]) -> tuple[Typeface, ...]:
    """List the fonts under some folders, in order of path; damaged ones are passed over.

    Args:
        folders: Searched with everything below them; missing ones are passed over.

    Returns:
        One typeface a file that covers a known script. OpenCV's own in four weights is added where
        no file covers Chinese.
    """
    found = []
    for folder in folders:
        files = (path for path in folder.rglob("*") if path.suffix in (".ttf", ".ttc", ".otf"))
        for path in sorted(files):
            try:
                scripts = frozenset(name for name, probe in _PROBES.items() if _covers(path, probe))
            except OSError:
                continue
            if "han" in scripts:  # they hold Bengali letters, if at all, without joining them
                scripts -= {"bengali"}
            if scripts:
                found.append(Typeface(path, 0, scripts))
    if not any("han" in typeface.scripts for typeface in found):
        found += [Typeface(None, weight, _BUILT_IN_SCRIPTS) for weight in _BUILT_IN_WEIGHTS]
    return tuple(found)


def _draw_built_in(text: str, size_px: int, weight: int) -> Mask:
    font = cv2.FontFace("uni")
    _, top, width, height = cv2.getTextSize((0, 0), text, (0, 0), font, size_px, weight)
    paper = np.zeros((height + size_px, max(1, width) + size_px, 3), np.uint8)
    at = (size_px // 2, size_px // 2 - top)
    cv2.putText(paper, text, at, (255, 255, 255), font, size_px, weight)
    return np.ascontiguousarray(paper[..., 0])


def _draw(text: str, typeface: Typeface, size_px: int) -> Mask:
    if typeface.path is None:
        return _draw_built_in(text, size_px, typeface.weight)
    font = _open_font(typeface.path, size_px)
    left, top, right, bottom = font.getbbox(text)
    size = (max(1, round(right - left)) + 4, max(1, round(bottom - top)) + 4)
    paper = PillowImage.new("L", size)
    ImageDraw.Draw(paper).text((2 - left, 2 - top), text, fill=255, font=font)
    return np.asarray(paper)


def trim(mask: Mask) -> Mask:
    """Cut away empty margins; a mask with nothing in it becomes one empty pixel."""
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width] if width else np.zeros((1, 1), np.uint8)


def fit(mask: Mask, width: int, height: int, *, stretch: bool = False) -> Mask:
    """Scale a mask to fit into a size; keeps its proportions unless it may be stretched."""
    if not stretch:
        scale = min(width / mask.shape[1], height / mask.shape[0])
        width, height = round(mask.shape[1] * scale), round(mask.shape[0] * scale)
    size = (max(1, width), max(1, height))
    smaller = size[0] < mask.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, size, interpolation=way), np.uint8)


def thicken(mask: Mask, side_px: int) -> Mask:
    """Make strokes thicker by one px less than a square's side."""
    return np.asarray(cv2.dilate(mask, np.ones((side_px, side_px), np.uint8)), np.uint8)


class Lettering:
    """Writes text in the fonts of some folders."""

    def __init__(self, font_folders: Sequence[Path] = SYSTEM_FONT_FOLDERS) -> None:
        """Look through the folders.

        Args:
            font_folders: Empty for OpenCV's built-in font alone.
        """
        self.typefaces = find_typefaces(tuple(font_folders))

    def pick(self, script: str, rng: np.random.Generator) -> Typeface:
        """Choose a typeface for a script; where none covers it, one that covers Chinese."""
        suited = [one for one in self.typefaces if script in one.scripts]
        suited = suited or [one for one in self.typefaces if "han" in one.scripts]
        return suited[int(rng.integers(len(suited)))]

    def covers(self, script: str) -> bool:
        """Say whether a script can be written."""
        return any(script in one.scripts for one in self.typefaces)

    def write(self, text: str, typeface: Typeface, height_px: float) -> Mask:
        """Write one line.

        Args:
            text: One line.
            typeface: One of `typefaces`.
            height_px: Height of the ink from its highest to its lowest point, at least 1.

        Returns:
            uint8 (height_px, W), coverage.
        """
        size_px = _DRAWN_PX if height_px <= _DRAWN_PX else 2 * _DRAWN_PX
        ink = trim(_draw(text, typeface, size_px))
        height = max(1, round(height_px))
        width = max(1, round(ink.shape[1] * height / ink.shape[0]))
        return fit(ink, width, height, stretch=True)

    def write_by_hand(
        self, text: str, typeface: Typeface, height_px: float, rng: np.random.Generator
    ) -> Mask:
        """Write one line as an unsteady hand does: glyphs wander, lean and bend, strokes vary.

        Returns:
            uint8 (about height_px, W), coverage.
        """
        size_px = _DRAWN_PX
        stroke = int(rng.integers(0, 3))
        lean, drift = float(rng.uniform(-0.2, 0.25)), float(rng.uniform(-0.04, 0.04))
        letters = _split_letters(text)
        line = np.zeros((3 * size_px, (len(letters) + 2) * 2 * size_px), np.uint8)
        pen_x = 0
        for letter in letters:
            if letter.isspace():
                pen_x += size_px // 3
                continue
            glyph, advance = _draw_unsteadily(_draw(letter, typeface, size_px), lean, rng)
            down = round(size_px * 0.5 + rng.normal(0, 0.05) * size_px + drift * pen_x)
            down = min(max(down, 0), line.shape[0] - glyph.shape[0])
            room = line[down : down + glyph.shape[0], pen_x : pen_x + glyph.shape[1]]
            np.maximum(room, glyph[:, : room.shape[1]], out=room)
            pen_x = min(pen_x + advance, line.shape[1] - size_px)
        line = _bend(trim(line), rng)
        if stroke:
            line = thicken(line, stroke + 1)
        line = trim(line)
        height = max(1, round(height_px))
        width = max(1, round(line.shape[1] * height / line.shape[0]))
        return fit(line, width, height, stretch=True)


def _split_letters(text: str) -> list[str]:
    """Split into letters, each with the vowel signs and accents that belong to it."""
    letters: list[str] = []
    for character in text:
        if letters and unicodedata.category(character).startswith("M"):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _draw_unsteadily(glyph: Mask, lean: float, rng: np.random.Generator) -> tuple[Mask, int]:
    """Turn, scale and lean one glyph; returns it in a square and how far the pen moves on."""
    height, width = glyph.shape
    turn, grow = np.deg2rad(rng.normal(0, 5)), float(rng.normal(1.0, 0.09))
    shear = lean + float(rng.normal(0, 0.05))
    cos, sin = grow * np.cos(turn), grow * np.sin(turn)
    side = 2 * _DRAWN_PX
    margin = _DRAWN_PX // 4
    move = np.array(
        [[cos, -sin - shear, margin + shear * height], [sin, cos, (side - height) / 2]], np.float32
    )
    placed = np.asarray(cv2.warpAffine(glyph, move, (side, side)), np.uint8)
    return placed, round(min(width * grow, side) * rng.uniform(0.88, 1.05))


def _bend(mask: Mask, rng: np.random.Generator) -> Mask:
    """Distort elastically by up to about 2 px at the drawing size."""
    height, width = mask.shape
    cells = max(2, width // 22)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    across = columns + 2.0 * smooth_field(height, width, cells, rng)
    down = rows + 2.0 * smooth_field(height, width, cells, rng)
    return np.asarray(cv2.remap(mask, across, down, cv2.INTER_LINEAR), np.uint8)
