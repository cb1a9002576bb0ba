"""Rubbish: bags, cartons, cups, bottles, food boxes, paper, film; heaps and litter of them."""

from __future__ import annotations

import math
from typing import Any

import rubbish
import shapes
from kit import Kit, Vessel, lathe, quad
from mathutils import Vector, noise
from shapes import Point

BAGS = 8
CRUMPLES = 6


def _crumple(seed: int) -> Any:
    """A crushed sheet of paper or film, about 1 m across."""
    verts, faces = shapes.grid_sphere(12, 7)
    shift = Vector((seed * 9.3,) * 3)
    bent = [
        tuple(c * (0.35 + 0.5 * noise.noise(Vector(v) * 2.4 + shift)) for c in v) for v in verts
    ]
    return shapes.add_mesh(bent, faces, None)


class Loose:
    """Makes the rubbish of one sprite; a sprite has a mix of its own."""

    def __init__(self, kit: Kit) -> None:
        """Choose this sprite's bag colours and mix of things."""
        self.kit, self.rng = kit, kit.rng
        rng = self.rng
        palettes = (
            [(0.012, 0.012, 0.014)],
            [(0.012, 0.012, 0.014), (0.55, 0.55, 0.53)],
            [(0.6, 0.6, 0.58), (0.45, 0.46, 0.47), (0.68, 0.66, 0.6)],
            [(0.55, 0.05, 0.05), (0.012, 0.012, 0.014), (0.6, 0.6, 0.58)],
            [(0.03, 0.13, 0.4), (0.012, 0.012, 0.014)],
            [(0.04, 0.25, 0.08), (0.6, 0.6, 0.58), (0.7, 0.4, 0.45)],
            [(0.65, 0.5, 0.05), (0.5, 0.5, 0.5), (0.02, 0.02, 0.025)],
        )
        self.films = [kit.film(c) for c in rng.choice(palettes)]
        dull = (
            (0.7, 0.7, 0.68),
            (0.6, 0.57, 0.5),
            (0.35, 0.24, 0.13),
            (0.45, 0.44, 0.42),
            (0.12, 0.1, 0.08),
        )
        bright = [kit.colour(0.2, 0.6) for _ in range(rng.randrange(1, 4))]
        self.scraps = [kit.plain(kit.vary(c), 0.7) for c in (*dull, *dull[:2], *bright)]
        self.card = kit.paint(kit.vary((0.42, 0.27, 0.15)), variation=0.2, scale=3, bump=0)
        self.size = rng.uniform(0.55, 0.95)
        self.mix = [rng.uniform(0.2, 1) ** 2 for _ in range(6)]

    def bag(self, at: Point, scale: float = 1.0) -> None:
        """A tied bag, leaning and turned at random."""
        rng, k = self.rng, self.rng.randrange(BAGS)
        mesh = self.kit.stock(f"bag{k}", lambda: rubbish.bag_mesh(k, None))
        size = scale * rng.uniform(0.7, 1.2)
        turn = (rng.gauss(0, 16), rng.gauss(0, 16), rng.uniform(0, 360))
        squash = (size * rng.uniform(0.85, 1.2), size, size * rng.uniform(0.7, 1.1))
        self.kit.put(mesh, rng.choice(self.films), at, turn, squash)

    def carton(self, at: Point, scale: float = 1.0) -> None:
        """An open box, a closed box or a flattened one."""
        rng = self.rng
        sx, sy, sz = (scale * rng.uniform(*r) for r in ((0.25, 0.6), (0.2, 0.45), (0.12, 0.4)))
        shape = rng.random()
        with self.kit.group(at, rng.uniform(0, 360)):
            if shape < 0.25:
                flat = shapes.box((sx * 1.6, sy * 1.4, 0.015), (0, 0, 0.02), self.card)
                shapes.place(flat, (0, 0, 0.03), (rng.gauss(0, 7), rng.gauss(0, 7), 0))
            elif shape < 0.55:
                shapes.box((sx, sy, sz), (0, 0, sz / 2), self.card)
                shapes.box((sx * 1.002, 0.05, sz * 1.004), (0, 0, sz / 2), self.scraps[1])
            else:
                self._open_box(sx, sy, sz)

    def _open_box(self, sx: float, sy: float, sz: float) -> None:
        """Four walls and flaps."""
        wall = 0.01
        sides = [((sx, wall, sz), (0, s * sy / 2, sz / 2)) for s in (-1, 1)]
        sides += [((wall, sy, sz), (s * sx / 2, 0, sz / 2)) for s in (-1, 1)]
        shapes.boxes([*sides, ((sx, sy, wall), (0, 0, 0.02))], self.card)
        for side in (-1, 1):
            angle = math.radians(self.rng.uniform(-50, 60))
            y = side * (sy / 2 + sy * 0.2 * math.cos(angle))
            flap = shapes.box((sx, sy * 0.4, wall), (0, 0, 0), self.card)
            shapes.place(
                flap, (0, y, sz + sy * 0.2 * math.sin(angle)), (side * math.degrees(angle), 0, 0)
            )

    def scrap(self, at: Point) -> None:
        """One small thing: crumpled paper or film, cup, bottle, food box, sheet, can."""
        rng, kit = self.rng, self.kit
        kind = rng.choices(range(6), self.mix)[0]
        turn = (rng.uniform(0, 360), rng.uniform(-90, 90), rng.uniform(0, 360))
        lying = (90.0, 0.0, rng.uniform(0, 360))
        x, y, z = at
        skin = rng.choice(self.scraps)
        if kind == 0:
            k, size = rng.randrange(CRUMPLES), rng.uniform(0.08, 0.24)
            mesh = kit.stock(f"crumple{k}", lambda: _crumple(k))
            kit.put(
                mesh, skin, (x, y, z + size * 0.15), (turn[0], 0, turn[2]), (size, size, size * 0.6)
            )
        elif kind == 1:
            profile = ((0.0, 0.0), (0.028, 0.0), (0.042, 0.11), (0.045, 0.112), (0.04, 0.11))
            mesh = kit.stock("cup", lambda: lathe(profile, None, around=12))
            kit.put(mesh, skin, (x, y, z + 0.04), lying if rng.random() < 0.7 else (0, 0, 0), 1.2)
        elif kind == 2:
            profile = (
                (0.0, 0.0),
                (0.033, 0.0),
                (0.033, 0.15),
                (0.013, 0.2),
                (0.013, 0.22),
                (0, 0.22),
            )
            mesh = kit.stock("bottle", lambda: lathe(profile, None, around=12))
            glassy = kit.plain(
                rng.choice(((0.45, 0.55, 0.6), (0.05, 0.2, 0.06), (0.6, 0.6, 0.6))), 0.15
            )
            kit.put(mesh, glassy, (x, y, z + 0.035), lying, rng.uniform(1, 1.3))
        elif kind == 3:
            mesh = kit.stock(
                "foodbox",
                lambda: lathe(
                    ((0, 0), (0.07, 0), (0.1, 0.05), (0.104, 0.05)), None, around=4, smooth=False
                ),
            )
            kit.put(
                mesh, skin, (x, y, z + 0.01), (rng.choice((0, 180, 25)), 0, turn[2]), (1.1, 0.9, 1)
            )
        elif kind == 4:
            mesh = kit.stock("sheet", _bent_sheet)
            kit.put(mesh, skin, (x, y, z + 0.012), (0, 0, turn[2]), rng.uniform(0.1, 0.32))
        else:
            mesh = kit.stock("block", lambda: shapes.box((1, 0.7, 0.4), (0, 0, 0.2), None))
            kit.put(mesh, skin, (x, y, z), (rng.gauss(0, 10), 0, turn[2]), rng.uniform(0.06, 0.2))

    def litter(self, centre: Point, reach: tuple[float, float], count: int) -> None:
        """Small things strewn over a place."""
        for _ in range(count):
            x = centre[0] + self.rng.gauss(0, reach[0] * 0.6)
            y = centre[1] + self.rng.gauss(0, reach[1] * 0.6)
            self.scrap((x, y, centre[2]))

    def heap(self, centre: Point, reach: tuple[float, float], height: float, count: int) -> None:
        """Bags and boxes piled highest in the middle with small things on them."""
        rng = self.rng
        size = min(1.0, max(0.4, min(reach) * 1.5)) if centre[2] > 0.3 else self.size
        for _ in range(count):
            u, v = rng.uniform(-1, 1), rng.uniform(-1, 1)
            level = max(0.0, 1 - (u * u + v * v) * 0.7) * height * rng.random()
            at = (centre[0] + u * reach[0], centre[1] + v * reach[1], centre[2] + level)
            kind = rng.random()
            if kind < 0.7:
                self.bag(at, size * 0.85)
            elif kind < 0.85:
                self.carton(at, size * 0.8)
            else:
                self.scrap((at[0], at[1], centre[2] + height * 0.8))

    def stuff(self, vessel: Vessel) -> None:
        """Fill the mouth over its rim; the heart of what overflowing looks like."""
        rng = self.rng
        (x, y, z), (rx, ry) = vessel.mouth, vessel.mouth_reach
        if vessel.side_mouth:
            for _ in range(rng.randrange(5, 14)):
                self.scrap(
                    (
                        x + rng.uniform(-rx, rx),
                        y - rng.uniform(-0.02, 0.1),
                        z + rng.uniform(-ry, ry * 0.4),
                    )
                )
            if rng.random() < 0.6:
                self.bag((x, y - 0.06, z - ry), min(0.6, rx * 2.2))
            return
        area = rx * ry * 4
        count = int(min(26, max(3, area * rng.uniform(16, 34))))
        style = rng.random()
        if style < 0.7:
            self.heap(
                (x, y, z - 0.12),
                (rx * 0.8, ry * 0.8),
                rng.uniform(0.1, 0.4) * min(1, area + 0.5),
                count,
            )
        if style > 0.35:
            for _ in range(int(min(60, 10 + area * 60))):
                u, v = rng.uniform(-1, 1), rng.uniform(-1, 1)
                lift = max(0.0, 1 - u * u - v * v) * rng.uniform(0.02, 0.3) * (min(rx, ry) + 0.1)
                self.scrap((x + u * rx, y + v * ry, z + lift))
            self.bag((x, y, z - 0.1), min(1, max(0.4, min(rx, ry) * 2)))

    def beside(self, vessel: Vessel) -> None:
        """Bags, boxes and litter against the foot."""
        rng, (fx, fy) = self.rng, vessel.foot_reach
        self.size = rng.uniform(0.35, 0.65) if max(fx, fy) < 0.36 else rng.uniform(0.55, 0.95)
        sides = rng.sample(((-1, 0), (1, 0), (0, -1), (0, -1.2), (0.7, -1)), rng.randrange(1, 4))
        for sx, sy in sides:
            centre = (sx * (fx + 0.22), sy * (fy + 0.2), 0.0)
            reach = (0.22 if sx else fx * 0.7 + 0.1, fy * 0.6 + 0.1 if sx else 0.22)
            self.heap(centre, reach, rng.uniform(0.05, 0.45), rng.randrange(2, 10))
        self.litter((0, -fy - 0.2, 0), (fx + 0.15, 0.22), rng.randrange(3, 26))


def _bent_sheet() -> Any:
    """A sheet of paper, 1 m wide, with lifted corners."""
    return quad([(-0.5, -0.35, 0.06), (0.5, -0.3, 0.0), (0.46, 0.35, 0.1), (-0.5, 0.38, 0.0)], None)
