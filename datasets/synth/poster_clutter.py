"""Designs of wordless or half-lettered things that a detector mistakes for ads."""

import cv2
import numpy as np

from datasets.synth.lettering import thicken
from datasets.synth.photo_effects import rough_field, smooth_field
from datasets.synth.poster_canvas import (
    BLACK,
    WHITE,
    Brief,
    Canvas,
    Colour,
    Sheet,
    pick_colour,
    rounded_alpha,
)
from datasets.synth.poster_prints import VIVID
from datasets.synth.poster_texts import LATIN, choose

_GREYS: tuple[Colour, ...] = (
    (150, 155, 160), (95, 98, 100), (200, 205, 208), (60, 64, 66), (120, 150, 165), (105, 125, 110),
)  # fmt: skip


def draw_window(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a lit, dark or curtained window with bars."""
    glow = pick_colour(
        ((120, 200, 250), (190, 230, 250), (130, 120, 110), (50, 45, 40), (70, 60, 55)), rng
    )
    canvas = Canvas(brief, glow)
    field = rough_field(canvas.height, canvas.width, 3, rng)[..., None] * rng.uniform(10, 60)
    canvas.pixels[:] = np.clip(canvas.pixels + field, 0, 255).astype(np.uint8)
    frame = pick_colour((WHITE, BLACK, *_GREYS), rng)
    for index in range(1, int(rng.integers(1, 4)) + 1):
        x = index / 3
        canvas.block((x - 0.02, 0, x + 0.02, 1), frame)
    for index in range(1, int(rng.integers(0, 4)) + 1):
        y = index / 4
        canvas.block((0, y - 0.015, 1, y + 0.015), frame)
    canvas.frame((0, 0, 1, 1), frame, 0.08)
    return canvas.done(see_through=0.0, lift=0.2)


def draw_specks(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw rows of dots and dashes that look like letters from afar."""
    canvas = Canvas(brief, pick_colour((BLACK, WHITE, *_GREYS), rng))
    alpha = np.zeros((canvas.height, canvas.width), np.uint8)
    rows = int(rng.integers(1, 6))
    for row in range(rows):
        y = round((row + 0.5) / rows * canvas.height)
        x = 0.0
        while x < canvas.width:
            long, tall = rng.uniform(0.01, 0.06, 2) * (canvas.width, 3 * canvas.height / rows)
            if rng.random() < 0.7:
                low = (round(x), round(y - tall * 2))
                cv2.rectangle(alpha, low, (round(x + long), round(y + tall * 2)), 210, -1)
            x += long + rng.uniform(0.01, 0.05) * canvas.width
    return canvas.done(alpha, see_through=0.5, lift=0.1)


def draw_tag(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a graffito: one flowing line, or fat outlined letters; no number, no offer."""
    paint = pick_colour((BLACK, *VIVID, WHITE), rng)
    canvas = Canvas(brief, paint)
    alpha = np.zeros((canvas.height, canvas.width), np.uint8)
    if rng.random() < 0.5:
        steps = np.linspace(0, 1, 160)
        turns = rng.uniform(2, 5)
        phase = rng.uniform(0, 2 * np.pi, 3)
        xs = 0.12 + 0.76 * steps + 0.09 * np.sin(2 * np.pi * turns * 2 * steps + phase[0])
        ys = 0.5 + 0.24 * np.sin(2 * np.pi * turns * steps + phase[1])
        ys += 0.14 * np.sin(2 * np.pi * turns * rng.uniform(1.5, 3.5) * steps + phase[2])
        line = np.stack([xs * canvas.width, ys * canvas.height], axis=1)
        wide = max(1, canvas.height // int(rng.integers(12, 30)))
        cv2.polylines(alpha, [line.round().astype(np.int32)], False, 255, wide, cv2.LINE_AA)
        alpha = cv2.GaussianBlur(alpha, (0, 0), 0.8).astype(np.uint8)
    else:
        word = choose(LATIN, rng).split()[0][:5]
        face = brief.lettering.pick("latin", rng)
        mask = brief.lettering.write_by_hand(word, face, 60, rng)
        fat = thicken(mask, 9)
        letters = Canvas(brief, (0, 0, 0))
        letters.place(fat, (0.02, 0.02, 0.98, 0.98), (255, 255, 255), stretch=True)
        alpha = np.ascontiguousarray(letters.pixels[..., 0])
        inner = cv2.erode(alpha, np.ones((5, 5), np.uint8)).astype(np.uint8)
        canvas.ink(inner, 0, 0, pick_colour((*VIVID, WHITE), rng))
    return canvas.done(alpha, see_through=float(rng.uniform(0.3, 0.9)), lift=0.0)


def draw_mural(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a patch of wall painting: large soft shapes in a few colours."""
    canvas = Canvas(brief, pick_colour(VIVID, rng))
    size = (canvas.height, canvas.width)
    for _ in range(int(rng.integers(3, 7))):
        field = smooth_field(*size, int(rng.integers(2, 5)), rng)
        canvas.pixels[field > rng.uniform(0, 0.5)] = pick_colour((*VIVID, WHITE, BLACK), rng)
    ragged = smooth_field(*size, 5, rng)
    rows, columns = np.mgrid[-1 : 1 : size[0] * 1j, -1 : 1 : size[1] * 1j]
    inside = 1.0 - np.maximum(np.abs(rows), np.abs(columns)) + 0.12 * ragged > 0.08
    alpha = (inside * 255).astype(np.uint8)
    return canvas.done(alpha, see_through=float(rng.uniform(0.4, 0.9)), lift=0.0)


def draw_patch(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a painted-over or plastered place: no sheet was left on it."""
    canvas = Canvas(brief, pick_colour((*_GREYS, (170, 190, 200)), rng))
    field = rough_field(canvas.height, canvas.width, 4, rng)
    canvas.pixels[:] = np.clip(canvas.pixels + field[..., None] * 18, 0, 255).astype(np.uint8)
    rows, columns = np.mgrid[-1 : 1 : canvas.height * 1j, -1 : 1 : canvas.width * 1j]
    inside = 1.0 - np.maximum(np.abs(rows), np.abs(columns)) + 0.08 * field
    alpha = (np.clip(inside * 5, 0, 1) * 235).astype(np.uint8)
    return canvas.done(alpha, see_through=float(rng.uniform(0.5, 0.9)), lift=0.0)


def draw_fixture(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a meter box, grille or vent."""
    ground = pick_colour(_GREYS, rng)
    canvas = Canvas(brief, ground)
    dark: Colour = (ground[0] // 3, ground[1] // 3, ground[2] // 3)
    if rng.random() < 0.5:
        slats = int(rng.integers(4, 12))
        for index in range(slats):
            top = 0.12 + 0.76 * index / slats
            canvas.block((0.12, top, 0.88, top + 0.38 / slats), dark)
    else:
        canvas.frame((0.06, 0.06, 0.94, 0.94), dark, 0.02)
        canvas.oval((0.78, 0.45, 0.86, 0.55), dark)
        if rng.random() < 0.5:
            canvas.block((0.3, 0.15, 0.7, 0.4), (60, 70, 70))
            canvas.block((0.36, 0.22, 0.64, 0.33), (190, 205, 205))
    alpha = rounded_alpha(canvas.width, canvas.height, 0.03)
    return canvas.done(alpha, see_through=0.05, lift=0.6)
