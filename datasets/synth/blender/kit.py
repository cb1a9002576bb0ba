"""What every builder is handed: the dice, cached materials, shared meshes and grouping."""

from __future__ import annotations

import colorsys
import contextlib
import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import materials as mat
import numpy as np
import shapes
import stage
from PIL import Image
from shapes import Point

WHITE, BLACK, STEEL = (0.7, 0.69, 0.66), (0.015, 0.015, 0.016), (0.5, 0.5, 0.5)


@dataclass(frozen=True)
class Vessel:
    """A container as the rubbish sees it, in the frame it was built in."""

    mouth: Point
    """Middle of the opening."""
    mouth_reach: tuple[float, float]
    """Half extents of the opening."""
    foot_reach: tuple[float, float]
    """Half extents of what stands on the ground, around the origin."""
    side_mouth: bool = False
    """The opening looks to -y instead of up."""


class Kit:
    """The dice of one sprite and what is made only once in it."""

    def __init__(self, rng: random.Random, font: str, *, night: bool) -> None:
        """`rng` drives every choice; `font` is a file with Chinese glyphs."""
        self.rng = rng
        self.font = font
        self.night = night
        self._groups: list[Any] = []
        self._paints: dict[tuple[Any, ...], Any] = {}

    def paint(self, colour: mat.Colour, **options: float) -> Any:
        """An uneven paint, plastic or cloth."""
        key = ("weathered", colour, *sorted(options.items()))
        if key not in self._paints:
            self._paints[key] = mat.weathered(colour, **options)
        return self._paints[key]

    def plain(self, colour: mat.Colour, roughness: float = 0.6, metallic: float = 0.0) -> Any:
        """A single tone, for small things."""
        key = ("plain", colour, roughness, metallic)
        if key not in self._paints:
            self._paints[key] = mat.glossy(colour, roughness=roughness, metallic=metallic)
        return self._paints[key]

    def film(self, colour: mat.Colour) -> Any:
        """Bag film."""
        key = ("film", colour)
        if key not in self._paints:
            self._paints[key] = mat.plastic_film(colour)
        return self._paints[key]

    def steel(self) -> Any:
        """Brushed metal."""
        return self.plain(STEEL, 0.35, 1.0)

    def vary(self, colour: mat.Colour, amount: float = 0.25) -> mat.Colour:
        """The colour a little lighter or darker and off-tint."""
        tone = self.rng.uniform(1 - amount, 1 + amount)
        tint = [self.rng.uniform(1 - amount / 3, 1 + amount / 3) for _ in range(3)]
        r, g, b = (min(0.9, c * tone * t) for c, t in zip(colour, tint, strict=True))
        return (r, g, b)

    def colour(self, low: float = 0.02, high: float = 0.65) -> mat.Colour:
        """Any colour, linear: a third greys, the rest of even spread in perceived lightness."""
        tone = self.rng.uniform(low**0.5, high**0.5) ** 2
        strength = (
            self.rng.uniform(0, 0.12) if self.rng.random() < 0.36 else self.rng.uniform(0.3, 0.97)
        )
        return colorsys.hsv_to_rgb(self.rng.random(), strength, tone)

    def stock(self, name: str, make: Callable[[], Any]) -> Any:
        """A mesh that all sprites share; `make` returns an object that holds it."""
        key = stage.STOCK + name
        mesh = bpy.data.meshes.get(key)
        if mesh is None:
            sample = make()
            mesh = sample.data
            mesh.name = key
            mesh.use_fake_user = True
            mesh.materials.clear()
            mesh.materials.append(None)
            bpy.data.objects.remove(sample)
        return mesh

    def put(
        self,
        mesh: Any,
        material: Any,
        at: Point,
        turn_deg: Point = (0.0, 0.0, 0.0),
        scale: float | Point = 1.0,
    ) -> Any:
        """Another object on a shared mesh with a material of its own."""
        obj = bpy.data.objects.new("thing", mesh)
        bpy.context.scene.collection.objects.link(obj)
        obj.material_slots[0].link = "OBJECT"
        obj.material_slots[0].material = material
        shapes.place(obj, at, turn_deg)
        obj.scale = (scale, scale, scale) if isinstance(scale, float | int) else scale
        return obj

    @contextlib.contextmanager
    def group(self, at: Point, yaw_deg: float = 0.0, scale: float = 1.0) -> Iterator[None]:
        """All objects made inside move and turn together."""
        before = set(bpy.context.scene.objects)
        yield
        parts = [o for o in bpy.context.scene.objects if o not in before and o.parent is None]
        self._groups.append(shapes.add_group(parts, at, yaw_deg, scale))

    def last_group(self) -> Any:
        """The group that was closed last."""
        return self._groups[-1]

    def picture(self, image: Image.Image, *, roughness: float = 0.6, emission: float = 0.0) -> Any:
        """A material from a drawing, by UV; alpha cuts."""
        rgba = np.asarray(image.convert("RGBA"), np.float32)[::-1] / 255
        target = bpy.data.images.new("drawing", image.width, image.height, alpha=True)
        target.pixels.foreach_set(np.ascontiguousarray(rgba).ravel())
        target.update()
        target.pack()
        graph = mat.Graph("picture")
        node = graph.add("ShaderNodeTexImage")
        node.image = target
        graph.set(Base_Color=node.outputs["Color"], Roughness=roughness)
        if image.mode == "RGBA":
            graph.set(Alpha=node.outputs["Alpha"])
        if emission > 0:
            graph.set(Emission_Color=node.outputs["Color"], Emission_Strength=emission)
        return graph.material

    def picture_board(self) -> Any:
        """A plain notice-board tone."""
        return self.plain(
            self.rng.choice(((0.05, 0.25, 0.08), (0.03, 0.12, 0.4), (0.6, 0.6, 0.58))), 0.5
        )

    def decal(self, material: Any, size: tuple[float, float], at: Point, turn_deg: Point) -> Any:
        """A flat picture, facing -y before it is turned."""
        w, h = size[0] / 2, size[1] / 2
        return shapes.place(
            quad([(-w, 0, -h), (w, 0, -h), (w, 0, h), (-w, 0, h)], material), at, turn_deg
        )


def quad(corners: Sequence[Point], material: Any) -> Any:
    """Four corners with a full UV square."""
    obj = shapes.add_mesh(corners, [(0, 1, 2, 3)], material)
    layer = obj.data.uv_layers.new(name="uv")
    for loop, uv in zip(layer.data, ((0, 0), (1, 0), (1, 1), (0, 1)), strict=True):
        loop.uv = uv
    return obj


def lathe(
    profile: Sequence[tuple[float, float]], material: Any, *, around: int = 20, smooth: bool = True
) -> Any:
    """A (radius, z) profile turned round the z axis, open at both ends."""
    verts = [
        (r * math.cos(2 * math.pi * i / around), r * math.sin(2 * math.pi * i / around), z)
        for r, z in profile
        for i in range(around)
    ]
    faces = [
        (
            j * around + i,
            j * around + (i + 1) % around,
            (j + 1) * around + (i + 1) % around,
            (j + 1) * around + i,
        )
        for j in range(len(profile) - 1)
        for i in range(around)
    ]
    return shapes.add_mesh(verts, faces, material, smooth=smooth)


def tub(
    bottom: tuple[float, float],
    top: tuple[float, float],
    z: tuple[float, float],
    material: Any,
    inside: Any,
    *,
    lean: float = 0.0,
    fill: float = 0.55,
) -> None:
    """An open four-sided vessel with a dark floor at `fill` of its height; half extents in m."""
    (bx, by), (tx, ty), (z0, z1) = bottom, top, z
    low = [(-bx, -by, z0), (bx, -by, z0), (bx, by + lean, z0), (-bx, by + lean, z0)]
    high = [(-tx, -ty, z1), (tx, -ty, z1), (tx, ty, z1), (-tx, ty, z1)]
    faces = [(0, 3, 2, 1), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    shapes.add_mesh([*low, *high], faces, material, bevel_m=0.02)
    fx, fy = bx + (tx - bx) * fill - 0.01, by + (ty - by) * fill - 0.01
    floor = z0 + (z1 - z0) * fill
    inner = [(-fx, -fy, floor), (fx, -fy, floor), (fx, fy, floor), (-fx, fy, floor)]
    shapes.add_mesh(
        [*inner, *[(x * 0.98, y * 0.98, q) for x, y, q in high]],
        [(0, 1, 2, 3), (4, 5, 1, 0), (5, 6, 2, 1), (6, 7, 3, 2), (7, 4, 0, 3)],
        inside,
    )
