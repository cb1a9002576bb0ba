"""Advertisements written straight on the wall: stencilled, sprayed, brushed, by marker."""

import cv2
import numpy as np

from datasets.synth.lettering import thicken
from datasets.synth.photo_effects import Mask, rough_field, smooth_field
from datasets.synth.poster_canvas import BLACK, WHITE, Brief, Canvas, Colour, Sheet, pick_colour
from datasets.synth.poster_texts import headline, telephone

_PAINTS: tuple[Colour, ...] = (
    BLACK, BLACK, BLACK, (45, 40, 185), (45, 40, 185), (150, 60, 25), (70, 120, 40), WHITE,
)  # fmt: skip


def _lines(brief: Brief, rng: np.random.Generator) -> list[str]:
    title, number = headline(brief.script, rng), telephone(brief.script, rng)
    if brief.width_px > 5 * brief.height_px:
        return [f"{title} {number}" if rng.random() < 0.5 else number]
    return [title, number] if rng.random() < 0.8 else [number, title]


def _stack(masks: list[Mask], brief: Brief, *, stretch: bool) -> Mask:
    """Put lines below each other on an empty plate, each as wide as the plate allows."""
    canvas = Canvas(brief, (0, 0, 0))
    step = 0.94 / len(masks)
    for index, mask in enumerate(masks):
        top = 0.03 + index * step
        area = (0.03, top, 0.97, top + step * 0.88)
        canvas.place(mask, area, (255, 255, 255), stretch=stretch)
    return np.ascontiguousarray(canvas.pixels[..., 0])


def _uneven(mask: Mask, rng: np.random.Generator, strength: float) -> Mask:
    """Let paint cover more here and less there."""
    height, width = mask.shape
    field = rough_field(height, width, 6, rng)
    cover = np.clip(1.0 - strength + strength * (0.6 + field), 0.0, 1.0)
    thinned: Mask = (mask * cover).astype(np.uint8)
    return thinned


def _finish(cover: Mask, paint: Colour, brief: Brief, rng: np.random.Generator) -> Sheet:
    canvas = Canvas(brief, paint)
    return canvas.done(cover, see_through=float(rng.uniform(0.5, 1.0)), lift=0.0)


def draw_stencil(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw letters sprayed through a stencil: bridges, a soft edge, overspray, wear."""
    face = brief.lettering.pick(brief.script, rng)
    lines = _lines(brief, rng)
    masks = [brief.lettering.write(line, face, 44) for line in lines]
    for mask in masks if rng.random() < 0.6 else []:
        mask.flags.writeable = True
        for x in range(12, mask.shape[1], int(rng.integers(18, 34))):
            mask[:, x : x + 2] = 0
    mask = _stack(masks, brief, stretch=rng.random() < 0.6)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.4, 0.012 * brief.height_px))
    mist = cv2.GaussianBlur(mask, (0, 0), 0.06 * brief.height_px).astype(np.float32)
    cover = np.maximum(soft, mist * rng.uniform(0, 0.35)).astype(np.uint8)
    return _finish(
        _uneven(cover, rng, rng.uniform(0.1, 0.6)), pick_colour(_PAINTS, rng), brief, rng
    )


def draw_spray(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw letters sprayed or brushed freehand, with mist and runs of paint."""
    face = brief.lettering.pick(brief.script, rng)
    masks = [brief.lettering.write_by_hand(line, face, 60, rng) for line in _lines(brief, rng)]
    thick = int(rng.integers(2, 5))
    masks = [thicken(mask, thick) for mask in masks]
    mask = _stack(masks, brief, stretch=True)
    if rng.random() < 0.5:
        _let_run(mask, rng)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.5, rng.uniform(0.01, 0.03) * brief.height_px))
    cover = np.clip(soft.astype(np.float32) * 1.25, 0, 255).astype(np.uint8)
    return _finish(
        _uneven(cover, rng, rng.uniform(0.0, 0.5)), pick_colour(_PAINTS, rng), brief, rng
    )


def _let_run(mask: Mask, rng: np.random.Generator) -> None:
    """Draw a few drops running down from painted places, in place."""
    rows, columns = np.nonzero(mask > 128)
    for _ in range(int(rng.integers(2, 9)) if len(rows) else 0):
        start = int(rng.integers(len(rows)))
        y, x = int(rows[start]), int(columns[start])
        end = y + round(rng.uniform(0.05, 0.3) * mask.shape[0])
        cv2.line(mask, (x, y), (x, end), 230, max(1, mask.shape[0] // 70))


def draw_marker(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw thin handwriting by a marker, even and little transparent."""
    face = brief.lettering.pick(brief.script, rng)
    masks = [brief.lettering.write_by_hand(line, face, 44, rng) for line in _lines(brief, rng)]
    mask = _stack(masks, brief, stretch=False)
    height, width = mask.shape
    faded = np.clip(0.85 + 0.3 * smooth_field(height, width, 5, rng), 0, 1)
    return _finish((mask * faded).astype(np.uint8), pick_colour(_PAINTS, rng), brief, rng)
