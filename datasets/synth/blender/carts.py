"""Vending on wheels: tricycles, pushcarts with glass cases, food carts, vans, grills."""

from __future__ import annotations

import math
from collections.abc import Callable

import materials as mat
import shapes
import stalls
from covers import canvas, umbrella, wheel
from kit import BLACK, Kit
from people import person
from vans import van

FRAMES: tuple[mat.Colour, ...] = (
    (0.4, 0.03, 0.03),
    (0.03, 0.1, 0.35),
    (0.04, 0.2, 0.1),
    (0.1, 0.1, 0.11),
    (0.5, 0.5, 0.5),
    (0.02, 0.2, 0.3),
)


def tricycle_body(kit: Kit, *, motor: bool) -> tuple[float, tuple[float, float]]:
    """A cargo tricycle, bed at the origin, front towards +x; returns bed height, half extents."""
    rng = kit.rng
    paint = kit.paint(kit.vary(rng.choice(FRAMES)), variation=0.3, roughness=0.5, bump=0, soot=0.4)
    dark = kit.plain(BLACK, 0.6)
    half, z = (rng.uniform(0.65, 0.9), rng.uniform(0.42, 0.55)), 0.56
    shapes.box((half[0] * 2, half[1] * 2, 0.05), (0, 0, z), paint)
    side = rng.uniform(0.12, 0.32)
    shapes.boxes(
        [((half[0] * 2, 0.025, side), (0, s * half[1], z + side / 2)) for s in (-1, 1)]
        + [((0.025, half[1] * 2, side), (s * half[0], 0, z + side / 2)) for s in (-1, 1)],
        paint,
    )
    front = half[0] + 1.05
    with kit.group((0, 0, 0), 90):  # wheels roll along x
        for s in (-1, 1):
            wheel(kit, (s * (half[1] + 0.05), half[0] * 0.35, 0.3), 0.3, spokes=not motor)
        wheel(kit, (0, -front, 0.3), 0.3, spokes=not motor)
    shapes.tube((half[0], 0, 0.5), (front - 0.25, 0, 0.42), 0.03, paint)
    shapes.tube((front, 0, 0.3), (front - 0.2, 0, 1.0), 0.025, paint)
    shapes.tube((front - 0.22, -0.3, 1.02), (front - 0.22, 0.3, 1.02), 0.016, kit.steel())
    shapes.tube((half[0] + 0.3, 0, 0.45), (half[0] + 0.3, 0, 0.78), 0.025, paint)
    shapes.box((0.32, 0.26, 0.09), (half[0] + 0.3, 0, 0.82), dark, bevel_m=0.03)
    if motor:
        shapes.box((0.16, 0.5, 0.6), (front - 0.25, 0, 0.72), paint, bevel_m=0.04)
        shapes.box((0.6, 0.4, 0.12), (half[0] + 0.45, 0, 0.38), dark, bevel_m=0.02)
        if kit.rng.random() < 0.4:
            for s in (-1, 1):
                shapes.tube(
                    (front - 0.2, s * 0.4, 0.8), (front - 0.3, s * 0.4, 1.85), 0.015, kit.steel()
                )
            shapes.box((1.4, 0.95, 0.04), (front - 0.75, 0, 1.87), paint, bevel_m=0.015)
    return z + 0.03, half


def tricycle(kit: Kit) -> str:
    """A tricycle that sells from its bed, open or with a glass case."""
    rng = kit.rng
    z, half = tricycle_body(kit, motor=rng.random() < 0.6)
    if rng.random() < 0.45:
        _glass_case(kit, z, half)
    else:
        lift = rng.uniform(0.05, 0.25)
        shapes.box(
            (half[0] * 2.05, half[1] * 2.2, 0.03),
            (0, 0, z + lift),
            kit.plain((0.4, 0.27, 0.15), 0.8),
        )
        stalls.with_goods(kit, (0, 0, z + lift + 0.02), half)
    if rng.random() < 0.35:
        umbrella(kit, (0.2, half[1] + 0.15, 0))
    stalls.bulbs_at(kit, half[0], 1.7)
    if rng.random() < 0.4:
        stalls.sign_at(kit, (0, -half[1] - 0.06, z - 0.05), 0.8)
    stalls.people_at(kit, (half[0], half[1] + 0.1))
    return "tricycle"


def _glass_case(kit: Kit, z: float, half: tuple[float, float]) -> None:
    """Posts, panes and a roof over the goods, with a board on the front."""
    rng = kit.rng
    frame = kit.steel() if rng.random() < 0.5 else kit.paint(kit.vary(rng.choice(FRAMES)), bump=0)
    tall = rng.uniform(0.45, 0.8)
    stalls.with_goods(kit, (0, 0, z + 0.02), (half[0] * 0.85, half[1] * 0.8))
    posts = [
        ((0.03, 0.03, tall), (x * half[0], y * half[1], z + tall / 2))
        for x in (-1, 0, 1)
        for y in (-1, 1)
    ]
    shapes.boxes(posts, frame)
    shapes.box((half[0] * 2.1, half[1] * 2.2, 0.04), (0, 0, z + tall), frame)
    pane = kit.plain((0.75, 0.8, 0.82), 0.05)
    pane.node_tree.nodes["Principled BSDF"].inputs["Alpha"].default_value = 0.12
    shapes.box((half[0] * 1.96, 0.005, tall * 0.94), (0, -half[1], z + tall / 2), pane)
    stalls.sign_at(kit, (0, -half[1] - 0.03, z + tall + 0.12), half[0] * 1.4)
    if rng.random() < 0.6:
        stalls.sign_at(kit, (0, -half[1] - 0.03, z - 0.25), half[0] * 1.5)


def pushcart(kit: Kit) -> str:
    """A two- or four-wheeled cart with a glass case, a board or a roof on posts."""
    rng = kit.rng
    half, z = (rng.uniform(0.55, 0.95), rng.uniform(0.3, 0.45)), rng.uniform(0.7, 0.9)
    skin = (
        kit.steel()
        if rng.random() < 0.3
        else kit.paint(kit.colour(0.1, 0.6), variation=0.2, bump=0, soot=0.4)
    )
    body = rng.uniform(0.25, 0.6)
    shapes.box((half[0] * 2, half[1] * 2, body), (0, 0, z - body / 2), skin, bevel_m=0.01)
    radius = rng.choice((0.12, 0.28, 0.34))
    for x in (-0.7, 0.7) if radius < 0.3 else (0.1,):
        for s in (-1, 1):
            with kit.group((x * half[0], s * (half[1] + 0.03), radius), 90):
                wheel(kit, (0, 0, 0), radius, spokes=radius > 0.2)
    for s in (-1, 1):
        shapes.tube(
            (half[0], s * half[1] * 0.8, z - 0.05),
            (half[0] + 0.45, s * half[1] * 0.8, z + 0.15),
            0.016,
            kit.steel(),
        )
    if radius > 0.3:
        shapes.tube((half[0] * 0.8, 0, 0), (half[0] * 0.8, 0, z - body), 0.02, kit.steel())
    kind = rng.random()
    if kind < 0.45:
        _glass_case(kit, z, half)
    else:
        stalls.with_goods(kit, (0, 0, z + 0.01), half)
        stalls.sign_at(kit, (0, -half[1] - 0.01, z - body / 2), min(1.0, half[0] * 1.4))
    if kind > 0.3:
        top = rng.uniform(1.9, 2.2)
        if rng.random() < 0.6:
            for sx in (-1, 1):
                for sy in (-1, 1):
                    shapes.tube(
                        (sx * half[0], sy * half[1], z),
                        (sx * half[0], sy * half[1], top),
                        0.014,
                        kit.steel(),
                    )
            roof = [
                (-half[1] * 1.4, top - 0.05),
                (half[1] * 1.4, top - 0.05),
                (half[1] * 0.5, top + 0.2),
                (-half[1] * 0.5, top + 0.2),
            ]
            shapes.prism(
                roof,
                half[0] * 2.3,
                canvas(kit) if rng.random() < 0.01 else kit.paint(kit.colour(0.2, 0.6), bump=0),
            )
            stalls.sign_at(kit, (0, -half[1] * 1.45, top + 0.02), half[0] * 1.3)
        else:
            umbrella(kit, (0, 0.1, 0))
    stalls.bulbs_at(kit, half[0], 1.75)
    stalls.people_at(kit, half)
    return "pushcart"


def kiosk(kit: Kit) -> str:
    """A food cart like a small caravan with a hatch."""
    rng = kit.rng
    half, base, top = (rng.uniform(0.8, 1.3), rng.uniform(0.55, 0.8)), 0.35, rng.uniform(2.0, 2.4)
    skin = kit.paint(kit.colour(0.2, 0.65), variation=0.15, bump=0, soot=0.2)
    dark = kit.plain((0.05, 0.045, 0.04), 0.8)
    counter = 1.05
    shapes.box(
        (half[0] * 2, half[1] * 2, counter - base), (0, 0, (counter + base) / 2), skin, bevel_m=0.03
    )
    shapes.box((half[0] * 2, half[1] * 2, 0.25), (0, 0, top - 0.12), skin, bevel_m=0.03)
    shapes.box((half[0] * 2, 0.04, top - counter), (0, half[1] - 0.02, (top + counter) / 2), dark)
    for s in (-1, 1):
        shapes.box(
            (0.05, half[1] * 2, top - counter), (s * (half[0] - 0.03), 0, (top + counter) / 2), skin
        )
        with kit.group((s * half[0] * 0.4, -half[1] + 0.05, 0.24), 90):
            wheel(kit, (0, 0, 0), 0.24, spokes=False)
    shapes.box((half[0] * 1.9, 0.35, 0.03), (0, -half[1] - 0.12, counter), kit.steel())
    stalls.with_goods(kit, (0, -half[1] + 0.2, counter + 0.01), (half[0] * 0.85, 0.3))
    flap = shapes.box((half[0] * 1.9, 0.6, 0.03), (0, -0.3, 0), skin)
    shapes.place(flap, (0, -half[1], top - 0.25), (-rng.uniform(-5, 30), 0, 0))
    stalls.sign_at(kit, (0, -half[1] - 0.02, 0.7), half[0] * 1.2)
    if rng.random() < 0.6:
        stalls.sign_at(kit, (0, -half[1] - 0.02, top + 0.12), half[0] * 1.5)
    stalls.bulbs_at(kit, half[0], 1.85)
    person(kit, (rng.uniform(-0.4, 0.4), 0.1, base - 0.1), 0)
    stalls.people_at(kit, (half[0], half[1] + 0.2))
    return "kiosk"


def grill(kit: Kit) -> str:
    """A long charcoal grill with skewers and smoke-blackened steel."""
    rng = kit.rng
    half, z = (rng.uniform(0.4, 0.8), 0.15), 0.75
    shapes.box(
        (half[0] * 2, half[1] * 2, 0.16),
        (0, 0, z),
        kit.paint((0.1, 0.1, 0.1), metallic=0.6, bump=0),
    )
    for x in (-0.9, 0.9):
        for y in (-1, 1):
            shapes.tube(
                (x * half[0], y * half[1], 0), (x * half[0], y * half[1], z), 0.014, kit.steel()
            )
    meat = kit.plain((0.3, 0.1, 0.04), 0.5)
    embers = mat.glowing((1.0, 0.2, 0.03), 1.5 if kit.night else 0.4)
    shapes.box((half[0] * 1.9, half[1] * 1.7, 0.02), (0, 0, z + 0.06), embers)
    for i in range(int(half[0] * 2 / 0.07)):
        x = -half[0] + 0.04 + i * 0.07
        shapes.tube((x, -half[1] - 0.12, z + 0.1), (x, half[1], z + 0.1), 0.004, kit.steel())
        shapes.tube((x, -half[1] * 0.8, z + 0.1), (x, half[1] * 0.8, z + 0.1), 0.02, meat)
    if rng.random() < 0.7:
        with kit.group((half[0] + 0.6, 0.1, 0), math.degrees(rng.gauss(0, 0.2))):
            shapes.box((0.9, 0.6, 0.03), (0, 0, 0.72), kit.plain(kit.colour(0.2, 0.6)))
            shapes.boxes(
                [((0.03, 0.03, 0.7), (x, y, 0.36)) for x in (-0.4, 0.4) for y in (-0.25, 0.25)],
                kit.steel(),
            )
            stalls.with_goods(kit, (0, 0, 0.74), (0.42, 0.27))
    if rng.random() < 0.6:
        umbrella(kit, (0.3, 0.5, 0))
    stalls.bulbs_at(kit, half[0], 1.8)
    stalls.people_at(kit, (half[0], half[1] + 0.1))
    return "grill"


KINDS: tuple[tuple[Callable[[Kit], str], float], ...] = (
    (tricycle, 5),
    (pushcart, 5),
    (kiosk, 2),
    (van, 2),
    (grill, 1.5),
)
