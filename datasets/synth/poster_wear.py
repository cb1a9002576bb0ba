"""What weather, brooms and scrapers do to a sheet."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from datasets.synth.photo_effects import FloatMap, rough_field, smooth_field
from datasets.synth.poster_canvas import Sheet


@dataclass(frozen=True, slots=True)
class Wear:
    """How likely each kind of damage is, 0 to 1."""

    crease: float = 0.7
    fade: float = 0.4
    stain: float = 0.35
    tear: float = 0.3
    scrape: float = 0.15
    fold: float = 0.2


OLD = Wear(crease=0.9, fade=0.7, stain=0.6, tear=0.75, scrape=0.6, fold=0.3)
"""Sheets that somebody tried to take off."""

CRUST = Wear(crease=0.9, fade=0.8, stain=0.7, tear=0.7, scrape=0.9, fold=0.1)
"""What is left of sheets that were pasted over and torn off for years."""


def wear_out(sheet: Sheet, wear: Wear, rng: np.random.Generator) -> Sheet:
    """Apply each kind of damage with its likelihood; the sheet that is passed is not changed."""
    steps = (
        (wear.crease, crease),
        (wear.fade, fade),
        (wear.stain, stain),
        (wear.scrape, scrape),
        (wear.tear, tear),
        (wear.fold, fold_corner),
    )
    for likelihood, damage in steps:
        if rng.random() < likelihood:
            sheet = damage(sheet, rng)
    return sheet


def _shade(sheet: Sheet, gain: FloatMap) -> Sheet:
    shaded = np.clip(sheet.colour * gain[..., None], 0, 255).astype(np.uint8)
    return replace(sheet, colour=shaded)


def crease(sheet: Sheet, rng: np.random.Generator) -> Sheet:
    """Shade waves, wrinkles and straight folds."""
    height, width = sheet.alpha.shape
    gain = 1 + 0.09 * smooth_field(height, width, int(rng.integers(2, 6)), rng)
    wrinkles = np.abs(rough_field(height, width, int(rng.integers(2, 5)), rng))
    gain = gain - rng.uniform(0, 0.16) * np.exp(-((wrinkles / 0.06) ** 2))
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(rng.integers(0, 3))):
        lying = rng.random() < 0.5
        along, length = (rows, height) if lying else (columns, width)
        distance = along - rng.choice([1 / 3, 0.5, 2 / 3]) * length
        gain = gain + rng.uniform(-0.12, 0.12) * np.tanh(distance / (0.08 * length))
        gain = gain - 0.12 * np.exp(-((distance / max(0.8, 0.008 * length)) ** 2))
    return _shade(sheet, gain.astype(np.float32))


def fade(sheet: Sheet, rng: np.random.Generator) -> Sheet:
    """Bleach: colours turn towards pale grey, yellow or blue, most where the sun reached."""
    height, width = sheet.alpha.shape
    pale = np.array([rng.uniform(170, 225), rng.uniform(190, 225), rng.uniform(190, 228)])
    share = rng.uniform(0.15, 0.6) * (1 + 0.4 * smooth_field(height, width, 3, rng))
    share = np.clip(share, 0, 0.8)[..., None]
    grey = sheet.colour.mean(axis=2, keepdims=True) * 0.5 + sheet.colour * 0.5
    bleached = grey * (1 - share) + pale * share
    return replace(sheet, colour=bleached.astype(np.uint8))


def stain(sheet: Sheet, rng: np.random.Generator) -> Sheet:
    """Darken with dirt from the street, rain streaks and glue that soaked through."""
    height, width = sheet.alpha.shape
    dirt = np.clip(rough_field(height, width, 3, rng) - rng.uniform(-0.1, 0.3), 0, 1)
    streaks = smooth_field(1, width, max(6, width // 6), rng)
    down = np.linspace(0.2, 1, height, dtype=np.float32)[:, None]
    gain = 1 - rng.uniform(0.2, 0.8) * dirt - 0.12 * np.clip(streaks, 0, 1) * down
    return _shade(sheet, np.clip(gain, 0.25, 1).astype(np.float32))


def tear(sheet: Sheet, rng: np.random.Generator) -> Sheet:
    """Tear a piece off at one side or corner; a pale fibrous rim stays."""
    height, width = sheet.alpha.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    across = (columns / width - 0.5) * np.cos(angle) + (rows / height - 0.5) * np.sin(angle)
    ragged = 0.13 * rough_field(height, width, 3, rng)
    distance = rng.uniform(0.05, 0.42) - across + ragged
    alpha = np.where(distance > 0, sheet.alpha, 0).astype(np.uint8)
    rim = ((distance > 0) & (distance < 0.025))[..., None]
    colour = np.where(rim, np.uint8(232), sheet.colour)
    return replace(sheet, colour=colour, alpha=alpha)


def scrape(sheet: Sheet, rng: np.random.Generator) -> Sheet:
    """Scratch and rub away parts: bare wall in some, blank lower paper layers in others."""
    height, width = sheet.alpha.shape
    turned = rng.random() < 0.5
    field = rough_field(height, width, int(rng.integers(2, 6)), rng)
    lines = smooth_field(1, width, max(8, width // 5), rng) if turned else 0.0
    field = field + 0.3 * lines
    level = rng.uniform(0.05, 0.45)
    colour = sheet.colour.copy()
    bare_paper = field > level - rng.choice([0.02, 0.08, 0.3])
    pulp = (
        rng.uniform(150, 225, 3) * 0.2
        + rng.uniform(150, 215) * 0.8
        + 25 * smooth_field(height, width, 8, rng)[..., None]
    )
    colour[bare_paper] = np.broadcast_to(pulp, colour.shape)[bare_paper].astype(np.uint8)
    alpha = np.where(field > level, 0, sheet.alpha).astype(np.uint8)
    return replace(sheet, colour=colour, alpha=alpha)


def fold_corner(sheet: Sheet, rng: np.random.Generator) -> Sheet:
    """Turn a corner over, so that its blank back shows."""
    height, width = sheet.alpha.shape
    reach = rng.uniform(0.15, 0.4) * min(height, width)
    right, low = rng.random() < 0.5, rng.random() < 0.5
    x, y = (width if right else 0), (height if low else 0)
    side_x, side_y = (x - reach if right else reach), (y - reach if low else reach)
    alpha, colour = sheet.alpha.copy(), sheet.colour.copy()
    outer = np.array([(x, y), (side_x, y), (x, side_y)], np.float32).round().astype(np.int32)
    inner = np.array([(side_x, side_y), (side_x, y), (x, side_y)]).round().astype(np.int32)
    cv2.fillPoly(colour, [inner], (205, 210, 212))
    cv2.polylines(colour, [outer[1:]], False, (120, 120, 120), 1, cv2.LINE_AA)
    cv2.fillPoly(alpha, [outer], 0)
    return replace(sheet, colour=colour, alpha=alpha)


def enough_left(sheet: Sheet, share: float) -> bool:
    """Say whether at least this share of the rectangle is still there."""
    return float((sheet.alpha >= 128).mean()) >= share
