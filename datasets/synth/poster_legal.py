"""Designs of what hangs rightly in a street and looks like an ad: signs, plates, notices."""

import numpy as np

from datasets.synth.lettering import Typeface
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
from datasets.synth.poster_prints import VIVID, contrast_ink, draw_small_print
from datasets.synth.poster_texts import LABELS, NOTICES, SHOPS, STREETS, choose_local

BLUE: Colour = (160, 80, 20)
GREEN: Colour = (90, 130, 20)
RED: Colour = (35, 30, 200)
YELLOW: Colour = (20, 205, 250)
_METALS: tuple[Colour, ...] = ((185, 188, 190), (90, 150, 185), (140, 145, 150), (60, 62, 66))


def _board(canvas: Canvas, lift: float = 0.5) -> Sheet:
    """Finish as something thick, flat and hard."""
    return canvas.done(see_through=0.03, lift=lift)


def pick_sign_face(brief: Brief, rng: np.random.Generator) -> Typeface:
    """Choose a typeface for what signs say; that is Latin where Bengali is read."""
    return brief.lettering.pick("latin" if brief.script == "bengali" else brief.script, rng)


def draw_shop_sign(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a name board over a shop."""
    ground = pick_colour((*VIVID, WHITE, BLACK, RED, GREEN, BLUE), rng)
    canvas = Canvas(brief, ground)
    face = pick_sign_face(brief, rng)
    ink = contrast_ink(ground, rng)
    left = 0.05
    if rng.random() < 0.5:
        left = 0.25
        canvas.oval((0.04, 0.15, 0.21, 0.85), pick_colour((*VIVID, WHITE), rng))
    canvas.text(
        choose_local(SHOPS, brief.script, rng),
        face,
        (left, 0.15, 0.95, 0.75),
        ink,
        stretch=rng.random() < 0.3,
    )
    if rng.random() < 0.5:
        canvas.text(choose_local(SHOPS, brief.script, rng), face, (left, 0.8, 0.95, 0.95), ink)
    canvas.frame((0, 0, 1, 1), pick_colour((*_METALS, ground), rng), 0.04)
    return _board(canvas)


def draw_door_plate(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a house number or street name on enamel."""
    ground = pick_colour((BLUE, BLUE, GREEN, RED, WHITE, (90, 60, 30)), rng)
    canvas = Canvas(brief, ground)
    ink = WHITE if sum(ground) < 560 else BLACK
    face = pick_sign_face(brief, rng)
    number = str(int(rng.integers(1, 400)))
    if rng.random() < 0.6:
        canvas.text(choose_local(STREETS, brief.script, rng), face, (0.1, 0.1, 0.9, 0.38), ink)
        canvas.text(number, face, (0.1, 0.45, 0.9, 0.9), ink)
    else:
        canvas.text(number, face, (0.12, 0.15, 0.88, 0.85), ink)
    canvas.frame((0.03, 0.05, 0.97, 0.95), ink, 0.035)
    alpha = rounded_alpha(canvas.width, canvas.height, 0.08)
    return canvas.done(alpha, see_through=0.0, lift=0.4)


def draw_official_notice(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a board of the authorities: head band, neat lines, margin."""
    ground = pick_colour((BLUE, BLUE, GREEN, WHITE, WHITE, RED), rng)
    canvas = Canvas(brief, ground)
    ink = WHITE if sum(ground) < 560 else BLACK
    face = pick_sign_face(brief, rng)
    band = ground
    if ground[1] > 200:
        band = pick_colour((BLUE, RED, GREEN), rng)
        canvas.block((0, 0, 1, 0.2), band)
    head = WHITE if sum(band) < 560 else BLACK
    canvas.text(choose_local(NOTICES, brief.script, rng), face, (0.1, 0.04, 0.9, 0.17), head)
    step = float(rng.uniform(0.05, 0.1))
    for top in np.arange(0.27, 0.84, step):
        area = (0.1, float(top), rng.uniform(0.6, 0.9), float(top) + step * 0.5)
        canvas.text(
            choose_local(NOTICES + LABELS, brief.script, rng) * 2, face, area, ink, stretch=True
        )
    if rng.random() < 0.5:
        canvas.oval((0.7, 0.84, 0.84, 0.95), RED if ground[1] > 200 else WHITE)
    canvas.frame((0, 0, 1, 1), pick_colour((*_METALS, ink), rng), 0.025)
    return _board(canvas)


def draw_traffic_sign(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a round, triangular, square or eight-sided sign."""
    form = int(rng.integers(5))
    face = brief.lettering.pick("latin", rng)
    canvas = Canvas(brief, WHITE)
    alpha = oval_alpha(canvas.width, canvas.height)
    if form == 0:
        canvas.pixels[:] = RED
        canvas.oval((0.13, 0.13, 0.87, 0.87), WHITE)
        canvas.text(str(int(rng.integers(1, 13)) * 10), face, (0.25, 0.3, 0.75, 0.7), BLACK)
    elif form == 1:
        canvas.pixels[:] = BLUE if rng.random() < 0.6 else RED
        if rng.random() < 0.5:
            canvas.block((0.18, 0.4, 0.82, 0.6), WHITE)
        else:
            canvas.shape([(0.5, 0.15), (0.75, 0.45), (0.58, 0.45), (0.58, 0.82)], WHITE)
            canvas.shape([(0.5, 0.15), (0.25, 0.45), (0.42, 0.45), (0.42, 0.82)], WHITE)
            canvas.block((0.42, 0.4, 0.58, 0.82), WHITE)
    elif form == 2:
        return _draw_triangle(canvas, rng)
    elif form == 3:
        canvas.pixels[:] = BLUE
        canvas.text("P" if rng.random() < 0.6 else "H", face, (0.25, 0.2, 0.75, 0.8), WHITE)
        canvas.frame((0.03, 0.03, 0.97, 0.97), WHITE, 0.03)
        alpha = rounded_alpha(canvas.width, canvas.height, 0.1)
    else:
        canvas.pixels[:] = RED
        corner = Canvas(brief, (0, 0, 0))
        cut = 0.29
        points = [(cut, 0.0), (1 - cut, 0), (1, cut), (1, 1 - cut), (1 - cut, 1), (cut, 1)]
        corner.shape([*points, (0, 1 - cut), (0, cut)], (255, 255, 255))
        alpha = np.ascontiguousarray(corner.pixels[..., 0])
        canvas.text("STOP", face, (0.12, 0.34, 0.88, 0.66), WHITE)
    return canvas.done(alpha, see_through=0.0, lift=0.4)


def _draw_triangle(canvas: Canvas, rng: np.random.Generator) -> Sheet:
    yellow = rng.random() < 0.6
    canvas.pixels[:] = BLACK if yellow else RED
    canvas.shape([(0.5, 0.14), (0.9, 0.92), (0.1, 0.92)], YELLOW if yellow else WHITE)
    if rng.random() < 0.5:
        bolt = [(0.52, 0.3), (0.38, 0.64), (0.5, 0.62), (0.46, 0.86), (0.63, 0.54), (0.51, 0.56)]
        canvas.shape(bolt, BLACK)
    else:
        canvas.block((0.46, 0.38, 0.54, 0.7), BLACK)
        canvas.oval((0.45, 0.76, 0.55, 0.86), BLACK)
    outline = Canvas(canvas.brief, (0, 0, 0))
    outline.shape([(0.5, 0.0), (1.0, 1.0), (0.0, 1.0)], (255, 255, 255))
    return canvas.done(np.ascontiguousarray(outline.pixels[..., 0]), see_through=0.0, lift=0.3)


def draw_pictogram(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a safety label: sign above, one or two words below."""
    kind = int(rng.integers(3))
    ground = (WHITE, YELLOW, WHITE)[kind] if rng.random() < 0.7 else pick_colour((GREEN, BLUE), rng)
    canvas = Canvas(brief, ground)
    face = pick_sign_face(brief, rng)
    upright = brief.height_px >= brief.width_px
    sign = (0.18, 0.08, 0.82, 0.66) if upright else (0.06, 0.12, 0.42, 0.88)
    words = (0.08, 0.72, 0.92, 0.92) if upright else (0.48, 0.3, 0.94, 0.7)
    left, top, right, bottom = sign
    wide, tall = right - left, bottom - top
    if kind == 0:
        canvas.oval(sign, RED, 0.09)
        low, high = top + tall * 0.46, top + tall * 0.56
        canvas.block((left + wide * 0.22, low, right - wide * 0.22, high), BLACK)
        slash = [(0.16, 0.2), (0.24, 0.13), (0.86, 0.8), (0.79, 0.87)]
        canvas.shape([(left + x * wide, top + y * tall) for x, y in slash], RED)
    elif kind == 1:
        triangle = [(0.5, 0.0), (1.0, 0.95), (0.0, 0.95)]
        canvas.shape([(left + x * wide, top + y * tall) for x, y in triangle], BLACK)
        triangle = [(0.5, 0.16), (0.85, 0.86), (0.15, 0.86)]
        canvas.shape([(left + x * wide, top + y * tall) for x, y in triangle], YELLOW)
        bolt = [(0.53, 0.32), (0.42, 0.6), (0.5, 0.6), (0.46, 0.82), (0.6, 0.54), (0.52, 0.54)]
        canvas.shape([(left + x * wide, top + y * tall) for x, y in bolt], BLACK)
    else:
        ink = pick_colour((GREEN, BLUE, RED, BLACK), rng)
        for turn in range(3):  # three bent arrows, as on bins
            angles = np.array([0.0, 0.5, 1.2, 1.5, 0.9, 0.3]) + turn * 2 * np.pi / 3
            reach = np.array([0.5, 0.52, 0.5, 0.36, 0.26, 0.32])
            xs = left + wide * (0.5 + reach * np.cos(angles))
            ys = top + tall * (0.5 + reach * np.sin(angles))
            canvas.shape([(float(x), float(y)) for x, y in zip(xs, ys, strict=True)], ink)
    ink = BLACK if sum(ground) > 400 else WHITE
    canvas.text(choose_local(LABELS, brief.script, rng), face, words, ink)
    radius = float(rng.choice([0.02, 0.12]))
    return canvas.done(
        rounded_alpha(canvas.width, canvas.height, radius), see_through=0.02, lift=0.1
    )


def draw_price_card(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a shop's own card: what it costs, when it opens."""
    ground = pick_colour((WHITE, YELLOW, RED, (110, 70, 40), BLACK), rng)
    canvas = Canvas(brief, ground)
    ink = contrast_ink(ground, rng)
    face = pick_sign_face(brief, rng)
    canvas.text(choose_local(SHOPS, brief.script, rng), face, (0.1, 0.08, 0.9, 0.28), ink)
    price = f"{rng.integers(2, 100)}.{rng.integers(0, 10)}0"
    canvas.text(f"¥{price}" if brief.script == "han" else price, face, (0.1, 0.36, 0.9, 0.7), ink)
    draw_small_print(canvas, (0.1, 0.75, 0.9, 0.94), ink, rng)
    return _board(canvas, 0.2)


def draw_plaque(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a small metal plate with engraved lines and screws."""
    ground = pick_colour(_METALS, rng)
    canvas = Canvas(brief, ground)
    shine = np.linspace(rng.uniform(0.7, 1.3), rng.uniform(0.7, 1.3), canvas.height)
    canvas.pixels[:] = np.clip(canvas.pixels * shine[:, None, None], 0, 255).astype(np.uint8)
    ink = BLACK if sum(ground) > 300 else (150, 190, 205)
    face = pick_sign_face(brief, rng)
    lines = int(rng.integers(1, 6))
    for index in range(lines):
        top = 0.15 + index * 0.72 / lines
        area = (0.12, top, 0.88, top + 0.5 / lines)
        canvas.text(choose_local(NOTICES + SHOPS + STREETS, brief.script, rng), face, area, ink)
    for x in (0.03, 0.93):
        canvas.oval((x, 0.45, x + 0.04, 0.55), BLACK)
    return _board(canvas, 0.5)
