"""Chinese number plates seen from the front: layouts of GA 36 drawn flat, clean and then worn."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from datasets.synth.lettering import Lettering, Typeface
from datasets.synth.photo_effects import FloatMap, Mask, rough_field
from datasets.synth.puffs import Floats
from detector.arrays import Image

PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without I and O, which look like 1 and 0."""
DIGITS: Final = "0123456789"

Colour = tuple[int, int, int]
"""Blue, green, red."""

BLACK: Final[Colour] = (22, 20, 20)
WHITE: Final[Colour] = (240, 242, 240)
RED: Final[Colour] = (40, 30, 200)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plate."""

    name: str
    size_mm: tuple[int, int]
    ground: Colour
    ink: Colour
    length: int
    """Characters, province included."""
    rows: int = 1


KINDS: Final[tuple[tuple[Kind, float], ...]] = (
    (Kind("blue", (440, 140), (165, 75, 15), WHITE, 7), 0.45),
    (Kind("green", (480, 140), (120, 190, 90), BLACK, 8), 0.22),
    (Kind("green_large", (480, 140), (120, 190, 90), BLACK, 8), 0.04),
    (Kind("yellow", (440, 140), (20, 175, 245), BLACK, 7), 0.09),
    (Kind("yellow_rows", (440, 220), (20, 175, 245), BLACK, 7, rows=2), 0.1),
    (Kind("white", (440, 140), WHITE, BLACK, 7), 0.05),
    (Kind("black", (440, 140), BLACK, WHITE, 7), 0.05),
)
"""Kinds and how often each is drawn; blue is most of what is on the roads."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """Where one character stands, in mm."""

    x: float
    y: float
    width: float
    height: float


def draw_face(lettering: Lettering, kind: Kind, rng: np.random.Generator) -> Image:
    """Draw a clean plate.

    Args:
        lettering: Fonts.
        kind: Layout and colours.
        rng: Source of randomness.

    Returns:
        uint8 (h, w, 3), BGR, 1 px a mm.
    """
    width, height = kind.size_mm
    paint = np.empty((height, width, 3), np.float32)
    spread = 0.03 if kind.name in ("white", "black") else 0.12
    paint[:] = np.asarray(kind.ground, np.float32) * rng.normal(0.98, spread, 3).clip(0.8, 1.15)
    if kind.name.startswith("green"):
        _shade_green(paint, kind)
    typefaces = (_pick_upright(lettering, "han", rng), _pick_upright(lettering, "latin", rng))
    text, colours = _draw_number(kind, rng)
    boldness = int(rng.integers(1, 4))
    for character, colour, cell in zip(text, colours, _lay_out(kind), strict=True):
        typeface = typefaces[0] if ord(character) > 127 else typefaces[1]
        mask = _draw_glyph(lettering, typeface, character, (cell.width, cell.height), boldness)
        top, left = round(cell.y), round(cell.x + (cell.width - mask.shape[1]) / 2)
        room = paint[top : top + mask.shape[0], left : left + mask.shape[1]]
        share = mask[: room.shape[0], : room.shape[1], None].astype(np.float32) / 255
        room += share * (np.asarray(colour, np.float32) - room)
    _draw_rim(paint, kind, rng)
    return np.asarray(np.clip(paint, 0, 255), np.uint8)


def wear_face(face: Image, rng: np.random.Generator) -> Image:
    """Add bolts, dirt, fading and a glare across.

    Args:
        face: uint8 (h, w, 3), BGR, from `draw_face`; not changed.
        rng: Source of randomness.

    Returns:
        uint8 (h, w, 3), a new array.
    """
    height, width = face.shape[:2]
    worn = face.astype(np.float32)
    if rng.random() < 0.85:
        _draw_bolts(worn, rng)
    faded = float(rng.beta(1.2, 5.0)) * 0.6
    worn += faded * (worn.mean() * 0.5 + 70 - worn)
    dirt = rough_field(height, width, 6, rng) + np.float32(rng.uniform(-0.9, 0.2))
    low = np.linspace(0.6, 1.3, height, dtype=np.float32)[:, None]
    share = np.clip(dirt * low * 1.5, 0, 0.85)[..., None]
    soil = np.asarray([70, 95, 115], np.float32) * np.float32(rng.uniform(0.6, 1.3))
    worn += share * (soil - worn)
    if rng.random() < 0.35:
        worn += _draw_glare((height, width), rng)[..., None]
    return np.asarray(np.clip(worn, 0, 255), np.uint8)


def _draw_number(kind: Kind, rng: np.random.Generator) -> tuple[str, list[Colour]]:
    """Draw a number and each character's colour."""
    province = PROVINCES[int(rng.integers(len(PROVINCES)))]
    city = LETTERS[int(rng.integers(10)) if rng.random() < 0.8 else int(rng.integers(24))]
    rest = [_draw_character(rng) for _ in range(kind.length - 2)]
    colours = [kind.ink] * kind.length
    if kind.name == "green":
        rest[0] = "DF"[int(rng.integers(2))]
    elif kind.name == "green_large":
        rest[-1] = "DF"[int(rng.integers(2))]
    elif kind.name == "white":
        if rng.random() < 0.5:
            rest[-1], colours[-1] = "警", RED
        else:
            province, colours[0], colours[1] = LETTERS[int(rng.integers(24))], RED, RED
    elif kind.name == "black":
        rest[-1] = "港澳使领"[int(rng.integers(4))]
    elif kind.rows == 2 and rng.random() < 0.3:
        rest[-1] = "挂"
    return province + city + "".join(rest), colours


def _draw_character(rng: np.random.Generator) -> str:
    """Draw a digit, or less often a letter."""
    letters = LETTERS if rng.random() < 0.3 else DIGITS
    return letters[int(rng.integers(len(letters)))]


def _lay_out(kind: Kind) -> list[_Cell]:
    """Return the cells of GA 36: 45 by 90 mm; 43 by 90 on eight-character plates; two rows."""
    if kind.rows == 2:
        top = [_Cell(110, 15, 80, 60), _Cell(250, 15, 80, 60)]
        return top + [_Cell(27 + 80 * i, 90, 65, 110) for i in range(5)]
    count = kind.length
    first, other, gap, wide_gap = (
        (45.0, 45.0, 12.0, 34.0) if count == 7 else (45.0, 43.0, 9.0, 49.0)
    )
    cells, x = [], 15.5
    for index in range(count):
        wide = first if index == 0 else other
        cells.append(_Cell(x, 25, wide, 90))
        x += wide + (wide_gap if index == 1 else gap)
    return cells


@lru_cache(maxsize=2048)
def _draw_glyph(
    lettering: Lettering,
    typeface: Typeface,
    character: str,
    cell_wh: tuple[float, float],
    boldness: int,
) -> Mask:
    """Return uint8 (h, w): one character stretched to its cell, strokes thickened."""
    width, height = round(cell_wh[0]), round(cell_wh[1])
    glyph = lettering.write(character, typeface, height)
    if character == "1":
        width = min(width, max(14, round(width * 0.4)))
    pad = boldness
    inner = (max(1, width - 2 * pad), max(1, height - 2 * pad))
    scaled = cv2.resize(glyph, inner, interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(scaled, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pad + 1, 2 * pad + 1))
    return np.asarray(cv2.dilate(framed, disc), np.uint8)


def _pick_upright(lettering: Lettering, script: str, rng: np.random.Generator) -> Typeface:
    """Choose a plain typeface where there is one: plates are lettered without serifs."""
    suited = [one for one in lettering.typefaces if script in one.scripts and _is_plain(one)]
    if not suited:
        return lettering.pick(script, rng)
    return suited[int(rng.integers(len(suited)))]


def _is_plain(typeface: Typeface) -> bool:
    if typeface.path is None:
        return True
    name = typeface.path.stem.lower()
    plain = any(word in name for word in ("sans", "hei", "gothic", "arial", "helvet", "din"))
    return plain and not any(word in name for word in ("italic", "oblique", "light", "thin"))


def _shade_green(paint: Floats, kind: Kind) -> None:
    """Shade a new-energy plate: pale at the top of small ones, a yellow field on large ones."""
    if kind.name == "green":
        down = np.linspace(0.0, 1.0, paint.shape[0], dtype=np.float32)[:, None, None]
        pale = np.asarray([232, 240, 226], np.float32)
        paint += (1.0 - down) ** np.float32(1.3) * (pale - paint)
    else:
        paint[:, : round(0.29 * paint.shape[1])] = (25, 185, 245)


def _draw_rim(paint: Floats, kind: Kind, rng: np.random.Generator) -> None:
    """Draw the line along the edge, the dot after the second character, at times a dark holder."""
    height, width = paint.shape[:2]
    ink = tuple(float(level) for level in kind.ink)
    if not kind.name.startswith("green"):
        cv2.rectangle(paint, (5, 5), (width - 6, height - 6), ink, 3, cv2.LINE_AA)
        if kind.rows == 1:
            cv2.circle(paint, (134, height // 2), 5, ink, cv2.FILLED, cv2.LINE_AA)
    if rng.random() < 0.3:
        shade = float(rng.uniform(15, 60))
        thick = int(rng.integers(4, 12))
        cv2.rectangle(paint, (0, 0), (width - 1, height - 1), (shade, shade, shade), thick)


def _draw_bolts(paint: Floats, rng: np.random.Generator) -> None:
    height, width = paint.shape[:2]
    rows = (18, height - 18) if rng.random() < 0.6 else (18,)
    grey = float(rng.uniform(90, 210))
    for y in rows:
        for x in (round(width * 0.24), round(width * 0.76)):
            cv2.circle(paint, (x, y), 8, (grey * 0.6,) * 3, cv2.FILLED, cv2.LINE_AA)
            cv2.circle(paint, (x - 1, y - 1), 6, (grey,) * 3, cv2.FILLED, cv2.LINE_AA)


def _draw_glare(shape: tuple[int, int], rng: np.random.Generator) -> FloatMap:
    """Return float32 (h, w): a soft bright band across, levels to add."""
    height, width = shape
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    columns = np.arange(width, dtype=np.float32)[None, :] / width
    along = columns + np.float32(rng.uniform(-0.6, 0.6)) * rows - np.float32(rng.uniform(0, 1))
    band = np.exp(-((along / np.float32(rng.uniform(0.08, 0.4))) ** 2))
    return np.asarray(band * np.float32(rng.uniform(40, 180)), np.float32)
