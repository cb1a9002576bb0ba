"""What shelters a stall: umbrellas, frame tents, slanting sheets; and the wheels under a cart."""

from __future__ import annotations

import math
from typing import Any

import labels
import shapes
from kit import BLACK, Kit, lathe, quad
from shapes import Point

CANVAS: tuple[tuple[labels.Rgb, ...], ...] = (
    ((200, 30, 30), (240, 240, 236)), ((30, 70, 170), (240, 240, 236)),
    ((200, 30, 30), (240, 240, 236), (30, 70, 170)), ((30, 110, 60),), ((30, 70, 170),),
    ((200, 30, 30),), ((240, 190, 30), (200, 30, 30)), ((235, 232, 224),), ((70, 80, 90),),
    ((240, 120, 30),), ((120, 60, 140), (240, 220, 60)), ((20, 20, 22),),
)  # fmt: skip


def canvas(kit: Kit) -> Any:
    """Cover cloth, plain or striped."""
    colours = list(kit.rng.choice(CANVAS))
    return kit.picture(labels.stripes(kit.rng, colours), roughness=0.8)


def umbrella(kit: Kit, at: Point, *, reach: float = 1.3, folded: bool = False) -> None:
    """A big stall umbrella; panels alternate between one or two tones."""
    rng = kit.rng
    top = rng.uniform(2.1, 2.6)
    tones = [
        kit.paint(kit.colour(0.15, 0.7), variation=0.2, bump=0)
        for _ in range(rng.choice((1, 2, 2)))
    ]
    with kit.group(at, rng.uniform(0, 45)):
        shapes.tube((0, 0, 0), (0, 0, top), 0.024, kit.steel())
        lathe(((0.001, 0.08), (0.2, 0.07), (0.25, 0.0)), kit.plain(kit.vary((0.3, 0.3, 0.3)), 0.8))
        if folded:
            lathe(
                ((0.001, top), (0.06, top - 0.1), (0.13, top - 0.9), (0.05, top - 1.4)),
                tones[0],
                around=9,
            )
            return
        sides = rng.choice((4, 8, 8))
        rings = ((0.001, top), (0.5, top - 0.1), (1.0, top - 0.38), (1.01, top - 0.52))
        for k in range(sides):
            verts, faces = [], []
            for share, z in rings:
                for turn in (k, k + 0.5, k + 1):
                    dip = 0.95 if turn == k + 0.5 else 1.0
                    angle = 2 * math.pi * turn / sides
                    flat = math.cos(math.pi / sides) ** (1 if dip < 1 else 0)
                    verts.append(
                        (
                            reach * share * flat * math.cos(angle),
                            reach * share * flat * math.sin(angle),
                            z,
                        )
                    )
            for row in range(3):
                faces += [
                    (row * 3 + j, row * 3 + j + 1, row * 3 + j + 4, row * 3 + j + 3) for j in (0, 1)
                ]
            shapes.add_mesh(verts, faces, tones[k % len(tones)])


def awning(kit: Kit, half: tuple[float, float], at: Point = (0, 0, 0)) -> None:
    """A frame tent or a slanting sheet over the goods, with or without a back wall."""
    rng = kit.rng
    cloth = canvas(kit)
    hx, hy = half
    high = rng.uniform(2.0, 2.5)
    low = high - rng.uniform(0.0, 0.35)
    with kit.group(at):
        for sx in (-1, 1):
            for y, z in ((-hy, low), (hy, high)):
                shapes.tube((sx * hx, y, 0), (sx * hx, y, z), 0.02, kit.steel())
        if rng.random() < 0.5:
            peak = (0, 0, high + rng.uniform(0.3, 0.8))
            corners = [(-hx, -hy, high), (hx, -hy, high), (hx, hy, high), (-hx, hy, high)]
            for i in range(4):
                a, b = corners[i], corners[(i + 1) % 4]
                quad([a, b, peak, peak], cloth)
                quad([(a[0], a[1], a[2] - 0.25), (b[0], b[1], b[2] - 0.25), b, a], cloth)
        else:
            ex, ey = hx * 1.06, hy * 1.1
            quad([(-ex, -ey, low), (ex, -ey, low), (ex, ey, high), (-ex, ey, high)], cloth)
            quad(
                [(-ex, -ey, low - 0.2), (ex, -ey, low - 0.2), (ex, -ey, low), (-ex, -ey, low)],
                cloth,
            )
        if rng.random() < 0.3:
            quad([(-hx, hy, 0.1), (hx, hy, 0.1), (hx, hy, high), (-hx, hy, high)], canvas(kit))


def cover(kit: Kit, half: tuple[float, float]) -> None:
    """An umbrella, an awning or nothing."""
    kind = kit.rng.random()
    if kind < 0.38:
        for x in (0.0,) if half[0] < 1.1 else (-half[0] * 0.5, half[0] * 0.5):
            umbrella(
                kit,
                (x + kit.rng.uniform(-0.2, 0.2), half[1] * 0.5, 0),
                reach=kit.rng.uniform(1.0, 1.6),
            )
    elif kind < 0.68:
        awning(kit, (half[0] * 1.1 + 0.1, half[1] + 0.5))


def wheel(kit: Kit, at: Point, radius: float, *, thick: float = 0.05, spokes: bool = True) -> None:
    """A wheel in the yz plane."""
    x, y, z = at
    dark = kit.plain(BLACK, 0.7)
    if not spokes:
        shapes.tube((x - thick, y, z), (x + thick, y, z), radius, dark)
        shapes.tube((x - thick * 1.1, y, z), (x + thick * 1.1, y, z), radius * 0.55, kit.steel())
        return
    ring = lathe(
        (
            (radius - 0.04, -thick / 2),
            (radius, 0),
            (radius - 0.04, thick / 2),
            (radius - 0.06, 0),
            (radius - 0.04, -thick / 2),
        ),
        dark,
        around=28,
    )
    shapes.place(ring, at, (0, 90, 0))
    for k in range(9):
        turn = math.pi * k / 9
        dy, dz = radius * 0.93 * math.cos(turn), radius * 0.93 * math.sin(turn)
        shapes.tube((x, y - dy, z - dz), (x, y + dy, z + dz), 0.004, kit.steel())
