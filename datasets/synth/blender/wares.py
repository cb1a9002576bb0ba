"""Clothes, shoes, toys and gadgets on sale, and the grid that goods are laid out in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import labels
import shapes
from kit import Kit, quad
from shapes import Point

Area = tuple[float, float]
"""Half extents of a rectangle, m."""


def ball_mesh() -> Any:
    """A unit ball of few faces."""
    verts, faces = shapes.grid_sphere(12, 7)
    return shapes.add_mesh(verts, faces, None, smooth=True)


def lay_out(
    kit: Kit,
    at: Point,
    reach: Area,
    pitch: Area,
    place: Callable[[Point], None],
    skip: float = 0.08,
) -> None:
    """Call `place` over a slightly untidy grid."""
    nx, ny = (max(1, min(10, int(2 * r / p))) for r, p in zip(reach, pitch, strict=True))
    for i in range(nx):
        for j in range(ny):
            if kit.rng.random() < skip:
                continue
            x = at[0] + ((i + 0.5) / nx * 2 - 1) * reach[0] + kit.rng.gauss(0, 0.012)
            y = at[1] + ((j + 0.5) / ny * 2 - 1) * reach[1] + kit.rng.gauss(0, 0.012)
            place((x, y, at[2]))


def _fabrics(kit: Kit, count: int) -> list[Any]:
    """Printed and plain cloths."""
    return [
        kit.picture(labels.cloth(kit.rng), roughness=0.9)
        if k % 2
        else kit.paint(kit.colour(0.05, 0.7), bump=0)
        for k in range(count)
    ]


def folded(kit: Kit, at: Point, reach: Area) -> None:
    """Stacks of folded clothes."""
    cloths = _fabrics(kit, 6)

    def stack(p: Point) -> None:
        for layer in range(kit.rng.randrange(1, 5)):
            body = shapes.box(
                (0.24, 0.3, 0.04), (0, 0, 0), kit.rng.choice(cloths[::2]), bevel_m=0.012
            )
            shapes.place(
                body, (p[0], p[1], p[2] + 0.02 + 0.042 * layer), (0, 0, kit.rng.gauss(0, 6))
            )
        top = quad(
            [(-0.11, -0.14, 0), (0.11, -0.14, 0), (0.11, 0.14, 0), (-0.11, 0.14, 0)],
            kit.rng.choice(cloths),
        )
        shapes.place(top, (p[0], p[1], p[2] + 0.045 * (layer + 1)), (0, 0, kit.rng.gauss(0, 6)))

    lay_out(kit, at, reach, (0.31, 0.37), stack)


def shoes(kit: Kit, at: Point, reach: Area) -> None:
    """Pairs of shoes."""
    mesh = kit.stock(
        "shoe",
        lambda: shapes.prism(
            [(-0.13, 0), (0.13, 0), (0.13, 0.1), (0.05, 0.11), (-0.03, 0.06), (-0.12, 0.04)],
            0.09,
            None,
        ),
    )
    tones = [kit.plain(kit.colour(0.02, 0.6), 0.5) for _ in range(6)]

    def pair(p: Point) -> None:
        tone = kit.rng.choice(tones)
        for side in (-1, 1):
            kit.put(mesh, tone, (p[0] + side * 0.06, p[1], p[2]), (0, 0, kit.rng.gauss(0, 8)))

    lay_out(kit, at, reach, (0.27, 0.31), pair)


def trinkets(kit: Kit, at: Point, reach: Area) -> None:
    """Toys, cases, socks, gadgets: small bright things in rows."""
    tones = [kit.plain(kit.colour(0.1, 0.75), 0.4) for _ in range(8)]
    flat = kit.rng.random() < 0.4
    block = kit.stock("unit", lambda: shapes.box((1, 1, 1), (0, 0, 0.5), None))
    ball = kit.stock("ball", ball_mesh)

    def thing(p: Point) -> None:
        tone = kit.rng.choice(tones)
        if flat:
            kit.put(block, tone, p, (0, 0, kit.rng.gauss(0, 5)), (0.08, 0.15, 0.015))
        elif kit.rng.random() < 0.5:
            kit.put(
                ball,
                tone,
                (p[0], p[1], p[2] + 0.06),
                (0, 0, 0),
                (0.06, 0.05, kit.rng.uniform(0.05, 0.1)),
            )
        else:
            kit.put(
                block,
                tone,
                p,
                (0, 0, kit.rng.uniform(0, 90)),
                (0.1, 0.1, kit.rng.uniform(0.05, 0.2)),
            )

    lay_out(kit, at, reach, (0.16, 0.2), thing)


def rack(kit: Kit, at: Point, yaw_deg: float) -> None:
    """A rail with hanging clothes."""
    rng = kit.rng
    cloths = _fabrics(kit, 6)
    span, tall = rng.uniform(1.2, 2.0), rng.uniform(1.4, 1.8)
    with kit.group(at, yaw_deg):
        for s in (-1, 1):
            shapes.tube((s * span / 2, 0, 0), (s * span / 2, 0, tall), 0.015, kit.steel())
            shapes.tube((s * span / 2, -0.25, 0.03), (s * span / 2, 0.25, 0.03), 0.015, kit.steel())
        shapes.tube((-span / 2, 0, tall), (span / 2, 0, tall), 0.015, kit.steel())
        for i in range(int(span / 0.1)):
            x, drop = -span / 2 + 0.08 + i * 0.1, rng.uniform(0.6, 1.05)
            sheet = quad(
                [(-0.2, 0, -drop), (0.2, 0, -drop), (0.17, 0, -0.04), (-0.17, 0, -0.04)],
                rng.choice(cloths),
            )
            shapes.place(sheet, (x, 0, tall), (0, 0, 90 - rng.uniform(10, 60)))
