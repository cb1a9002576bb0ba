"""Meshes from plain coordinates: the few primitives every prop is built of.

World frame, metres: x along the street, y away from the camera (facades at y = 0), z up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import bpy
from mathutils import Vector, noise

Point = tuple[float, float, float]

_BOX_FACES = [(0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]


def add_mesh(
    verts: Sequence[Sequence[float]],
    faces: Sequence[Sequence[int]],
    material: Any,
    *,
    smooth: bool = False,
    bevel_m: float = 0.0,
) -> Any:
    """Link a new mesh object into the scene and return it."""
    mesh = bpy.data.meshes.new("mesh")
    mesh.from_pydata([tuple(v) for v in verts], [], [tuple(f) for f in faces])
    mesh.materials.append(material)
    if smooth:
        mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    mesh.update()
    obj = bpy.data.objects.new("object", mesh)
    bpy.context.scene.collection.objects.link(obj)
    if bevel_m > 0:
        modifier = obj.modifiers.new("bevel", "BEVEL")
        modifier.width, modifier.segments, modifier.limit_method = bevel_m, 3, "ANGLE"
        modifier.harden_normals = smooth
    return obj


def place(obj: Any, at: Point, rotation_deg: Point = (0.0, 0.0, 0.0), scale: float = 1.0) -> Any:
    """Move, turn and scale an object; returns it."""
    obj.location = at
    obj.rotation_euler = tuple(math.radians(a) for a in rotation_deg)
    obj.scale = (scale, scale, scale)
    return obj


def add_group(parts: Sequence[Any], at: Point, yaw_deg: float = 0.0, scale: float = 1.0) -> Any:
    """Parent the parts to an empty and move that; returns the empty."""
    empty = bpy.data.objects.new("group", None)
    bpy.context.scene.collection.objects.link(empty)
    for part in parts:
        if part.parent is None:
            part.parent = empty
    return place(empty, at, (0.0, 0.0, yaw_deg), scale)


def box(size: Point, at: Point, material: Any, *, bevel_m: float = 0.0) -> Any:
    """A cuboid whose centre is `at`."""
    return boxes([(size, at)], material, bevel_m=bevel_m)


def boxes(parts: Sequence[tuple[Point, Point]], material: Any, *, bevel_m: float = 0.0) -> Any:
    """Many cuboids, each (size, centre), as one object."""
    verts: list[Point] = []
    faces: list[tuple[int, ...]] = []
    for (sx, sy, sz), (x, y, z) in parts:
        start = len(verts)
        for dz in (-0.5, 0.5):
            for dx, dy in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
                verts.append((x + dx * sx, y + dy * sy, z + dz * sz))
        faces += [tuple(start + i for i in face) for face in _BOX_FACES]
    return add_mesh(verts, faces, material, bevel_m=bevel_m)


def hexahedron(bottom: Sequence[Point], top: Sequence[Point], material: Any, **kw: Any) -> Any:
    """A solid between two four-cornered outlines, both counter-clockwise from above."""
    return add_mesh([*bottom, *top], _BOX_FACES, material, **kw)


def prism(outline_yz: Sequence[tuple[float, float]], width: float, material: Any, **kw: Any) -> Any:
    """A (y, z) outline drawn out along x, centred on x = 0."""
    count = len(outline_yz)
    verts = [(x, y, z) for x in (-width / 2, width / 2) for y, z in outline_yz]
    faces = [tuple(range(count)), tuple(range(2 * count - 1, count - 1, -1))]
    faces += [(i, i + count, (i + 1) % count + count, (i + 1) % count) for i in range(count)]
    return add_mesh(verts, faces, material, **kw)


def tube(start: Point, end: Point, radius: float, material: Any, radius_end: float = -1) -> Any:
    """A closed round bar between two points, tapered where radius_end is given."""
    axis = Vector(end) - Vector(start)
    side = axis.orthogonal().normalized()
    other = axis.normalized().cross(side)
    last = radius if radius_end < 0 else radius_end
    turn = [2 * math.pi * i / 16 for i in range(16)]
    verts = [
        Vector(centre) + (side * math.cos(a) + other * math.sin(a)) * r
        for centre, r in ((start, radius), (end, last))
        for a in turn
    ]
    faces = [(i, (i + 1) % 16, (i + 1) % 16 + 16, i + 16) for i in range(16)]
    obj = add_mesh(verts, [*faces, range(15, -1, -1), range(16, 32)], material)
    obj.data.polygons.foreach_set("use_smooth", [True] * 16 + [False, False])
    return obj


def sphere(radius: float, at: Point, material: Any, squash: float = 1.0) -> Any:
    """A smooth ball, flattened along z by `squash`."""
    verts, faces = grid_sphere(24, 14)
    scaled = [(x * radius, y * radius, z * radius * squash) for x, y, z in verts]
    return place(add_mesh(scaled, faces, material, smooth=True), at)


def grid_sphere(around: int, rows: int) -> tuple[list[Point], list[tuple[int, ...]]]:
    """Unit sphere vertices and quads, poles included as short rings."""
    verts = []
    for j in range(rows + 1):
        polar = math.pi * (0.002 + 0.996 * j / rows)
        for i in range(around):
            turn = 2 * math.pi * i / around
            ring = math.sin(polar)
            verts.append((ring * math.cos(turn), ring * math.sin(turn), math.cos(polar)))
    faces = [
        (
            j * around + i,
            (j + 1) * around + i,
            (j + 1) * around + (i + 1) % around,
            j * around + (i + 1) % around,
        )
        for j in range(rows)
        for i in range(around)
    ]
    return verts, faces


def sheet(
    size: tuple[float, float], material: Any, *, curl: float = 0.0, phase: float = 0.0
) -> Any:
    """An upright picture in the xz plane facing -y, centred; corners lift by `curl` metres."""
    cols = rows = 10
    verts, uvs = [], []
    for j in range(rows + 1):
        for i in range(cols + 1):
            u, v = i / cols, j / rows
            corner = (abs(u - 0.5) * 2) ** 3 * (abs(v - 0.5) * 2) ** 3
            wave = noise.noise(Vector((u * 3 + phase, v * 3, phase)))
            lift = curl * (corner * (0.5 + 0.5 * math.sin(phase + u * 2 + v * 5)) + 0.06 * wave)
            verts.append(((u - 0.5) * size[0], -abs(lift), (v - 0.5) * size[1]))
            uvs.append((u, v))
    step = cols + 1
    faces = [
        (j * step + i, j * step + i + 1, (j + 1) * step + i + 1, (j + 1) * step + i)
        for j in range(rows)
        for i in range(cols)
    ]
    obj = add_mesh(verts, faces, material, smooth=True)
    layer = obj.data.uv_layers.new(name="uv")
    for loop in obj.data.loops:
        layer.data[loop.index].uv = uvs[loop.vertex_index]
    return obj


def terrain(
    span_x: tuple[float, float],
    span_y: tuple[float, float],
    height: float,
    material: Any,
    *,
    scale: float = 0.25,
    count: int = 120,
) -> Any:
    """Bumpy ground over a rectangle, heights from fractal noise."""
    verts = []
    for j in range(count + 1):
        for i in range(count + 1):
            x = span_x[0] + (span_x[1] - span_x[0]) * i / count
            y = span_y[0] + (span_y[1] - span_y[0]) * j / count
            z = noise.fractal(Vector((x * scale, y * scale, 0.7)), 1.0, 2.0, 6)
            verts.append((x, y, z * height))
    step = count + 1
    faces = [
        (j * step + i, j * step + i + 1, (j + 1) * step + i + 1, (j + 1) * step + i)
        for j in range(count)
        for i in range(count)
    ]
    return add_mesh(verts, faces, material, smooth=True)
