"""Large containers: skips, sloped-lid dumpsters, side-loading street containers, igloos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import labels
import materials as mat
import rubbish
import shapes
from bins_wheeled import BODY_COLOURS
from kit import BLACK, Kit, Vessel, lathe, tub
from loose import Loose


def _paint(kit: Kit, colour: mat.Colour | None = None) -> Any:
    """Rough painted steel."""
    rng = kit.rng
    tone = colour or kit.vary(rng.choice((*BODY_COLOURS, (0.55, 0.3, 0.02), (0.1, 0.25, 0.4))))
    return kit.paint(
        tone,
        variation=rng.uniform(0.2, 0.6),
        scale=3,
        roughness=0.6,
        bump=0.15,
        soot=rng.uniform(0.3, 1),
    )


def skip(kit: Kit, *, full: bool) -> Vessel:
    """An open steel skip with sloped ends."""
    rng = kit.rng
    skin = _paint(kit)
    half, deep, tall = rng.uniform(1.3, 1.9), rng.uniform(0.75, 0.95), rng.uniform(1.0, 1.4)
    tub(
        (half * rng.uniform(0.6, 0.8), deep * 0.9),
        (half, deep),
        (0.08, tall),
        skin,
        _paint(kit, (0.1, 0.07, 0.05)),
        fill=0.45,
    )
    rims = [((half * 2.04, 0.07, 0.08), (0, s * deep, tall)) for s in (-1, 1)]
    rims += [((0.07, deep * 2.04, 0.08), (s * half, 0, tall)) for s in (-1, 1)]
    rims += [
        ((0.07, 0.06, tall * 0.85), (x * half, -deep * 0.97, tall * 0.55))
        for x in (-0.6, -0.2, 0.2, 0.6)
    ]
    shapes.boxes(rims, skin)
    for x in (-0.5, 0.5):
        for s in (-1, 1):
            shapes.tube(
                (x * half, s * (deep + 0.02), tall * 0.7),
                (x * half, s * (deep + 0.1), tall * 0.7),
                0.05,
                kit.steel(),
            )
    if rng.random() < 0.6:
        kit.decal(
            kit.picture(labels.plate(rng, kit.font)),
            (0.6, 0.3),
            (half * 0.0, -deep * 1.0 - 0.01, tall * 0.5),
            (-4, 0, 0),
        )
    return Vessel(
        (0, 0, tall if full else tall * 0.5), (half * 0.85, deep * 0.85), (half * 0.9, deep)
    )


def dumpster(kit: Kit, *, full: bool) -> Vessel:
    """A front-loading dumpster: high back, sloped front edge, two plastic lids."""
    rng = kit.rng
    skin, dark = _paint(kit), kit.plain(BLACK, 0.5)
    half, deep, back, front = 0.92, 0.6, rng.uniform(1.3, 1.55), rng.uniform(0.95, 1.15)
    outline = [(-deep, 0.12), (-deep * 1.05, front), (deep, back), (deep, 0.12)]
    shapes.prism(outline, half * 2, skin, bevel_m=0.01)
    shapes.boxes(
        [((half * 2.08, 0.06, 0.1), (0, -deep * 1.06, z)) for z in (front - 0.06, 0.4)]
        + [((0.12, deep * 1.3, 0.14), (s * (half + 0.06), 0, 0.75)) for s in (-1, 1)],
        skin,
    )
    for x in (-0.75, 0.75):
        for y in (-0.45, 0.45):
            shapes.tube((x - 0.03, y, 0.07), (x + 0.03, y, 0.07), 0.07, dark)
    slope = (deep * 1.05, (back - front) / 2)
    hole = shapes.prism(
        [(-deep, front + 0.012), (deep * 0.95, back + 0.012), (deep * 0.95, back), (-deep, front)],
        half * 1.92,
        dark,
    )
    hole.name = "mouth"
    for side in (-1, 1):
        shut = (not full) or rng.random() < 0.35
        rise = 0.0 if shut else rng.uniform(0.35, 1.3)
        back_y = deep + (0.25 if rise > 1 else 0)
        far_y = -deep * 1.1 if rise < 1 else deep * 0.9
        lid = [
            (deep, back + 0.03),
            (far_y, front + 0.03 + rise),
            (far_y, front + 0.06 + rise),
            (back_y, back + 0.07),
        ]
        leaf = shapes.prism(lid, half * 0.97, dark if rng.random() < 0.99 else skin, bevel_m=0.006)
        shapes.place(leaf, (side * half * 0.5, 0, 0))
    if rng.random() < 0.7:
        kit.decal(
            kit.picture(labels.plate(rng, kit.font)),
            (0.5, 0.25),
            (rng.uniform(-0.4, 0.4), -deep * 1.05 - 0.01, 0.72),
            (-2, 0, 0),
        )
    return Vessel((0, -0.1, front + slope[1]), (half * 0.85, deep * 0.7), (half, deep))


def ribbed(kit: Kit, *, full: bool) -> Vessel:
    """The two-metre ribbed container with a gabled lid."""
    state = kit.rng.getstate()
    rubbish.container((0, 0, 0), 0, lid_open=full and kit.rng.random() < 0.75)
    kit.rng.setstate(state)
    tone = kit.vary(kit.rng.choice(BODY_COLOURS))
    if kit.rng.random() < 0.75:  # the shared builder paints it green
        for material in [m for m in _materials() if m.name.startswith("weathered")][:2]:
            for node in material.node_tree.nodes:
                if node.type == "VECT_MATH" and node.operation == "SCALE":
                    node.inputs[0].default_value = tone
    return Vessel((0, -0.2, 1.24), (0.85, 0.42), (1.0, 0.7))


def _materials() -> list[Any]:
    """The file's materials in the order they were made."""
    import bpy

    return sorted(bpy.data.materials, key=lambda m: m.name)


def igloo(kit: Kit, *, full: bool) -> Vessel:
    """A bell for glass or paper, or a rounded side-loading container, with mouths in its flank."""
    rng = kit.rng
    skin, dark = _paint(kit), kit.plain(BLACK)
    wide, deep, tall = rng.uniform(0.6, 0.95), rng.uniform(0.55, 0.7), rng.uniform(1.35, 1.75)
    bell = rng.random() < 0.5
    if bell:
        profile = (
            (wide * 0.9, 0.03),
            (wide, 0.2),
            (wide * 0.98, tall * 0.55),
            (wide * 0.8, tall * 0.8),
            (wide * 0.45, tall * 0.96),
            (0.01, tall),
        )
        lathe(profile, skin, around=24)
        y = -wide * 0.9
    else:
        low = [
            (-wide * 0.9, -deep * 0.9, 0.1),
            (wide * 0.9, -deep * 0.9, 0.1),
            (wide * 0.9, deep * 0.9, 0.1),
            (-wide * 0.9, deep * 0.9, 0.1),
        ]
        high = [
            (-wide, -deep, tall * 0.8),
            (wide, -deep, tall * 0.8),
            (wide, deep, tall * 0.8),
            (-wide, deep, tall * 0.8),
        ]
        crown = [(x * 0.75, yy * 0.6, tall) for x, yy, _ in high]
        shapes.hexahedron(low, high, skin, bevel_m=0.08)
        shapes.hexahedron(high, crown, skin, bevel_m=0.05)
        y = -deep * 0.99
    mouth_z = tall * 0.66
    shapes.tube((0, y - 0.04, mouth_z), (0, y + 0.1, mouth_z), 0.17, dark)
    image = (
        labels.sort_label(rng, kit.font, rng.choice(labels.SORTS))
        if rng.random() < 0.5
        else labels.plate(rng, kit.font)
    )
    kit.decal(
        kit.picture(image),
        (0.42, 0.36),
        (0, y - 0.13 if bell else y - 0.01, tall * 0.36),
        (0, 0, 0),
    )
    if full:
        Loose(kit).stuff(Vessel((0, y - 0.06, mouth_z), (0.14, 0.12), (0, 0), side_mouth=True))
    return Vessel((0, 0, tall), (0.1, 0.1), (wide, wide if bell else deep))


KINDS: tuple[tuple[Callable[..., Vessel], float], ...] = (
    (skip, 2),
    (dumpster, 3),
    (ribbed, 2),
    (igloo, 1.5),
)


def one(kit: Kit, *, full: bool) -> str:
    """A large container; when full, stuffed and with heaps against it."""
    builders, weights = zip(*KINDS, strict=True)
    make = kit.rng.choices(builders, weights)[0]
    vessel = make(kit, full=full)
    if full:
        loose = Loose(kit)
        if make is not igloo:
            loose.stuff(vessel)
        if make is igloo or kit.rng.random() < 0.75:
            loose.beside(vessel)
            loose.beside(vessel)
    return str(make.__name__)


def rubbish_heap(kit: Kit) -> str:
    """A heap with no container: bags, boxes, loose rubbish, now and then old furniture."""
    rng = kit.rng
    loose = Loose(kit)
    reach = (rng.uniform(0.3, 1.3), rng.uniform(0.25, 0.6))
    loose.heap((0, 0, 0), reach, rng.uniform(0.05, 0.6), int(rng.uniform(5, 28) * (reach[0] + 0.3)))
    loose.litter((0, -0.2, 0), (reach[0] * 1.1, reach[1] * 1.1), rng.randrange(4, 50))
    if rng.random() < 0.12:  # a mattress or a board leans behind
        colour = kit.paint(
            kit.vary(rng.choice(((0.5, 0.48, 0.42), (0.3, 0.2, 0.1)))), variation=0.3
        )
        with kit.group((rng.uniform(-0.4, 0.4), reach[1] * 0.6, 0), rng.uniform(-20, 20)):
            size = (rng.uniform(0.5, 1.3), rng.uniform(0.03, 0.16), rng.uniform(0.5, 1.0))
            shapes.box(size, (0, 0, size[2] / 2), colour, bevel_m=0.02)
    return "heap"
