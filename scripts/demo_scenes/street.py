"""Where things stand: ground, kerb, facades, trees, lamps, sky, camera."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any

import bpy
import materials as mat
import shapes
from mathutils import Vector
from shapes import Point


def reset() -> None:
    """Drop everything; scenes never share data."""
    bpy.ops.wm.read_factory_settings(use_empty=True)


def sky(
    *,
    elevation_deg: float,
    turn_deg: float,
    strength: float = 0.12,
    sun: float = 0.4,
    haze: float = 2.0,
    clouds: float = 0.5,
) -> None:
    """Blender's sky texture with noise clouds in what the camera sees of it."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    tree = world.node_tree
    background = tree.nodes["Background"]
    background.inputs["Strength"].default_value = strength
    texture = tree.nodes.new("ShaderNodeTexSky")
    texture.sky_type = "NISHITA"
    texture.sun_elevation = math.radians(elevation_deg)
    texture.sun_rotation = math.radians(turn_deg)
    texture.sun_intensity = sun
    texture.sun_disc = sun > 0
    texture.sun_size = math.radians(1.5)
    texture.dust_density = haze
    coords = tree.nodes.new("ShaderNodeTexCoord")
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = 2.5
    noise.inputs["Detail"].default_value = 9.0
    ramp = tree.nodes.new("ShaderNodeMapRange")
    for name, value in (("From Min", 0.42), ("From Max", 0.68), ("To Max", clouds)):
        ramp.inputs[name].default_value = value
    mix = tree.nodes.new("ShaderNodeMix")
    mix.data_type = "RGBA"
    white = 0.75 / max(strength, 0.01)
    mix.inputs["B"].default_value = (white, white, white * 1.02, 1)
    seen = tree.nodes.new("ShaderNodeLightPath")
    gate = tree.nodes.new("ShaderNodeMath")
    gate.operation = "MULTIPLY"
    links = tree.links
    links.new(coords.outputs["Generated"], noise.inputs["Vector"])
    links.new(noise.outputs[0], ramp.inputs["Value"])
    links.new(ramp.outputs[0], gate.inputs[0])
    links.new(seen.outputs["Is Camera Ray"], gate.inputs[1])
    links.new(gate.outputs[0], mix.inputs["Factor"])
    links.new(texture.outputs[0], mix.inputs["A"])
    links.new(mix.outputs["Result"], background.inputs["Color"])


def camera(at: Point, look_at: Point, lens_mm: float, *, roll_deg: float = 0.0) -> None:
    """A phone-like camera."""
    data = bpy.data.cameras.new("camera")
    data.lens = lens_mm
    data.sensor_fit = "AUTO"
    obj = bpy.data.objects.new("camera", data)
    bpy.context.scene.collection.objects.link(obj)
    obj.location = at
    turn = (Vector(look_at) - Vector(at)).to_track_quat("-Z", "Y").to_euler()
    obj.rotation_euler = turn
    obj.rotation_euler.rotate_axis("Z", math.radians(roll_deg))
    bpy.context.scene.camera = obj


def ground(*, kerb_y: float = -3.2, span: float = 110.0) -> None:
    """Paved footway from the facades to the kerb at z = 0.15, road at z = 0."""
    paving = mat.masonry(
        ((0.3, 0.28, 0.26), (0.24, 0.22, 0.21), (0.12, 0.11, 0.1)),
        (0.4, 0.2),
        upright=False,
        mortar=0.006,
    )
    stone = mat.weathered((0.3, 0.3, 0.29), variation=0.4, scale=2, soot=0.2)
    shapes.box((span * 2, -kerb_y + 8, 0.15), (0, kerb_y / 2 + 4, 0.075), paving)
    kerbs = [((0.98, 0.16, 0.17), (-span + i, kerb_y, 0.075)) for i in range(int(span * 2))]
    shapes.boxes(kerbs, stone, bevel_m=0.012)
    shapes.box((span * 2, 60, 0.1), (0, kerb_y - 30, -0.05), mat.asphalt())
    line = mat.weathered((0.6, 0.6, 0.57), variation=0.6, scale=8)
    dashes = [
        ((2.0, 0.12, 0.004), (-span + i * 5, kerb_y - 3.6, 0.002)) for i in range(int(span / 2))
    ]
    shapes.boxes(dashes, line)


def wall(span_x: tuple[float, float], height: float, material: Any, *, y: float = 0.0) -> None:
    """A plain wall with a coping."""
    width, middle = span_x[1] - span_x[0], sum(span_x) / 2
    shapes.box((width, 0.3, height), (middle, y + 0.15, height / 2), material)
    stone = mat.weathered((0.3, 0.29, 0.28), soot=0.3)
    shapes.box((width, 0.42, 0.09), (middle, y + 0.15, height + 0.045), stone)


@dataclass(frozen=True)
class Front:
    """A building front along x (or turned to face the street's other side)."""

    span_x: tuple[float, float]
    y: float = 0.0
    storeys: int = 4
    shops: bool = True
    lit: float = 0.0
    """Share of the windows that are lit."""
    facing: int = -1
    """-1 looks to -y, 1 to +y."""


@dataclass
class Parts:
    """Cuboids of a front, sorted by material: (size, centre)."""

    glass: list[tuple[Point, Point]] = field(default_factory=list)
    glow: list[tuple[Point, Point]] = field(default_factory=list)
    frames: list[tuple[Point, Point]] = field(default_factory=list)
    metal: list[tuple[Point, Point]] = field(default_factory=list)
    units: list[tuple[Point, Point]] = field(default_factory=list)


def building(front: Front, skin: Any, rng: random.Random) -> None:
    """A block with windows, frames, sills, grilles, air conditioners and a shop row."""
    left, right = front.span_x
    floor_h, ground_h, out = 3.0, 3.6, front.facing
    height = ground_h + floor_h * front.storeys + 0.6
    centre_y = front.y - out * 5
    shapes.box((right - left, 10, height), ((left + right) / 2, centre_y, height / 2), skin)
    parts = Parts()
    bays = max(1, int((right - left) / 3.1))
    pitch = (right - left) / bays
    for bay in range(bays):
        x = left + (bay + 0.5) * pitch
        for storey in range(front.storeys):
            z = ground_h + storey * floor_h + 1.6
            (parts.glow if rng.random() < front.lit else parts.glass).append(
                ((1.7, 0.04, 1.5), (x, front.y + out * 0.01, z))
            )
            for dx in (-0.85, 0.0, 0.85):
                parts.frames.append(((0.07, 0.12, 1.5), (x + dx, front.y + out * 0.03, z)))
            for dz in (-0.75, 0.3, 0.75):
                parts.frames.append(((1.77, 0.12, 0.07), (x, front.y + out * 0.03, z + dz)))
            parts.frames.append(((2.0, 0.3, 0.08), (x, front.y + out * 0.1, z - 0.84)))
            if rng.random() < 0.35:
                for i in range(13):
                    bar_x = x - 0.9 + i * 0.15
                    parts.metal.append(((0.02, 0.02, 1.6), (bar_x, front.y + out * 0.38, z)))
                for dz in (-0.8, 0.0, 0.8):
                    parts.metal.append(((1.85, 0.03, 0.03), (x, front.y + out * 0.38, z + dz)))
            if rng.random() < 0.45:
                parts.units.append(
                    ((0.8, 0.32, 0.55), (x + pitch * 0.4, front.y + out * 0.22, z - 0.75))
                )
        if front.shops:
            _shop(x, pitch, front, parts, rng)
    shapes.boxes(parts.glass, mat.glossy((0.03, 0.038, 0.042), roughness=0.06))
    shapes.boxes(parts.frames, mat.weathered((0.42, 0.42, 0.41), soot=0.2))
    if parts.glow:
        shapes.boxes(parts.glow, mat.glowing((1.0, 0.5, 0.12), 0.26))
    if parts.metal:
        shapes.boxes(parts.metal, mat.weathered((0.16, 0.16, 0.17), roughness=0.4, soot=0.3))
    if parts.units:
        shapes.boxes(parts.units, mat.weathered((0.55, 0.54, 0.5), soot=0.3), bevel_m=0.02)


def _shop(x: float, pitch: float, front: Front, parts: Parts, rng: random.Random) -> None:
    """One ground-floor bay: a shop window with a door, or a shutter."""
    y, out = front.y, front.facing
    if rng.random() < 0.35:
        for i in range(22):
            parts.metal.append(((pitch * 0.84, 0.06, 0.1), (x, y + out * 0.03, 0.28 + i * 0.115)))
    else:
        pane = ((pitch * 0.84, 0.04, 2.4), (x, y + out * 0.01, 1.4))
        (parts.glow if rng.random() < front.lit * 1.4 else parts.glass).append(pane)
        for share in (-0.42, -0.05, 0.2, 0.42):
            parts.frames.append(((0.08, 0.12, 2.5), (x + pitch * share, y + out * 0.04, 1.4)))
        parts.frames.append(((pitch * 0.84, 0.12, 0.3), (x, y + out * 0.04, 0.3)))
    parts.frames.append(((pitch * 0.12, 0.2, 2.8), (x + pitch * 0.5, y + out * 0.06, 1.4)))


def distant_blocks(rng: random.Random, *, x: float) -> None:
    """Tower blocks that close the street's far end; masonry with wide joints reads as windows."""
    for k in range(5):
        tone = rng.uniform(0.3, 0.45)
        concrete = (tone, tone * 0.97, tone * 0.92)
        skin = mat.masonry(
            ((0.07, 0.08, 0.09), (0.12, 0.13, 0.14), concrete),
            (3.4, 2.9),
            upright=True,
            mortar=0.7,
            soot=0.2,
            offset=0.0,
        )
        high = rng.uniform(20, 38)
        shapes.box((14, 15, high), (x + rng.uniform(0, 12), -36 + k * 17, high / 2), skin)


def tree(at: Point, rng: random.Random, *, height: float = 6.5, reach: float = 2.1) -> None:
    """A street tree: a bent trunk, boughs and a crown of single leaves."""
    bark = mat.weathered((0.17, 0.13, 0.1), variation=0.5, scale=9, bump=0.8)
    leaf = mat.weathered((0.06, 0.14, 0.03), variation=0.6, scale=2, roughness=0.6, bump=0)
    x, y, z = at
    fork = (x + rng.uniform(-0.2, 0.2), y + rng.uniform(-0.2, 0.2), z + height * 0.42)
    shapes.tube(at, fork, 0.17, bark, 0.12)
    tips = []
    for i in range(6):
        turn = 2 * math.pi * (i + rng.uniform(-0.3, 0.3)) / 6
        run = reach * rng.uniform(0.45, 0.8)
        tip = (
            fork[0] + run * math.cos(turn),
            fork[1] + run * math.sin(turn),
            z + height * rng.uniform(0.62, 0.92),
        )
        shapes.tube(fork, tip, 0.09, bark, 0.02)
        tips.append(tip)
    verts: list[Point] = []
    faces: list[tuple[int, ...]] = []
    for tip in tips:
        for _ in range(1500):
            spread = reach * 0.36
            centre = Vector(tip) + Vector(
                [spread * max(-2, min(2, rng.gauss(0, 1))) for _ in range(3)]
            )
            side = Vector([rng.gauss(0, 1) for _ in range(3)]).normalized() * 0.075
            other = side.orthogonal() * 0.6
            start = len(verts)
            verts += [tuple(centre + d) for d in (-side, -other, side, other)]
            faces.append((start, start + 1, start + 2, start + 3))
    shapes.add_mesh(verts, faces, leaf)


def lamp_post(at: Point, *, lit: bool = False) -> None:
    """A street lamp reaching over the road."""
    steel = mat.weathered((0.2, 0.22, 0.22), roughness=0.5, soot=0.3)
    x, y, z = at
    shapes.tube(at, (x, y, z + 6.5), 0.08, steel, 0.05)
    shapes.tube((x, y, z + 6.4), (x, y - 1.5, z + 6.9), 0.035, steel)
    head = mat.glowing((1.0, 0.88, 0.72), 300.0) if lit else steel
    shapes.box((0.2, 0.6, 0.1), (x, y - 1.7, z + 6.9), head, bevel_m=0.03)


def cables(start: Point, end: Point, count: int, rng: random.Random) -> None:
    """Sagging wires between two points."""
    black = mat.weathered((0.02, 0.02, 0.02), bump=0)
    for k in range(count):
        drop = 0.25 + 0.3 * rng.random()
        previous = start
        for i in range(1, 13):
            t = i / 12
            point = tuple(a + (b - a) * t for a, b in zip(start, end, strict=True))
            sag = drop * 4 * t * (1 - t)
            here = (point[0], point[1], point[2] - sag - 0.08 * k)
            shapes.tube(previous, here, 0.012, black)
            previous = here
