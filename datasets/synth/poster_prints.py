"""Designs of printed sheets, from a photocopied A5 to an election poster."""

import numpy as np

from datasets.synth.poster_canvas import (
    BLACK,
    WHITE,
    Brief,
    Canvas,
    Colour,
    Sheet,
    pick_colour,
)
from datasets.synth.poster_texts import detail, headline, telephone

PAPERS: tuple[Colour, ...] = (
    WHITE, WHITE, WHITE, WHITE, (225, 235, 240), (90, 225, 250), (200, 190, 250), (60, 60, 215),
    (170, 235, 190), (240, 215, 170), (70, 160, 250),
)  # fmt: skip
"""White most often, then yellow, pink, red, green, blue and orange copy paper."""

INKS: tuple[Colour, ...] = (BLACK, BLACK, BLACK, (40, 35, 200), (170, 60, 30), (60, 110, 30))
VIVID: tuple[Colour, ...] = (
    (40, 40, 220), (30, 200, 250), (200, 90, 20), (80, 170, 30), (170, 50, 190), (40, 120, 250),
    (210, 170, 30), (60, 20, 120),
)  # fmt: skip
_LEAST_LINE_PX = 7  # a line that is less high shows no letters when it is seen in the scene
SKINS: tuple[Colour, ...] = ((150, 185, 230), (110, 145, 195), (70, 100, 150), (170, 200, 240))


def contrast_ink(paper: Colour, rng: np.random.Generator) -> Colour:
    """Choose an ink that can be read on a paper."""
    bright = 0.114 * paper[0] + 0.587 * paper[1] + 0.299 * paper[2]
    if bright < 120:
        return WHITE if rng.random() < 0.6 else (90, 230, 250)
    return pick_colour(INKS, rng)


def draw_small_print(
    canvas: Canvas, area: tuple[float, float, float, float], ink: Colour, rng: np.random.Generator
) -> None:
    """Fill an area with lines of details, ragged at the right."""
    brief = canvas.brief
    face = brief.lettering.pick(brief.script, rng)
    lines = int(rng.integers(2, 7))
    step = (area[3] - area[1]) / lines
    legible = step * canvas.height >= _LEAST_LINE_PX
    for index in range(lines):
        top = area[1] + index * step
        right = area[0] + (area[2] - area[0]) * rng.uniform(0.55, 1.0)
        line = (area[0], top, right, top + step * rng.uniform(0.55, 0.8))
        if legible:
            canvas.text(detail(brief.script, rng), face, line, ink)
        else:
            draw_far_words(canvas, line, ink, rng)


def draw_far_words(
    canvas: Canvas, area: tuple[float, float, float, float], ink: Colour, rng: np.random.Generator
) -> None:
    """Draw a line of words as it looks where letters are too small to be told apart."""
    left, top, right, bottom = canvas.corners_px(area)
    grain = rng.integers(0, 256, (bottom - top, max(2, right - left)))
    grain[:, rng.random(grain.shape[1]) < 0.2] = 0
    canvas.ink(grain.astype(np.uint8), left, top, ink)


def draw_notice(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw the common small ad: headline, small print, number."""
    paper = pick_colour(PAPERS, rng)
    canvas = Canvas(brief, paper)
    ink = contrast_ink(paper, rng)
    face = brief.lettering.pick(brief.script, rng)
    edge, split = rng.uniform(0.03, 0.1), rng.uniform(0.22, 0.4)
    title = headline(brief.script, rng)
    if rng.random() < 0.3:
        band = ink
        canvas.block((0, 0, 1, split), band)
        canvas.text(title, face, (edge, 0.05, 1 - edge, split - 0.04), paper)
    else:
        canvas.text(title, face, (edge, 0.06, 1 - edge, split), ink, stretch=rng.random() < 0.3)
    foot = rng.uniform(0.72, 0.84)
    second = ink if rng.random() < 0.7 else pick_colour(INKS, rng)
    draw_small_print(canvas, (edge, split + 0.05, 1 - edge, foot - 0.02), second, rng)
    number = telephone(brief.script, rng)
    canvas.text(number, face, (edge, foot, 1 - edge, 0.96), ink, stretch=rng.random() < 0.5)
    if rng.random() < 0.25:
        canvas.frame((0.015, 0.015, 0.985, 0.985), ink, 0.012)
    return canvas.done(see_through=float(rng.uniform(0.05, 0.3)))


def draw_shout(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw two or three huge lines: trade and number, nothing else."""
    paper = pick_colour(PAPERS + VIVID[:2], rng)
    canvas = Canvas(brief, paper)
    ink = contrast_ink(paper, rng)
    face = brief.lettering.pick(brief.script, rng)
    lines = [headline(brief.script, rng), telephone(brief.script, rng)]
    if brief.height_px > brief.width_px:
        lines.insert(1, headline(brief.script, rng))
    step = 0.94 / len(lines)
    for index, line in enumerate(lines):
        top = 0.04 + index * step
        area = (0.04, top, 0.96, top + step * 0.84)
        canvas.text(line, face, area, ink, stretch=rng.random() < 0.7)
    return canvas.done(see_through=float(rng.uniform(0.05, 0.3)))


def draw_strip(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a narrow vertical strip with letters one below the other, or a lying line."""
    paper = pick_colour(PAPERS, rng)
    canvas = Canvas(brief, paper)
    ink = contrast_ink(paper, rng)
    face = brief.lettering.pick(brief.script, rng)
    title, number = headline(brief.script, rng), telephone(brief.script, rng)
    if brief.width_px > brief.height_px:
        canvas.text(f"{title} {number}", face, (0.02, 0.15, 0.98, 0.85), ink)
    elif brief.script == "han":
        canvas.column(title, face, (0.12, 0.02, 0.88, 0.5), ink)
        canvas.column(number, face, (0.2, 0.52, 0.8, 0.99), ink)
    else:
        mask = brief.lettering.write(f"{title}  {number}", face, brief.width_px)
        turned = np.ascontiguousarray(np.rot90(mask, 1 if rng.random() < 0.5 else 3))
        canvas.place(turned, (0.12, 0.03, 0.88, 0.97), ink)
    return canvas.done(see_through=float(rng.uniform(0.05, 0.3)))


def draw_tear_off(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a notice with tabs to tear off below, some of them gone."""
    paper = pick_colour(PAPERS[:7], rng)
    canvas = Canvas(brief, paper)
    ink = contrast_ink(paper, rng)
    face = brief.lettering.pick(brief.script, rng)
    fringe = rng.uniform(0.68, 0.8)
    canvas.text(headline(brief.script, rng), face, (0.06, 0.05, 0.94, 0.24), ink)
    draw_small_print(canvas, (0.07, 0.29, 0.93, fringe - 0.05), ink, rng)
    alpha = np.full((canvas.height, canvas.width), 255, np.uint8)
    tabs = int(rng.integers(5, 11))
    number = brief.lettering.write(telephone(brief.script, rng), face, 24)
    turned = np.ascontiguousarray(np.rot90(number))
    gone_share = rng.uniform(0, 0.6)
    top = round(fringe * canvas.height)
    for tab in range(tabs):
        left, right = tab / tabs, (tab + 1) / tabs
        x0, x1 = round(left * canvas.width), round(right * canvas.width)
        if rng.random() < gone_share and tab > 0:
            alpha[top:, x0:x1] = 0
            continue
        canvas.place(turned, (left + 0.015, fringe + 0.01, right - 0.015, 0.99), ink)
        alpha[top:, x0 : x0 + 1] = 0
    return canvas.done(alpha, see_through=float(rng.uniform(0.05, 0.3)))


def draw_missing(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a photocopied sheet with a photo: lost, wanted, for sale."""
    paper = pick_colour(PAPERS[:6], rng)
    canvas = Canvas(brief, paper)
    grey = rng.random() < 0.6
    ink = BLACK if grey else contrast_ink(paper, rng)
    face = brief.lettering.pick(brief.script, rng)
    canvas.text(headline(brief.script, rng), face, (0.06, 0.04, 0.94, 0.2), ink)
    left = rng.uniform(0.06, 0.3)
    right, bottom = rng.uniform(left + 0.35, 0.94), rng.uniform(0.5, 0.68)
    canvas.picture((left, 0.24, right, bottom), rng, grey=grey)
    if rng.random() < 0.3:
        draw_portrait(canvas, (left, 0.24, right, bottom), rng)
    draw_small_print(canvas, (0.08, bottom + 0.04, 0.92, 0.86), ink, rng)
    canvas.text(telephone(brief.script, rng), face, (0.08, 0.87, 0.92, 0.97), ink)
    return canvas.done(see_through=float(rng.uniform(0.05, 0.3)))


def draw_portrait(
    canvas: Canvas, area: tuple[float, float, float, float], rng: np.random.Generator
) -> None:
    """Draw a head with shoulders, as it looks from across a street."""
    left, top, right, bottom = area
    wide, tall = right - left, bottom - top
    middle = left + wide * rng.uniform(0.4, 0.6)
    skin, cloth = pick_colour(SKINS, rng), pick_colour((*VIVID, WHITE, BLACK), rng)
    canvas.shape(
        [
            (middle - wide * 0.38, bottom),
            (middle - wide * 0.3, top + tall * 0.74),
            (middle, top + tall * 0.62),
            (middle + wide * 0.3, top + tall * 0.74),
            (middle + wide * 0.38, bottom),
        ],
        cloth,
    )
    head = (middle - wide * 0.19, top + tall * 0.16, middle + wide * 0.19, top + tall * 0.7)
    hair = (head[0] - wide * 0.03, top + tall * 0.1, head[2] + wide * 0.03, top + tall * 0.52)
    canvas.oval(hair, BLACK)
    canvas.oval((head[0], head[1] + tall * 0.06, head[2], head[3]), skin)
    shade: Colour = (skin[0] // 2, skin[1] // 2, skin[2] // 2)
    for side in (-1, 1):
        x = middle + side * wide * 0.08
        y = top + tall * 0.4
        canvas.oval((x - wide * 0.035, y - tall * 0.02, x + wide * 0.035, y + tall * 0.02), shade)
    y = top + tall * 0.57
    canvas.oval(
        (middle - wide * 0.07, y - tall * 0.02, middle + wide * 0.07, y + tall * 0.02), shade
    )


def draw_campaign(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a colourful poster: bands, faces or a picture, large letters."""
    first, second = pick_colour(VIVID, rng), pick_colour((*VIVID, WHITE), rng)
    canvas = Canvas(brief, first)
    slope = np.linspace(0, 1, canvas.height, dtype=np.float32)[:, None, None]
    mixed = np.array(first) * (1 - slope) + np.array(second) * slope
    canvas.pixels[:] = mixed.astype(np.uint8)
    face = brief.lettering.pick(brief.script, rng)
    top = rng.uniform(0.0, 0.3)
    faces = int(rng.integers(1, 4)) if rng.random() < 0.4 else 0
    for index in range(faces):
        left = 0.03 + index * 0.94 / faces
        draw_portrait(canvas, (left, top, left + 0.94 / faces, top + rng.uniform(0.35, 0.6)), rng)
    if not faces:
        edge = rng.choice([0.0, 0.05, 0.2])
        canvas.picture((edge, top, 1 - edge, top + rng.uniform(0.3, 0.6)), rng, grey=False)
    ink = WHITE if rng.random() < 0.6 else pick_colour((*VIVID, BLACK), rng)
    canvas.block((0, 0.62, 1, 0.8), pick_colour(VIVID, rng))
    canvas.text(headline(brief.script, rng), face, (0.04, 0.64, 0.96, 0.78), ink)
    canvas.text(headline(brief.script, rng), face, (0.06, 0.83, 0.94, 0.96), ink)
    return canvas.done(see_through=float(rng.uniform(0.05, 0.3)))


def draw_event(brief: Brief, rng: np.random.Generator) -> Sheet:
    """Draw a dark or plain poster with large shapes and few words."""
    ground = pick_colour((BLACK, BLACK, WHITE, *VIVID), rng)
    canvas = Canvas(brief, ground)
    if rng.random() < 0.4:
        top = rng.uniform(0, 0.3)
        canvas.picture((0, top, 1, top + rng.uniform(0.4, 0.7)), rng, grey=rng.random() < 0.4)
    for _ in range(int(rng.integers(0, 4))):
        x, y, size = rng.uniform(0, 1), rng.uniform(0, 0.8), rng.uniform(0.15, 0.6)
        colour = pick_colour((*VIVID, WHITE, BLACK), rng)
        if rng.random() < 0.5:
            canvas.oval((x - size / 2, y - size / 2, x + size / 2, y + size / 2), colour)
        else:
            points = [tuple(rng.uniform(-0.1, 1.1, 2)) for _ in range(3)]
            canvas.shape(points, colour)
    ink = contrast_ink(ground, rng)
    face = brief.lettering.pick(brief.script, rng)
    for _ in range(int(rng.integers(1, 4))):
        top = rng.uniform(0.03, 0.8)
        area = (0.05, top, 0.95, top + rng.uniform(0.08, 0.2))
        canvas.text(headline(brief.script, rng), face, area, ink)
    return canvas.done(see_through=float(rng.uniform(0.05, 0.3)))
