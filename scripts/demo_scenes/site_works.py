"""A building site: earth, a concrete frame, scaffolding, hoarding, a tower crane; and a person."""

from __future__ import annotations

import math
import random
from typing import Any

import materials as mat
import shapes
import street
import vehicles
from shapes import Point
from street import Front


def crane(at: Point, height: float, yaw_deg: float, material: Any) -> Any:
    """A lattice tower crane."""
    parts = []

    def lattice(start: Point, end: Point, side: float, bays: int) -> None:
        axis = 2 if abs(end[2] - start[2]) > abs(end[0] - start[0]) else 0
        others = [i for i in range(3) if i != axis]
        corners = [(a, b) for a in (-side, side) for b in (-side, side)]
        previous: list[Point] = []
        for k in range(bays + 1):
            t = k / bays
            centre = [start[i] + (end[i] - start[i]) * t for i in range(3)]
            ring = []
            for a, b in corners:
                point = list(centre)
                point[others[0]] += a
                point[others[1]] += b
                ring.append((point[0], point[1], point[2]))
            if previous:
                for i in range(4):
                    parts.append(shapes.tube(previous[i], ring[i], 0.07, material))
                for i, j in ((0, 1), (1, 3), (3, 2), (2, 0)):
                    parts.append(shapes.tube(previous[i], ring[j], 0.04, material))
            previous = ring

    lattice((0, 0, 0), (0, 0, height), 0.8, 14)
    lattice((0, 0, height + 1), (26, 0, height + 1.5), 0.55, 14)
    lattice((0, 0, height + 1), (-8, 0, height + 1), 0.55, 4)
    parts.append(shapes.tube((0, 0, height), (0, 0, height + 6), 0.25, material))
    for x in (20.0, -8.0):
        parts.append(shapes.tube((0, 0, height + 6), (x, 0, height + 1.5), 0.05, material))
    parts.append(shapes.tube((15, 0, height + 1), (15, 0, height - 9), 0.03, material))
    parts.append(shapes.box((2, 1.4, 1.8), (-7, 0, height), material))
    return shapes.add_group(parts, at, yaw_deg)


def frame_building(at: Point, bays: tuple[int, int], floors: int) -> None:
    """Columns and slabs with starter bars on top and a scaffold with green netting."""
    concrete = mat.weathered((0.36, 0.34, 0.31), variation=0.35, scale=1.2, soot=0.4)
    rust = mat.weathered((0.16, 0.08, 0.05))
    steel = mat.weathered((0.3, 0.28, 0.25), roughness=0.5)
    net = mat.masonry(
        ((0.05, 0.15, 0.09), (0.06, 0.18, 0.11), (0.03, 0.08, 0.05)),
        (1.8, 1.65),
        upright=True,
        mortar=0.05,
        soot=0.4,
    )
    pitch, level = 4.5, 3.3
    ox, oy, oz = at
    solid: list[tuple[Point, Point]] = []
    bars: list[tuple[Point, Point]] = []
    width, depth = bays[0] * pitch, bays[1] * pitch
    for f in range(floors):
        solid.append(
            ((width + 1, depth + 1, 0.28), (ox + width / 2, oy + depth / 2, oz + (f + 1) * level))
        )
    for i in range(bays[0] + 1):
        for j in range(bays[1] + 1):
            x, y = ox + i * pitch, oy + j * pitch
            solid.append(((0.55, 0.55, floors * level), (x, y, oz + floors * level / 2)))
            for k in range(6):
                bars.append(
                    (
                        (0.04, 0.04, 1.4),
                        (x - 0.2 + 0.08 * k, y + 0.15 * (k % 2), oz + floors * level + 0.7),
                    )
                )
    shapes.boxes(solid, concrete)
    shapes.boxes(bars, rust)
    poles: list[tuple[Point, Point]] = []
    front = oy - 1.6
    for i in range(int(width / 1.8) + 2):
        poles.append(
            ((0.06, 0.06, floors * level + 1), (ox - 0.5 + i * 1.8, front, oz + floors * level / 2))
        )
    for k in range(int(floors * level / 1.65) + 1):
        poles.append(((width + 1.5, 0.06, 0.06), (ox + width / 2, front, oz + k * 1.65)))
        poles.append(((width + 1.5, 0.9, 0.04), (ox + width / 2, front + 0.5, oz + k * 1.65 - 0.1)))
    shapes.boxes(poles, steel)
    shapes.box(
        (width * 0.55, 0.03, floors * level * 0.6),
        (ox + width * 0.72, front - 0.1, oz + floors * level * 0.62),
        net,
    )


def hoarding(span_x: tuple[float, float], y: float) -> None:
    """The blue corrugated fence round a site."""
    blue = mat.weathered((0.05, 0.17, 0.42), variation=0.25, roughness=0.5, soot=0.5)
    white = mat.weathered((0.65, 0.65, 0.63), soot=0.4)
    sheets = []
    for i in range(int((span_x[1] - span_x[0]) / 0.24)):
        sheets.append(((0.16, 0.06, 1.9), (span_x[0] + i * 0.24, y, 1.05)))
        sheets.append(((0.24, 0.03, 1.9), (span_x[0] + i * 0.24, y + 0.02, 1.05)))
    shapes.boxes(sheets, blue)
    width, middle = span_x[1] - span_x[0], sum(span_x) / 2
    shapes.boxes(
        [((width, 0.1, 0.1), (middle, y, 2.02)), ((width, 0.12, 0.2), (middle, y, 0.1))], white
    )


def site(rng: random.Random) -> None:
    """The whole site, seen from its gate at y = -26."""
    earth = mat.weathered((0.3, 0.22, 0.15), variation=0.5, scale=2.2, bump=1.0)
    shapes.terrain((-60, 60), (-30, 70), 0.55, earth, scale=0.22)
    for x, y, high in ((-9, 3, 2.6), (8, -3, 1.8), (15, 6, 3.0)):
        heap = shapes.terrain((-5, 5), (-5, 5), 0.5, earth, scale=0.9, count=70)
        for vertex in heap.data.vertices:
            fall = math.exp(-(vertex.co.x**2 + vertex.co.y**2) / 7)
            vertex.co.z = vertex.co.z * 0.8 * fall + high * fall - 0.4
        shapes.place(heap, (x, y, 0))
    frame_building((-4, 22, 0), (6, 3), 5)
    frame_building((-34, 30, 0), (4, 3), 8)
    yellow = mat.weathered((0.6, 0.34, 0.03), variation=0.3, roughness=0.5)
    crane((-8, 34, 0), 34, 20, yellow)
    far = mat.weathered((0.42, 0.42, 0.42), variation=0.2, scale=0.5)
    for x, storeys in ((-60, 14), (18, 16), (44, 12)):
        street.building(Front((x, x + 18), y=85, storeys=storeys, shops=False), far, rng)
    vehicles.excavator((-5, 2, 0.1), 15)
    hoarding((-40, -8), -6)
    hoarding((11, 40), -6)
    rust = mat.weathered((0.18, 0.09, 0.05))
    for k in range(14):
        shapes.tube(
            (6 + rng.random(), -14 + k * 0.1, 0.3 + 0.05 * (k % 3)),
            (11 + rng.random(), -13.4 + k * 0.1, 0.35 + 0.05 * (k % 3)),
            0.03,
            rust,
        )
    clods = []
    for _ in range(900):
        near = rng.random() ** 2
        size = rng.uniform(0.05, 0.3) * (0.35 + near)
        x, y = rng.gauss(0, 5 + 14 * near), -23 + 24 * near
        clods.append(((size, size * 0.8, size * 0.6), (x, y, rng.uniform(-0.05, 0.12))))
    shapes.boxes(clods, earth, bevel_m=0.03)
    grey = mat.weathered((0.35, 0.34, 0.33), variation=0.3)
    stack = [
        ((0.4, 0.2, 0.2), (-9 + 0.42 * (i % 6), -15 + 0.22 * (i // 18), 0.3 + 0.21 * (i // 6 % 3)))
        for i in range(54)
    ]
    shapes.boxes(stack, grey, bevel_m=0.01)


def person(at: Point, yaw_deg: float, *, seated: bool) -> Any:
    """A vendor in a straw hat, simple but in proportion."""
    shirt = mat.weathered((0.1, 0.16, 0.3), variation=0.4, scale=8)
    trousers = mat.weathered((0.05, 0.05, 0.06), variation=0.3)
    skin = mat.weathered((0.42, 0.26, 0.18), variation=0.15, bump=0)
    straw = mat.weathered((0.6, 0.47, 0.24), variation=0.3, scale=20, bump=0.5)
    hip = 0.5 if seated else 0.9
    low = [(-0.17, -0.11, hip), (0.17, -0.11, hip), (0.17, 0.11, hip), (-0.17, 0.11, hip)]
    high = [
        (-0.21, -0.1, hip + 0.55),
        (0.21, -0.1, hip + 0.55),
        (0.21, 0.1, hip + 0.55),
        (-0.21, 0.1, hip + 0.55),
    ]
    parts = [shapes.hexahedron(low, high, shirt, bevel_m=0.07)]
    for side in (-1, 1):
        x = side * 0.1
        parts.append(shapes.tube((x, 0, hip), (x * 1.2, 0, 0.05), 0.09, trousers, 0.06))
        shoulder = (side * 0.24, 0, hip + 0.5)
        elbow, hand = (side * 0.3, 0.05, hip + 0.2), (side * 0.22, 0.32, hip + 0.15)
        parts.append(shapes.tube(shoulder, elbow, 0.065, shirt, 0.05))
        parts.append(shapes.tube(elbow, hand, 0.045, skin, 0.035))
        parts.append(shapes.sphere(0.045, hand, skin))
    parts.append(shapes.tube((0, 0, hip + 0.5), (0, 0, hip + 0.68), 0.06, skin))
    parts.append(shapes.sphere(0.105, (0, 0.01, hip + 0.75), skin, 1.2))
    parts.append(shapes.tube((0, 0, hip + 0.79), (0, 0, hip + 0.81), 0.24, straw, 0.2))
    parts.append(shapes.tube((0, 0, hip + 0.8), (0, 0, hip + 0.93), 0.12, straw, 0.09))
    return shapes.add_group(parts, at, yaw_deg)
