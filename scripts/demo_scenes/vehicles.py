"""A parked saloon car with a readable plate, a vendor's cart and an excavator."""

from __future__ import annotations

import math
import random
from typing import Any

import bpy
import materials as mat
import shapes
from shapes import Point

_CAR_OUTLINE = [
    (0.14, 0.26), (0.03, 0.34), (0.0, 0.55), (0.03, 0.74), (0.08, 0.95), (0.16, 1.02),
    (0.75, 1.06), (3.3, 1.0), (4.25, 0.86), (4.5, 0.72), (4.58, 0.45), (4.5, 0.26),
]  # fmt: skip


def _pane(
    corners: list[Point], u: tuple[float, float], v: tuple[float, float], out: Point, material: Any
) -> Any:
    """A glass quad inside a four-cornered face, lifted off it by `out`."""

    def at(s: float, t: float) -> list[float]:
        a, b, c, d = corners
        return [
            (a[i] * (1 - s) + b[i] * s) * (1 - t) + (d[i] * (1 - s) + c[i] * s) * t + out[i]
            for i in range(3)
        ]

    quad = [at(u[0], v[0]), at(u[1], v[0]), at(u[1], v[1]), at(u[0], v[1])]
    return shapes.add_mesh(quad, [(0, 1, 2, 3)], material)


def car(
    at: Point,
    yaw_deg: float,
    colour: mat.Colour,
    plate: Any,
    *,
    wide_plate: bool = False,
    lights_on: bool = False,
) -> Any:
    """A saloon with its rear at local y = 0 looking to -y; `plate` is a picture material."""
    paint = mat.glossy(colour, roughness=0.25, metallic=0.35, coat=1.0)
    glass = mat.glossy((0.012, 0.014, 0.016), roughness=0.04)
    dark = mat.weathered((0.02, 0.02, 0.022), roughness=0.6, bump=0)
    chrome = mat.glossy((0.7, 0.7, 0.72), roughness=0.15, metallic=1.0)
    red = mat.glossy((0.35, 0.008, 0.008), roughness=0.1, coat=1.0)
    if lights_on:
        red = mat.glowing((1.0, 0.02, 0.012), 1.1)
    body = shapes.prism(_CAR_OUTLINE, 1.8, paint, smooth=True, bevel_m=0.09)
    for vertex in body.data.vertices:
        x, y, z = vertex.co
        vertex.co.x = x * (1 - 0.07 * ((y - 2.3) / 2.3) ** 2) * (1 - 0.07 * max(0.0, z - 0.6))
    low = [(-0.78, 0.55, 1.0), (0.78, 0.55, 1.0), (0.8, 3.4, 0.97), (-0.8, 3.4, 0.97)]
    high = [(-0.57, 1.2, 1.46), (0.57, 1.2, 1.46), (0.58, 2.5, 1.47), (-0.58, 2.5, 1.47)]
    parts = [body, shapes.hexahedron(low, high, paint, smooth=True, bevel_m=0.06)]
    rear = [low[0], low[1], high[1], high[0]]
    parts.append(_pane(rear, (0.1, 0.9), (0.14, 0.9), (0, -0.012, 0.008), glass))
    parts.append(
        _pane(
            [low[2], low[3], high[3], high[2]], (0.08, 0.92), (0.1, 0.92), (0, 0.012, 0.01), glass
        )
    )
    for side in (-1, 1):
        near, far = (1, 2) if side > 0 else (0, 3)
        face = [low[near], low[far], high[far], high[near]]
        for span in ((0.12, 0.46), (0.5, 0.86)):
            parts.append(_pane(face, span, (0.14, 0.88), (side * 0.012, 0, 0.004), glass))
        parts += _corner(side, red, dark, chrome, paint)
    width = 0.48 if wide_plate else 0.44
    sheet = shapes.sheet((width, 0.14), plate)
    parts += [
        shapes.box((1.66, 0.06, 0.2), (0, 0.04, 0.36), dark, bevel_m=0.02),
        shapes.box((0.66, 0.04, 0.2), (0, 0.005, 0.63), dark, bevel_m=0.015),
        shapes.place(sheet, (0, -0.022, 0.63)),
        shapes.box((0.8, 0.03, 0.025), (0, 0.015, 0.765), chrome, bevel_m=0.006),
        shapes.box((1.5, 0.012, 0.012), (0, 0.004, 0.5), dark),
        shapes.box((0.16, 0.05, 0.05), (0.55, 0.03, 0.3), chrome, bevel_m=0.01),
    ]
    return shapes.add_group(parts, at, yaw_deg)


def _corner(side: int, red: Any, dark: Any, chrome: Any, paint: Any) -> list[Any]:
    """Tail light, wheels, arches, mirror and door handles of one side."""
    parts = [
        shapes.box((0.34, 0.1, 0.12), (side * 0.62, 0.055, 0.86), red, bevel_m=0.03),
        shapes.box((0.14, 0.3, 0.11), (side * 0.74, 0.2, 0.86), red, bevel_m=0.03),
        shapes.box((0.18, 0.02, 0.04), (side * 0.66, 0.012, 0.42), red, bevel_m=0.005),
        shapes.box((0.2, 0.1, 0.13), (side * 0.94, 3.0, 1.04), paint, bevel_m=0.03),
        shapes.box((0.02, 1.1, 0.02), (side * 0.885, 2.0, 0.34), dark),
    ]
    for y in (0.92, 3.68):
        x = side * 0.885
        parts.append(shapes.tube((side * 0.6, y, 0.36), (x, y, 0.36), 0.39, dark))
        parts.append(shapes.tube((side * 0.68, y, 0.32), (x + side * 0.012, y, 0.32), 0.32, dark))
        parts.append(shapes.tube((x, y, 0.32), (x + side * 0.018, y, 0.32), 0.2, chrome))
    for y in (1.55, 2.45):
        parts.append(shapes.box((0.02, 0.16, 0.025), (side * 0.885, y, 0.86), chrome))
    return parts


def umbrella(at: Point, colours: list[mat.Colour], reach: float = 1.45) -> Any:
    """A stall umbrella of eight panels on a pole."""
    cloths = [mat.weathered(c, variation=0.15, scale=2, roughness=0.9) for c in colours]
    steel = mat.glossy((0.5, 0.5, 0.5), roughness=0.3, metallic=1.0)
    parts = [shapes.tube((0, 0, 0), (0, 0, 2.62), 0.025, steel)]
    rings = ((0.0, 2.6), (0.55, 2.47), (1.0, 2.2))
    for k in range(8):
        verts, faces = [], []
        for share, z in (*rings, (1.02, 2.05)):
            for j in range(5):
                turn = 2 * math.pi * (k + j / 4) / 8
                sag = 1 - 0.06 * math.sin(math.pi * j / 4) * share
                r = reach * share * sag
                verts.append((r * math.cos(turn), r * math.sin(turn), z - 0.03 * (sag < 0.96)))
        for row in range(3):
            for j in range(4):
                a = row * 5 + j
                faces.append((a, a + 1, a + 6, a + 5))
        parts.append(shapes.add_mesh(verts, faces, cloths[k % len(cloths)]))
    return shapes.add_group(parts, at, 11.0)


class Fruit:
    """Round fruit that share their meshes, heaped in crates."""

    def __init__(self, rng: random.Random) -> None:
        """Make the stock; `rng` drives every later choice."""
        self.rng = rng
        self.wood = mat.weathered((0.5, 0.33, 0.17), variation=0.4, scale=6)
        self.plastic = [
            mat.weathered(c, variation=0.15, roughness=0.45, bump=0.05)
            for c in ((0.05, 0.2, 0.5), (0.6, 0.08, 0.05), (0.1, 0.35, 0.12))
        ]
        kinds = {
            "apple": ((0.5, 0.03, 0.025), 0.045, 0.9), "orange": ((0.85, 0.3, 0.02), 0.042, 0.95),
            "pear": ((0.65, 0.6, 0.15), 0.045, 1.15), "melon": ((0.04, 0.16, 0.03), 0.12, 1.0),
            "mango": ((0.85, 0.5, 0.06), 0.05, 0.8), "plum": ((0.12, 0.02, 0.06), 0.03, 1.0),
        }  # fmt: skip
        self._stock = {}
        for name, (colour, radius, squash) in kinds.items():
            skin = mat.weathered(colour, variation=0.35, scale=14, roughness=0.35, bump=0.05)
            sample = shapes.sphere(radius, (0, 0, 0), skin, squash)
            self._stock[name] = (sample.data, radius)
            bpy.data.objects.remove(sample)

    def crate(self, kind: str, at: Point, yaw_deg: float = 0.0, tilt_deg: float = 0.0) -> Any:
        """A slatted crate heaped with fruit, its bottom at `at`."""
        (sx, sy), height = (0.5, 0.36), 0.18
        shell = self.wood if self.rng.random() < 0.5 else self.rng.choice(self.plastic)
        slats = [((sx, sy, 0.015), (0.0, 0.0, 0.01))]
        for level in range(3):
            z = 0.035 + level * (height - 0.05) / 2
            slats += [((sx, 0.014, 0.048), (0.0, s * sy / 2, z)) for s in (-1, 1)]
            slats += [((0.014, sy, 0.048), (s * sx / 2, 0.0, z)) for s in (-1, 1)]
        slats += [
            ((0.03, 0.03, height), (a * sx / 2, b * sy / 2, height / 2))
            for a in (-1, 1)
            for b in (-1, 1)
        ]
        parts = [shapes.boxes(slats, shell)]
        mesh, radius = self._stock[kind]
        nx, ny = max(2, int(sx / radius / 2)), max(2, int(sy / radius / 2))
        for layer in range(3):
            for i in range(nx):
                for j in range(ny):
                    x = (i + 0.5) / nx * 2 - 1
                    y = (j + 0.5) / ny * 2 - 1
                    if layer == 2 and x * x + y * y > 0.55:
                        continue
                    z = max(radius, height - radius * 0.9) + layer * radius * 0.75
                    obj = bpy.data.objects.new(kind, mesh)
                    bpy.context.scene.collection.objects.link(obj)
                    shift = min(0.014, radius * 0.35)
                    shapes.place(
                        obj,
                        (
                            x * (sx / 2 - radius * 0.6) + self.rng.uniform(-shift, shift),
                            y * (sy / 2 - radius * 0.6) + self.rng.uniform(-shift, shift),
                            z,
                        ),
                        (
                            self.rng.uniform(0, 40),
                            self.rng.uniform(0, 40),
                            self.rng.uniform(0, 360),
                        ),
                    )
                    parts.append(obj)
        group = shapes.add_group(parts, at, yaw_deg)
        group.rotation_euler[0] = math.radians(tilt_deg)
        return group


def cart(at: Point, yaw_deg: float) -> Any:
    """A flat vendor's cart 2 m by 1 m, its board at z = 0.75."""
    frame = mat.weathered((0.06, 0.16, 0.3), variation=0.4, roughness=0.5)
    board = mat.weathered((0.4, 0.27, 0.15), variation=0.4, scale=5)
    dark = mat.weathered((0.02, 0.02, 0.02), bump=0)
    steel = mat.glossy((0.5, 0.5, 0.5), roughness=0.35, metallic=1.0)
    parts = [
        shapes.box((2.1, 1.1, 0.05), (0, 0, 0.72), board),
        shapes.box((2.1, 0.03, 0.22), (0, -0.56, 0.64), frame),
        shapes.box((2.1, 0.03, 0.22), (0, 0.56, 0.64), frame),
    ]
    for x in (-0.6, 0.6):
        for y in (-0.48, 0.48):
            parts.append(shapes.tube((x, y - 0.03, 0.28), (x, y + 0.03, 0.28), 0.28, dark))
            parts.append(shapes.tube((x, y - 0.035, 0.28), (x, y + 0.035, 0.28), 0.2, steel))
        parts.append(shapes.tube((x, -0.5, 0.28), (x, 0.5, 0.28), 0.03, frame))
        parts.append(shapes.box((0.06, 0.9, 0.4), (x, 0, 0.5), frame))
    parts.append(shapes.tube((1.0, -0.4, 0.75), (1.6, -0.35, 1.0), 0.02, steel))
    parts.append(shapes.tube((1.0, 0.4, 0.75), (1.6, 0.35, 1.0), 0.02, steel))
    return shapes.add_group(parts, at, yaw_deg)


def excavator(at: Point, yaw_deg: float) -> Any:
    """A tracked excavator with its arm reaching down along +x."""
    yellow = mat.weathered((0.62, 0.33, 0.02), variation=0.35, roughness=0.5, soot=0.3)
    dark = mat.weathered((0.03, 0.03, 0.03), variation=0.4, bump=0.3)
    glass = mat.glossy((0.02, 0.03, 0.035))
    parts = []
    for y in (-1.1, 1.1):
        parts.append(shapes.box((3.6, 0.55, 0.8), (0, y, 0.42), dark, bevel_m=0.3))
    parts += [
        shapes.box((1.4, 1.4, 0.4), (0, 0, 0.95), dark),
        shapes.box((3.0, 2.5, 1.1), (-0.6, 0, 1.65), yellow, bevel_m=0.12),
        shapes.box((1.3, 1.0, 1.6), (0.6, -0.75, 2.05), yellow, bevel_m=0.1),
        shapes.box((1.1, 1.02, 0.75), (0.62, -0.76, 2.35), glass, bevel_m=0.03),
        shapes.box((0.5, 0.05, 0.6), (1.1, -0.75, 2.3), glass),
    ]
    joints = [(0.9, 0.35, 1.7), (3.2, 0.35, 4.2), (5.6, 0.35, 3.2), (5.9, 0.35, 1.1)]
    for start, end, radius in zip(joints, joints[1:], (0.24, 0.2, 0.16), strict=False):
        parts.append(shapes.tube(start, end, radius, yellow, radius * 0.8))
    bucket = [(5.4, 1.2), (6.2, 1.2), (6.3, 0.6), (5.9, 0.15), (5.3, 0.3)]
    scoop = shapes.prism([(x - 5.8, z) for x, z in bucket], 1.1, dark)
    parts.append(shapes.place(scoop, (5.8, 0.35, 0), (0, 0, -90)))
    return shapes.add_group(parts, at, yaw_deg)
