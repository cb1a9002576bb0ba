"""Litter bins of pavements and parks: dual boxes, baskets, poles, drums, concrete, stations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import labels
import materials as mat
import shapes
from kit import BLACK, STEEL, Kit, Vessel, lathe
from loose import Loose

CASES: tuple[mat.Colour, ...] = (
    (0.45, 0.46, 0.47), (0.03, 0.16, 0.06), (0.06, 0.22, 0.1), (0.09, 0.09, 0.1),
    (0.25, 0.15, 0.08), (0.02, 0.06, 0.2), (0.5, 0.32, 0.03), (0.35, 0.03, 0.03),
    (0.55, 0.54, 0.5), (0.02, 0.02, 0.02),
)  # fmt: skip


def _case(kit: Kit) -> Any:
    """Stainless steel or paint."""
    if kit.rng.random() < 0.3:
        return kit.paint(STEEL, variation=0.15, roughness=0.35, metallic=0.9, bump=0, soot=0.2)
    colour = kit.vary(kit.rng.choice(CASES))
    return kit.paint(
        colour, variation=0.25, roughness=0.5, bump=0, soot=kit.rng.choice((0.1, 0.5, 0.8))
    )


def dual(kit: Kit, *, full: bool, loose: Loose) -> Vessel:
    """Two boxes side by side with a mouth each under one roof."""
    rng = kit.rng
    case, dark = _case(kit), kit.plain(BLACK)
    wide, deep, tall = rng.uniform(0.36, 0.48), rng.uniform(0.32, 0.42), rng.uniform(0.7, 0.85)
    gap, feet = rng.choice((0.02, 0.08, 0.14)), rng.choice((0.03, 0.14))
    mouth_z = feet + tall * rng.uniform(0.74, 0.85)
    order = rng.choice(((0, 1), (1, 0), (0, 2)))
    coloured = rng.random() < 0.5
    for k, side in enumerate((-1, 1)):
        x = side * (wide + gap) / 2
        tone = labels.SORTS[order[k]][2]
        skin = (
            kit.paint(tuple((c / 255) ** 2.2 for c in tone), roughness=0.5, bump=0)
            if coloured
            else case
        )
        shapes.box((wide, deep, tall), (x, 0, feet + tall / 2), skin, bevel_m=0.012)
        shapes.box((wide * 0.7, 0.02, 0.14), (x, -deep / 2, mouth_z), dark)
        image = labels.sort_label(rng, kit.font, labels.SORTS[order[k]])
        kit.decal(
            kit.picture(image), (0.18, 0.2), (x, -deep / 2 - 0.004, feet + tall * 0.4), (0, 0, 0)
        )
        if full:
            loose.stuff(
                Vessel((x, -deep / 2 - 0.02, mouth_z), (wide * 0.3, 0.09), (0, 0), side_mouth=True)
            )
    span = 2 * wide + gap
    top = feet + tall
    posts = [
        ((0.04, deep, top + 0.14), (s * (span / 2 + 0.03), 0, (top + 0.14) / 2))
        for s in (-1, 0, 1)
        if s or gap > 0.1
    ]
    shapes.boxes(posts, case, bevel_m=0.006)
    if rng.random() < 0.5:
        shapes.box((span + 0.16, deep + 0.1, 0.035), (0, 0, top + 0.15), case, bevel_m=0.012)
    else:
        arch = [
            (-deep * 0.6, top + 0.1),
            (deep * 0.6, top + 0.1),
            (deep * 0.35, top + 0.22),
            (-deep * 0.35, top + 0.22),
        ]
        shapes.prism(arch, span + 0.14, case, bevel_m=0.015)
    if rng.random() < 0.5:
        shapes.tube((0, -deep * 0.2, top + 0.15), (0, -deep * 0.2, top + 0.2), 0.09, kit.steel())
    return Vessel((0, 0, top), (0.2, 0.1), (span / 2, deep / 2))


def basket(kit: Kit, *, full: bool, loose: Loose) -> Vessel:
    """A round basket of bars or mesh, or a perforated drum, open above."""
    rng = kit.rng
    skin, radius, tall = _case(kit), rng.uniform(0.2, 0.32), rng.uniform(0.6, 0.9)
    flare = rng.uniform(1.0, 1.3)
    count = rng.choice((16, 24, 30))
    for i in range(count):
        turn = 2 * math.pi * i / count
        x, y = math.cos(turn), math.sin(turn)
        low, high = (x * radius, y * radius, 0.06), (x * radius * flare, y * radius * flare, tall)
        bar = shapes.tube(low, high, 0.009 if rng.random() < 0.5 else 0.012, skin)
        bar.name = "bar"
    for level in (0.02, 0.35, 0.7, 1.0):
        r = radius * (1 + (flare - 1) * level)
        z = 0.06 + (tall - 0.06) * level
        lathe(
            ((r, z - 0.012), (r + 0.012, z), (r, z + 0.012), (r - 0.006, z), (r, z - 0.012)),
            skin,
            around=28,
        )
    liner = rng.choice(((0.015, 0.015, 0.016), (0.55, 0.55, 0.53), (0.03, 0.13, 0.4)))
    fold = (
        (radius * 0.9, 0.08),
        (radius * flare * 0.97, tall - 0.02),
        (radius * flare * 1.06, tall + 0.01),
        (radius * flare * 1.08, tall - 0.12),
    )
    lathe(fold if rng.random() < 0.6 else fold[:2], kit.film(liner), around=28)
    lathe(((0.0, tall * 0.5), (radius * 0.97, tall * 0.5)), kit.plain(BLACK))
    vessel = Vessel((0, 0, tall), (radius * flare * 0.7, radius * flare * 0.7), (radius, radius))
    if full:
        loose.stuff(vessel)
    return vessel


def drum(kit: Kit, *, full: bool, loose: Loose) -> Vessel:
    """A closed cylinder: open top, dome with a mouth, ash tray, concrete with pebbles."""
    rng = kit.rng
    concrete = rng.random() < 0.35
    skin = (
        kit.paint(kit.vary((0.4, 0.38, 0.35)), variation=0.4, scale=30, bump=0.6, soot=0.6)
        if concrete
        else _case(kit)
    )
    radius, tall = rng.uniform(0.19, 0.34), rng.uniform(0.65, 1.0)
    around = rng.choice((4, 6, 8, 24, 24, 24))
    lathe(
        (
            (radius * 0.94, 0.0),
            (radius, 0.04),
            (radius, tall),
            (radius * 0.9, tall + 0.015),
            (radius * 0.88, tall * 0.75),
        ),
        skin,
        around=around,
        smooth=around > 8,
    )
    lathe(((0.0, tall * 0.75), (radius * 0.88, tall * 0.75)), kit.plain(BLACK), around=around)
    if rng.random() < 0.5:
        band = kit.paint(rng.choice(CASES), bump=0)
        lathe(
            (
                (radius * 1.005, tall * 0.8),
                (radius * 1.02, tall * 0.82),
                (radius * 1.02, tall * 0.93),
                (radius * 1.005, tall * 0.95),
            ),
            band,
            around=around,
            smooth=around > 8,
        )
    vessel = Vessel((0, 0, tall), (radius * 0.65, radius * 0.65), (radius, radius))
    if rng.random() < 0.4:  # a dome or flat roof on struts
        roof = tall + 0.2
        for s in (-1, 1):
            shapes.tube(
                (s * radius * 0.85, 0, tall), (s * radius * 0.85, 0, roof), 0.015, kit.steel()
            )
        height = rng.choice((0.03, 0.12))
        lathe(
            (
                (0.001, roof + height),
                (radius * 0.6, roof + height * 0.8),
                (radius * 1.08, roof),
                (0.001, roof),
            ),
            skin,
            around=24,
        )
    if rng.random() < 0.6:
        image = (
            labels.plate(rng, kit.font)
            if rng.random() < 0.5
            else labels.sort_label(rng, kit.font, rng.choice(labels.SORTS))
        )
        kit.decal(
            kit.picture(image),
            (radius * 0.8, radius * 0.7),
            (0, -radius * 1.03, tall * 0.45),
            (0, 0, 0),
        )
    if full:
        loose.stuff(vessel)
    return vessel


def on_pole(kit: Kit, *, full: bool, loose: Loose) -> Vessel:
    """A small bin that hangs on a post."""
    rng = kit.rng
    skin, dark = _case(kit), kit.plain(BLACK)
    post = rng.uniform(1.05, 1.5)
    shapes.tube(
        (0, 0.17, 0),
        (0, 0.17, post),
        rng.uniform(0.025, 0.05),
        kit.paint(rng.choice(CASES), bump=0),
    )
    top, tall, radius = rng.uniform(0.85, 1.05), rng.uniform(0.4, 0.6), rng.uniform(0.15, 0.22)
    around = rng.choice((4, 20))
    profile = (
        (0.001, top - tall),
        (radius * 0.8, top - tall),
        (radius, top),
        (radius * 0.9, top),
        (radius * 0.85, top - 0.15),
        (0.001, top - 0.15),
    )
    body = lathe(profile, skin, around=around, smooth=around > 4)
    shapes.place(body, (0, 0, 0), (0, 0, 45))
    shapes.box((0.06, 0.1, 0.1), (0, 0.13, top - 0.2), dark)
    if rng.random() < 0.45:
        shapes.prism(
            [(-radius, top + 0.16), (0.16, top + 0.2), (0.16, top + 0.23), (-radius, top + 0.19)],
            radius * 2,
            skin,
        )
        shapes.box((radius * 1.4, 0.02, 0.22), (0, 0.14, top + 0.1), skin)
    kit.decal(
        kit.picture(labels.plate(rng, kit.font)),
        (radius, radius * 0.5),
        (0, -radius * 0.9, top - tall * 0.5),
        (0, 0, 0),
    )
    vessel = Vessel((0, 0, top), (radius * 0.65, radius * 0.65), (0.12, 0.14))
    if full:
        loose.stuff(vessel)
        loose.bag((0.1, -0.05, top - 0.05), 0.45)
    return vessel


def station(kit: Kit, *, full: bool, loose: Loose) -> Vessel:
    """A collecting station: a cabinet with flaps or carts under a roof with a notice board."""
    rng = kit.rng
    case, dark = _case(kit), kit.plain(BLACK)
    count, pitch, tall = rng.randrange(2, 5), 0.72, rng.uniform(1.1, 1.3)
    span = count * pitch
    order = rng.sample(range(4), 4)
    shapes.box((span + 0.08, 0.75, tall), (0, 0, tall / 2 + 0.04), case, bevel_m=0.015)
    for i in range(count):
        x = (i - (count - 1) / 2) * pitch
        sort = labels.SORTS[order[i]]
        skin = kit.paint(tuple((c / 255) ** 2.2 for c in sort[2]), roughness=0.4, bump=0)
        shapes.box((pitch * 0.86, 0.03, tall * 0.55), (x, -0.38, tall * 0.36), skin, bevel_m=0.008)
        shapes.box((pitch * 0.7, 0.03, 0.26), (x, -0.375, tall * 0.83), dark)
        kit.decal(
            kit.picture(labels.sort_label(rng, kit.font, sort)),
            (0.3, 0.33),
            (x, -0.402, tall * 0.36),
            (0, 0, 0),
        )
        if full and rng.random() < 0.75:
            loose.stuff(
                Vessel((x, -0.42, tall * 0.83), (pitch * 0.33, 0.15), (0, 0), side_mouth=True)
            )
            loose.bag((x, -0.5, tall * 0.68), 0.7)
        elif not full and rng.random() < 0.7:
            shapes.box((pitch * 0.74, 0.03, 0.28), (x, -0.39, tall * 0.83), skin, bevel_m=0.01)
    roof = rng.uniform(1.9, 2.3)
    if rng.random() < 0.7:
        for s in (-1, 1):
            shapes.tube((s * span / 2, 0.33, 0), (s * span / 2, 0.33, roof), 0.035, case)
        shapes.box(
            (span, 0.03, roof - tall - 0.25),
            (0, 0.35, (roof + tall) / 2 + 0.1),
            kit.picture_board(),
            bevel_m=0,
        )
        shapes.prism(
            [(-0.55, roof + 0.1), (0.45, roof), (0.45, roof + 0.05), (-0.55, roof + 0.15)],
            span + 0.3,
            case,
        )
    return Vessel((0, 0, tall), (span * 0.45, 0.3), (span / 2, 0.4))


KINDS: tuple[tuple[Callable[..., Vessel], float], ...] = (
    (dual, 4),
    (basket, 3),
    (drum, 3),
    (on_pole, 2),
    (station, 2),
)


def one(kit: Kit, *, full: bool) -> str:
    """A litter bin; when full also things lie round its foot."""
    builders, weights = zip(*KINDS, strict=True)
    make = kit.rng.choices(builders, weights)[0]
    loose = Loose(kit)
    vessel = make(kit, full=full, loose=loose)
    if full and kit.rng.random() < 0.85:
        loose.beside(vessel)
    return str(make.__name__)
