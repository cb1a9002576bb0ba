"""Designs of stickers, cards and handwritten notes."""

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
    oval_alpha,
    pick_colour,
    rounded_alpha,
)
from datasets.synth.poster_prints import (
    PAPERS,
    VIVID,
    contrast_ink,
    draw_portrait,
    draw_small_print,
)
from datasets.synth.poster_texts import headline, telephone

_PENS: tuple[Colour, ...] = (BLACK, BLACK, (120, 40, 20), (40, 40, 190))


def draw_ad_sticker(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a small label with two to six letters and a number, as locksmiths leave them."""
    ground = pick_colour((*VIVID, *PAPERS), rng)
    canvas = Canvas(brief, ground)
    ink = contrast_ink(ground, rng)
    face = brief.lettering.pick(brief.script, rng)
    title, number = headline(brief.script, rng), telephone(brief.script, rng)
    split = rng.uniform(0.45, 0.62)
    other = pick_colour(VIVID, rng)
    if rng.random() < 0.5:
        canvas.block((0, split, 1, 1), other)
    canvas.text(title, face, (0.08, 0.1, 0.92, split - 0.05), ink, stretch=rng.random() < 0.4)
    lower = contrast_ink(other, rng) if (canvas.pixels[-1, 0] == other).all() else ink
    canvas.text(number, face, (0.06, split + 0.06, 0.94, 0.9), lower, stretch=rng.random() < 0.6)
    if rng.random() < 0.4:
        canvas.frame((0.03, 0.04, 0.97, 0.96), ink, 0.03)
    radius = float(rng.choice([0.02, 0.1, 0.25]))
    alpha = rounded_alpha(canvas.width, canvas.height, radius)
    return canvas.done(alpha, see_through=float(rng.uniform(0.0, 0.25)), lift=0.15)


def draw_round_sticker(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a round sticker: rings, a word or a shape within."""
    ground = pick_colour((*VIVID, WHITE, BLACK), rng)
    canvas = Canvas(brief, ground)
    ink = contrast_ink(ground, rng)
    margin = rng.uniform(0.03, 0.16)
    canvas.oval((margin, margin, 1 - margin, 1 - margin), ink, rng.uniform(0.02, 0.08))
    face = brief.lettering.pick(brief.script, rng)
    if rng.random() < 0.6:
        canvas.text(headline(brief.script, rng), face, (0.16, 0.28, 0.84, 0.54), ink)
        canvas.text(telephone(brief.script, rng), face, (0.16, 0.56, 0.84, 0.72), ink)
    else:
        _draw_emblem(canvas, ink, rng)
    alpha = oval_alpha(canvas.width, canvas.height)
    return canvas.done(alpha, see_through=float(rng.uniform(0.0, 0.25)), lift=0.15)


def _draw_emblem(canvas: Canvas, ink: Colour, rng: np.random.Generator) -> None:
    """Draw a star, a mirrored blot, an eye or a grin."""
    form = int(rng.integers(4))
    if form == 0:
        tips = int(rng.integers(4, 9))
        turn, inner = rng.uniform(0, 1), rng.uniform(0.12, 0.28)
        points = []
        for index in range(2 * tips):
            angle, reach = (index / tips + turn) * np.pi, 0.4 if index % 2 else inner
            points.append((0.5 + reach * np.cos(angle), 0.5 + reach * np.sin(angle)))
        canvas.shape(points, ink)
    elif form == 1:
        half = rough_field(48, 24, 2, rng) - np.linspace(0.5, -0.4, 24, dtype=np.float32)
        blot = np.hstack([half, half[:, ::-1]])
        mask = ((blot > -0.05) * 255).astype(np.uint8)
        canvas.place(mask, (0.12, 0.12, 0.88, 0.88), ink)
    elif form == 2:
        canvas.oval((0.15, 0.3, 0.85, 0.7), ink)
        canvas.oval((0.36, 0.33, 0.64, 0.67), pick_colour((WHITE, *VIVID), rng))
        canvas.oval((0.44, 0.42, 0.56, 0.58), BLACK)
    else:
        for left in (0.25, 0.58):
            canvas.oval((left, 0.25, left + 0.17, 0.48), ink)
        canvas.oval((0.25, 0.55, 0.75, 0.82), ink)
        for left in np.arange(0.3, 0.7, 0.08):
            canvas.block((float(left), 0.6, float(left) + 0.02, 0.76), WHITE)


def draw_graphic_sticker(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a picture sticker, often black and white: emblem, face, stripes, tag, big word."""
    plain = rng.random() < 0.55
    ground = pick_colour((WHITE, WHITE, BLACK), rng) if plain else pick_colour(VIVID, rng)
    canvas = Canvas(brief, ground)
    ink = contrast_ink(ground, rng) if not plain else (BLACK if ground[1] > 120 else WHITE)
    kind = int(rng.integers(5))
    face = brief.lettering.pick("latin" if rng.random() < 0.6 else brief.script, rng)
    if kind == 0:
        _draw_emblem(canvas, ink, rng)
    elif kind == 1:
        if rng.random() < 0.5:
            draw_portrait(canvas, (0, 0.05, 1, 1), rng)
        else:
            canvas.picture((0, 0, 1, 1), rng, grey=plain)
        if plain and rng.random() < 0.6:
            grey = canvas.pixels.mean(axis=2) > rng.uniform(90, 150)
            canvas.pixels[:] = np.where(grey[..., None], WHITE, BLACK)
    elif kind == 2:
        field = smooth_field(canvas.height, canvas.width, 3, rng)
        bands = np.sin(field * rng.uniform(6, 16)) > 0
        canvas.pixels[bands] = ink
        if rng.random() < 0.5:
            canvas.oval((0.2, 0.2, 0.8, 0.8), ground)
    elif kind == 3:
        _draw_name_tag(canvas, rng)
    else:
        words = headline("latin", rng).split()
        step = 0.9 / len(words)
        for index, word in enumerate(words):
            top = 0.05 + index * step
            area = (0.05, top, 0.95, top + step * 0.9)
            canvas.text(word, face, area, ink, stretch=rng.random() < 0.7)
    if kind != 3 and rng.random() < 0.4:
        canvas.text(headline(brief.script, rng), face, (0.1, 0.82, 0.9, 0.96), ink)
    radius = float(rng.choice([0.01, 0.08, 0.2, 0.5]))
    alpha = rounded_alpha(canvas.width, canvas.height, radius)
    return canvas.done(alpha, see_through=float(rng.uniform(0.0, 0.25)), lift=0.15)


def _draw_name_tag(canvas: Canvas, rng: np.random.Generator) -> None:
    """Draw a greeting label filled in by hand with a tag."""
    band = pick_colour(VIVID, rng)
    canvas.pixels[:] = band
    canvas.block((0.05, 0.34, 0.95, 0.88), WHITE)
    lettering = canvas.brief.lettering
    latin = lettering.pick("latin", rng)
    canvas.text("HELLO", latin, (0.3, 0.04, 0.7, 0.2), WHITE)
    canvas.text("my name is", latin, (0.3, 0.2, 0.7, 0.31), WHITE)
    tag = lettering.write_by_hand(headline("latin", rng)[:6], latin, 40, rng)
    canvas.place(thicken(tag, 3), (0.1, 0.38, 0.9, 0.84), BLACK)


def draw_card(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a business card: band, picture, three lines."""
    ground = pick_colour((WHITE, WHITE, *PAPERS, *VIVID), rng)
    canvas = Canvas(brief, ground)
    ink = contrast_ink(ground, rng)
    face = brief.lettering.pick(brief.script, rng)
    left = 0.06
    if rng.random() < 0.6:
        left = 0.38
        canvas.picture((0.0, 0.0, 0.34, 1.0), rng, grey=False)
        if rng.random() < 0.3:
            draw_portrait(canvas, (0.0, 0.1, 0.34, 1.0), rng)
    if rng.random() < 0.5:
        canvas.block((left - 0.04, 0, 1, 0.12), pick_colour(VIVID, rng))
    canvas.text(headline(brief.script, rng), face, (left, 0.16, 0.95, 0.44), ink)
    draw_small_print(canvas, (left, 0.48, 0.95, 0.72), ink, rng)
    canvas.text(telephone(brief.script, rng), face, (left, 0.75, 0.95, 0.93), ink)
    return canvas.done(see_through=float(rng.uniform(0.0, 0.2)), lift=0.2)


def draw_note(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a note written by hand on a page, a card or a piece of cardboard."""
    paper = pick_colour((*PAPERS, (110, 150, 185), (120, 235, 250)), rng)
    canvas = Canvas(brief, paper)
    if rng.random() < 0.3:
        for top in np.arange(0.12, 0.98, 0.09):
            canvas.block((0, float(top), 1, float(top) + 0.004), (215, 180, 160))
    pen = pick_colour(_PENS, rng) if sum(paper) > 330 else WHITE
    lettering = brief.lettering
    face = lettering.pick(brief.script, rng)
    lines = [headline(brief.script, rng) for _ in range(int(rng.integers(1, 4)))]
    lines.append(telephone(brief.script, rng))
    step = 0.88 / len(lines)
    for index, line in enumerate(lines):
        top = 0.06 + step * (index + rng.uniform(0, 0.1))
        left = rng.uniform(0.04, 0.15)
        area = (left, top, rng.uniform(0.8, 0.97), top + step * rng.uniform(0.65, 0.9))
        canvas.place(lettering.write_by_hand(line, face, 40, rng), area, pen)
    return canvas.done(see_through=float(rng.uniform(0.05, 0.35)))
