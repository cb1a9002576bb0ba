"""Bins and what people leave beside them: containers, wheelie bins, bags, cartons, litter."""

from __future__ import annotations

import math
import random
from typing import Any

import bpy
import materials as mat
import shapes
from mathutils import Vector, noise
from shapes import Point

FILM_COLOURS: tuple[mat.Colour, ...] = (
    (0.012, 0.012, 0.014),
    (0.012, 0.012, 0.014),
    (0.018, 0.018, 0.022),
    (0.5, 0.5, 0.49),
    (0.6, 0.59, 0.56),
    (0.42, 0.43, 0.44),
    (0.1, 0.15, 0.24),
    (0.3, 0.25, 0.22),
)


def bag_mesh(seed: int, film: Any) -> Any:
    """One tied rubbish bag about 0.6 m wide, standing on z = 0."""
    verts, faces = shapes.grid_sphere(56, 40)
    shaped = []
    for x, y, z in verts:
        lump = 1 + 0.32 * noise.fractal(Vector((x + seed * 7.1, y, z)) * 1.4, 1.0, 2.0, 3)
        lump += 0.07 * noise.noise(Vector((x * 5, y * 5, z * 5 + seed)))
        turn = math.atan2(y, x)
        waver = 3 * noise.noise(Vector((x * 2, y * 2, z * 2 + seed)))
        top = max(0.0, z)
        lump += 0.09 * top * math.sin(13 * turn + waver * 2)
        neck = 1.0 if z < 0.8 else max(0.13, 1 - (z - 0.8) * 7)
        rise = 0.0 if z < 0.9 else (z - 0.9) * 3.2
        flare = 1.0 if z < 0.965 else 1.0 + (z - 0.965) * 55
        radius = 0.31 * lump
        shaped.append(
            (
                x * radius * neck * flare,
                y * radius * neck * flare,
                max(-0.2, z * radius * 0.8) + rise * 0.3,
            )
        )
    low = min(v[2] for v in shaped)
    obj = shapes.add_mesh([(x, y, z - low) for x, y, z in shaped], faces, film, smooth=True)
    return obj


class Rubbish:
    """A stock of bag shapes that share their meshes, and the other loose things."""

    def __init__(self, rng: random.Random) -> None:
        """Make the stock; `rng` drives every later choice."""
        self.rng = rng
        films = [mat.plastic_film(colour) for colour in FILM_COLOURS]
        self._stock = []
        for seed, film in enumerate(films * 2):
            sample = bag_mesh(seed, film)
            self._stock.append(sample.data)
            bpy.data.objects.remove(sample)
        self.card = mat.weathered((0.42, 0.27, 0.15), variation=0.2, scale=3, roughness=0.9)
        self.white_card = mat.weathered((0.7, 0.68, 0.62), variation=0.25, scale=3)
        self.scraps = [
            mat.weathered(colour, variation=0.3, scale=6, roughness=0.6)
            for colour in (
                (0.62, 0.62, 0.6),
                (0.5, 0.47, 0.4),
                (0.32, 0.25, 0.16),
                (0.2, 0.26, 0.34),
            )
        ]

    def bag(self, at: Point, scale: float = 1.0) -> Any:
        """A bag at a place, leaning and turned at random."""
        obj = bpy.data.objects.new("bag", self.rng.choice(self._stock))
        bpy.context.scene.collection.objects.link(obj)
        tilt = (self.rng.gauss(0, 16), self.rng.gauss(0, 16), self.rng.uniform(0, 360))
        return shapes.place(obj, at, tilt, scale * self.rng.uniform(0.8, 1.25))

    def heap(self, centre: Point, reach: tuple[float, float], height: float, count: int) -> None:
        """Bags piled highest in the middle."""
        for _ in range(count):
            u, v = self.rng.uniform(-1, 1), self.rng.uniform(-1, 1)
            level = max(0.0, 1 - (u * u + v * v) * 0.7) * height * self.rng.uniform(0, 1)
            at = (centre[0] + u * reach[0], centre[1] + v * reach[1], centre[2] + level)
            self.bag(at)

    def carton(self, at: Point, size: Point, yaw_deg: float, *, tilt_deg: float = 0.0) -> Any:
        """An open cardboard box with flaps, standing on `at`."""
        card = self.card if self.rng.random() < 0.75 else self.white_card
        sx, sy, sz = size
        wall = 0.012
        parts = [
            shapes.boxes(
                [
                    ((sx, wall, sz), (0, -sy / 2, sz / 2)),
                    ((sx, wall, sz), (0, sy / 2, sz / 2)),
                    ((wall, sy, sz), (-sx / 2, 0, sz / 2)),
                    ((wall, sy, sz), (sx / 2, 0, sz / 2)),
                    ((sx, sy, wall), (0, 0, wall)),
                ],
                card,
            )
        ]
        for side in (-1, 1):
            flap = shapes.box((sx, sy * 0.45, wall), (0, 0, 0), card)
            angle = self.rng.uniform(20, 75)
            shapes.place(
                flap,
                (
                    0,
                    side * (sy / 2 + sy * 0.22 * math.cos(math.radians(angle))),
                    sz - sy * 0.22 * math.sin(math.radians(angle)) * self.rng.choice((1, -1)),
                ),
                (-side * angle, 0, 0),
            )
            parts.append(flap)
        group = shapes.add_group(parts, at, yaw_deg)
        group.rotation_euler[0] = math.radians(tilt_deg)
        return group

    def litter(self, centre: Point, reach: tuple[float, float], count: int) -> None:
        """Crumpled paper, cups and scraps on the ground."""
        for _ in range(count):
            x = centre[0] + self.rng.gauss(0, reach[0])
            y = centre[1] + self.rng.gauss(0, reach[1])
            size = self.rng.uniform(0.04, 0.12)
            verts, faces = shapes.grid_sphere(12, 7)
            seed = self.rng.uniform(0, 99)
            crumpled = [
                tuple(
                    c
                    * size
                    * (0.6 + 0.6 * noise.noise(Vector(v) * 2.2 + Vector((seed,) * 3)))
                    * (0.35 if axis == 2 else 1.0)
                    for axis, c in enumerate(v)
                )
                for v in verts
            ]
            obj = shapes.add_mesh(crumpled, faces, self.rng.choice(self.scraps))
            tilt = (self.rng.uniform(-20, 20), 0, self.rng.uniform(0, 360))
            shapes.place(obj, (x, y, centre[2] + size * 0.15), tilt)


def container(at: Point, yaw_deg: float, *, lid_open: bool) -> Any:
    """A two-metre ribbed street container with a gabled lid; its front looks to -y."""
    paint = mat.weathered((0.07, 0.165, 0.075), variation=0.5, scale=3, roughness=0.6, soot=0.7)
    lid_paint = mat.weathered((0.1, 0.215, 0.11), variation=0.5, scale=3, roughness=0.6, soot=0.3)
    steel = mat.weathered((0.24, 0.25, 0.26), variation=0.4, roughness=0.45, soot=0.4)
    dark = mat.weathered((0.015, 0.015, 0.015), bump=0)
    length, base, top, rim = 2.0, 0.14, 1.22, 0.68
    front = []
    for i in range(5):  # four pressed ribs
        for share, depth in ((0.0, 0.0), (0.45, 0.0), (0.55, 0.03), (0.9, 0.03)):
            z = base + (top - base) * min(1.0, (i + share) / 5)
            front.append((-(0.55 + 0.13 * (z - base) / (top - base)) - depth, z))
    front.append((-rim, top))
    back = [(-y, z) for y, z in reversed(front)]
    parts = [shapes.prism([*front, *back], length, paint, bevel_m=0.006)]
    parts.append(
        shapes.box((length + 0.08, rim * 2 + 0.12, 0.07), (0, 0, top), steel, bevel_m=0.01)
    )
    parts.append(shapes.box((length - 0.1, rim * 2 - 0.1, 0.02), (0, 0, top + 0.04), dark))
    for side in (-1, 1):  # end gables, lift arms, wheels
        x = side * (length / 2 + 0.01)
        gable = shapes.prism([(-rim, top), (rim, top), (0, top + 0.4)], 0.05, paint)
        parts.append(shapes.place(gable, (x, 0, 0)))
        parts.append(shapes.box((0.1, 0.2, 1.35), (x + side * 0.06, 0, 0.85), steel, bevel_m=0.015))
        for y in (-0.42, 0.42):
            wheel = shapes.tube((x * 0.82 - 0.03, y, 0.08), (x * 0.82 + 0.03, y, 0.08), 0.08, dark)
            parts.append(wheel)
    ridge, eave = (0.0, top + 0.43), (rim + 0.05, top + 0.04)
    for side in (-1, 1):
        lifted = lid_open and side < 0
        far = (-0.42, top + 1.02) if lifted else (side * eave[0], eave[1])
        outline = [ridge, far, (far[0], far[1] + 0.035), (ridge[0], ridge[1] + 0.035)]
        parts.append(shapes.prism(outline, length + 0.06, lid_paint, bevel_m=0.008))
    parts += _front_marks(steel, length, top)
    return shapes.add_group(parts, at, yaw_deg)


def _front_marks(steel: Any, length: float, top: float) -> list[Any]:
    """The lift bar in the middle and red-white reflectors at the corners."""
    red = mat.weathered((0.6, 0.03, 0.02), roughness=0.4, bump=0)
    white = mat.weathered((0.75, 0.75, 0.72), roughness=0.4, bump=0)
    parts = [shapes.box((0.14, 0.08, top - 0.1), (0, -0.69, top / 2 + 0.1), steel, bevel_m=0.01)]
    for side in (-1, 1):
        for i in range(4):
            z = 0.62 + i * 0.11
            y = -(0.55 + 0.13 * (z - 0.14) / (top - 0.14)) - 0.04
            mark = shapes.box((0.15, 0.006, 0.11), (side * (length / 2 - 0.14), y, z), red)
            mark.data.materials[0] = red if i % 2 else white
            parts.append(mark)
    return parts


def wheelie_bin(at: Point, yaw_deg: float, colour: mat.Colour) -> Any:
    """A closed 240-litre bin in order."""
    body = mat.weathered(colour, variation=0.15, roughness=0.4, soot=0.15)
    dark = mat.weathered((0.02, 0.02, 0.02), bump=0)
    low = [(-0.22, -0.26, 0.06), (0.22, -0.26, 0.06), (0.22, 0.26, 0.12), (-0.22, 0.26, 0.12)]
    high = [(-0.28, -0.35, 0.95), (0.28, -0.35, 0.95), (0.28, 0.35, 0.95), (-0.28, 0.35, 0.95)]
    parts = [
        shapes.hexahedron(low, high, body, bevel_m=0.035),
        shapes.box((0.62, 0.76, 0.05), (0, 0, 0.97), body, bevel_m=0.02),
        shapes.prism(
            [(-0.38, 0.99), (0.38, 0.99), (0.36, 1.08), (-0.2, 1.04)], 0.6, body, bevel_m=0.03
        ),
        shapes.tube((-0.26, 0.42, 1.0), (0.26, 0.42, 1.0), 0.018, body),
    ]
    for side in (-1, 1):
        parts.append(shapes.tube((side * 0.24, 0.3, 0.1), (side * 0.3, 0.3, 0.1), 0.1, dark))
    return shapes.add_group(parts, at, yaw_deg)
