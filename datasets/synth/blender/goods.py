"""What is sold: fruit, vegetables, clothes, shoes, toys, cases, drinks, flowers, hot food."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import materials as mat
import shapes
from kit import BLACK, Kit, lathe
from shapes import Point
from wares import Area, ball_mesh, folded, lay_out, shoes, trinkets

FRUIT: tuple[tuple[mat.Colour, float], ...] = (
    ((0.5, 0.03, 0.025), 0.045), ((0.85, 0.3, 0.02), 0.042), ((0.65, 0.6, 0.15), 0.05),
    ((0.04, 0.16, 0.03), 0.12), ((0.85, 0.5, 0.06), 0.05), ((0.12, 0.02, 0.06), 0.03),
    ((0.25, 0.45, 0.08), 0.045), ((0.6, 0.5, 0.3), 0.06), ((0.7, 0.65, 0.5), 0.09),
    ((0.6, 0.08, 0.05), 0.035), ((0.05, 0.2, 0.04), 0.05), ((0.75, 0.2, 0.15), 0.06),
)  # fmt: skip
"""Linear colour and radius in m: apple, orange, pear, melon, mango, plum, guava, potato, …"""


def balls(kit: Kit, at: Point, reach: Area, height: float) -> None:
    """A heap of one kind of fruit over a rectangle."""
    rng = kit.rng
    colour, radius = rng.choice(FRUIT)
    radius = max(radius, min(reach) / 5)
    skin = kit.plain(kit.vary(colour), 0.4)
    mesh = kit.stock("ball", ball_mesh)
    nx, ny = (max(2, min(9, int(r / radius))) for r in reach)
    layers = max(1, min(3, round(height / radius)))
    for layer in range(layers):
        shrink = 1 - 0.28 * layer
        for i in range(nx):
            for j in range(ny):
                x, y = ((i + 0.5) / nx * 2 - 1) * shrink, ((j + 0.5) / ny * 2 - 1) * shrink
                jitter = radius * 0.25
                spot = (
                    at[0] + x * reach[0] + rng.uniform(-jitter, jitter),
                    at[1] + y * reach[1] + rng.uniform(-jitter, jitter),
                    at[2] + radius * (0.9 + 1.4 * layer),
                )
                kit.put(mesh, skin, spot, (0, 0, 0), radius * rng.uniform(0.9, 1.1))


def crate(kit: Kit, at: Point, tilt_deg: float = 0.0) -> None:
    """A slatted, plastic or foam crate, or a basket, of fruit; 0.5 m wide."""
    rng = kit.rng
    shell = kit.plain(
        rng.choice(
            (
                (0.5, 0.33, 0.17),
                (0.05, 0.2, 0.5),
                (0.6, 0.08, 0.05),
                (0.7, 0.7, 0.68),
                (0.1, 0.3, 0.12),
                (0.42, 0.27, 0.15),
            )
        ),
        0.7,
    )
    with kit.group(at, rng.gauss(0, 4)):
        if rng.random() < 0.2:
            lathe(((0.001, 0.01), (0.18, 0.02), (0.25, 0.2), (0.26, 0.2), (0.24, 0.17)), shell)
            balls(kit, (0, 0, 0.12), (0.17, 0.17), 0.12)
        else:
            slats = [((0.5, 0.36, 0.015), (0.0, 0.0, 0.01))]
            for z in (0.05, 0.12) if rng.random() < 0.6 else (0.085,):
                tall = 0.055 if z != 0.085 else 0.15
                slats += [((0.5, 0.014, tall), (0.0, s * 0.18, z)) for s in (-1, 1)]
                slats += [((0.014, 0.36, tall), (s * 0.25, 0.0, z)) for s in (-1, 1)]
            shapes.boxes(slats, shell)
            balls(kit, (0, 0, 0.09), (0.21, 0.14), 0.1)
    if tilt_deg:
        kit.last_group().rotation_euler[0] = math.radians(tilt_deg)


def produce(kit: Kit, at: Point, reach: Area) -> None:
    """Heaps of different fruit next to each other, or crates."""
    if kit.rng.random() < 0.5:
        lay_out(
            kit,
            at,
            reach,
            (0.5, 0.42),
            lambda p: balls(kit, p, (0.2, 0.17), kit.rng.uniform(0.06, 0.2)),
            0,
        )
    else:
        lay_out(kit, at, reach, (0.54, 0.42), lambda p: crate(kit, p), 0)


def greens(kit: Kit, at: Point, reach: Area) -> None:
    """Bunches of leaves, cabbages, roots."""
    tones = [
        kit.plain(c, 0.6)
        for c in (
            (0.06, 0.22, 0.03),
            (0.15, 0.35, 0.06),
            (0.6, 0.65, 0.45),
            (0.03, 0.1, 0.02),
            (0.65, 0.25, 0.04),
        )
    ]
    mesh = kit.stock("leafy", leafy_mesh)

    def bunch(p: Point) -> None:
        tone, size = kit.rng.choice(tones), kit.rng.uniform(0.1, 0.2)
        for _ in range(2):
            kit.put(
                mesh,
                tone,
                (p[0], p[1] + kit.rng.uniform(-0.05, 0.05), p[2] + 0.05),
                (kit.rng.uniform(-30, 30), 0, kit.rng.uniform(0, 360)),
                (size, size * 0.7, size * 0.6),
            )

    lay_out(kit, at, reach, (0.26, 0.24), bunch)


def leafy_mesh() -> Any:
    """A ruffled lump."""
    from mathutils import Vector, noise

    verts, faces = shapes.grid_sphere(18, 9)
    bent = [tuple(c * (0.7 + 0.6 * noise.noise(Vector(v) * 4)) for c in v) for v in verts]
    return shapes.add_mesh(bent, faces, None)


def drinks(kit: Kit, at: Point, reach: Area) -> None:
    """Bottles, jars and cups in rows."""
    profile = ((0.0, 0.0), (0.033, 0.0), (0.033, 0.15), (0.013, 0.2), (0.013, 0.22), (0, 0.22))
    mesh = kit.stock("bottle", lambda: lathe(profile, None, around=12))
    tones = [kit.plain(kit.colour(0.1, 0.7), 0.15) for _ in range(5)]
    lay_out(
        kit,
        at,
        reach,
        (0.12, 0.14),
        lambda p: kit.put(mesh, kit.rng.choice(tones), p, (0, 0, 0), kit.rng.uniform(0.9, 1.5)),
    )


def flowers(kit: Kit, at: Point, reach: Area) -> None:
    """Buckets of flowers."""
    leaf = kit.stock("leafy", leafy_mesh)
    bucket = kit.stock(
        "bucket",
        lambda: lathe(((0.001, 0), (0.1, 0), (0.14, 0.28), (0.13, 0.26), (0.001, 0.24)), None),
    )
    ball = kit.stock("ball", ball_mesh)

    def vase(p: Point) -> None:
        kit.put(bucket, kit.plain(kit.colour(0.05, 0.6), 0.5), p)
        kit.put(
            leaf, kit.plain((0.05, 0.18, 0.03), 0.7), (p[0], p[1], p[2] + 0.38), (0, 0, 0), 0.17
        )
        bloom = kit.plain(kit.colour(0.4, 0.8), 0.6)
        for _ in range(14):
            spot = (
                p[0] + kit.rng.gauss(0, 0.08),
                p[1] + kit.rng.gauss(0, 0.08),
                p[2] + kit.rng.uniform(0.42, 0.58),
            )
            kit.put(ball, bloom, spot, (0, 0, 0), kit.rng.uniform(0.02, 0.04))

    lay_out(kit, at, reach, (0.33, 0.33), vase)


def hot_food(kit: Kit, at: Point, reach: Area) -> None:
    """Steel trays, pots, steamers, skewers."""
    steel, dark = kit.steel(), kit.plain(BLACK)
    tones = [
        kit.plain(c, 0.5)
        for c in ((0.45, 0.2, 0.06), (0.5, 0.08, 0.03), (0.65, 0.5, 0.2), (0.2, 0.1, 0.05))
    ]
    ball = kit.stock("ball", ball_mesh)

    def dish(p: Point) -> None:
        kind = kit.rng.random()
        if kind < 0.35:
            pot = lathe(
                (
                    (0.001, 0.01),
                    (0.13, 0.01),
                    (0.14, 0.18),
                    (0.15, 0.19),
                    (0.13, 0.16),
                    (0.001, 0.15),
                ),
                steel,
            )
            shapes.place(pot, p)
        elif kind < 0.5:
            for layer in range(kit.rng.randrange(1, 5)):
                ring = lathe(
                    ((0.001, 0), (0.15, 0), (0.15, 0.09), (0.14, 0.09), (0.001, 0.08)),
                    kit.plain((0.55, 0.4, 0.2), 0.8),
                )
                shapes.place(ring, (p[0], p[1], p[2] + 0.095 * layer))
        else:
            shapes.box((0.26, 0.3, 0.05), (p[0], p[1], p[2] + 0.025), steel if kind < 0.8 else dark)
            tone = kit.rng.choice(tones)
            for _ in range(9):
                spot = (
                    p[0] + kit.rng.uniform(-0.1, 0.1),
                    p[1] + kit.rng.uniform(-0.12, 0.12),
                    p[2] + 0.06,
                )
                kit.put(ball, tone, spot, (0, 0, kit.rng.uniform(0, 180)), (0.05, 0.025, 0.025))

    lay_out(kit, at, reach, (0.33, 0.35), dish)


KINDS: tuple[Callable[[Kit, Point, Area], None], ...] = (
    produce,
    produce,
    greens,
    folded,
    shoes,
    trinkets,
    drinks,
    flowers,
    hot_food,
)
