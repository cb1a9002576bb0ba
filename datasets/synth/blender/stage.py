"""One sprite's stage: emptying the file, light, a framing camera, the render and its numbers."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Euler, Vector

STOCK = "stock-"
"""Names of meshes that all sprites of a process share begin so; `clear` leaves them."""
LONG_SIDE_PX = 336
MARGIN = 0.07
"""Share of the longer extent that stays free around object and shadow."""
SHADOW_REACH_M = 0.6
"""How much of a long shadow the frame takes in; the rest fades out."""


@dataclass(frozen=True)
class Light:
    """What shines on the object."""

    time: str
    """`sun`, `overcast` or `night`."""
    sun_azimuth_deg: float
    """Direction to the sun (or lamp) from above, counter-clockwise from the object's +x."""
    sun_elevation_deg: float


@dataclass(frozen=True)
class View:
    """Where the camera stands and what its picture shows."""

    height_m: float
    distance_m: float
    pitch_deg: float
    """Below the horizontal."""
    yaw_deg: float
    focal_px: float
    size_px: tuple[int, int]
    horizon_y_px: float
    """Row of the horizon from the sprite's top; mostly outside the sprite."""


def clear() -> None:
    """Remove everything but the shared meshes."""
    data = bpy.data
    gone: list[Any] = [*data.objects, *data.materials, *data.images, *data.lights, *data.cameras]
    gone += [*data.worlds, *(m for m in data.meshes if not m.name.startswith(STOCK))]
    data.batch_remove(gone)


def draw_light(rng: random.Random) -> Light:
    """Choose the time of day: sun 50 %, overcast 35 %, night 15 %."""
    time = rng.choices(("sun", "overcast", "night"), (50, 35, 15))[0]
    return Light(time, rng.uniform(0, 360), rng.uniform(18, 72))


def _sky(zenith: tuple[float, ...], horizon: tuple[float, ...], ground: tuple[float, ...]) -> None:
    """A vertical colour ramp around everything; below the horizon it stands for the ground."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.cycles.sampling_method = "MANUAL"
    world.cycles.sample_map_resolution = 64
    world.use_nodes = True
    tree = world.node_tree
    coords = tree.nodes.new("ShaderNodeTexCoord")
    split = tree.nodes.new("ShaderNodeSeparateXYZ")
    level = tree.nodes.new("ShaderNodeMapRange")
    level.inputs["From Min"].default_value, level.inputs["From Max"].default_value = -1.0, 1.0
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    stops = ramp.color_ramp.elements
    stops[0].position, stops[0].color = 0.46, (*ground, 1)
    stops[1].position, stops[1].color = 0.95, (*zenith, 1)
    middle = stops.new(0.52)
    middle.color = (*horizon, 1)
    tree.links.new(coords.outputs["Generated"], split.inputs[0])
    tree.links.new(split.outputs["Z"], level.inputs["Value"])
    tree.links.new(level.outputs[0], ramp.inputs[0])
    tree.links.new(ramp.outputs[0], tree.nodes["Background"].inputs["Color"])


def _lamp(kind: str, at: Vector, energy: float, colour: tuple[float, ...], size: float) -> None:
    """A sun or an area lamp that points at the middle of the object."""
    data = bpy.data.lights.new("lamp", kind)
    data.energy, data.color = energy, colour
    if kind == "SUN":
        data.angle = size
    else:
        data.size = size
    obj = bpy.data.objects.new("lamp", data)
    bpy.context.scene.collection.objects.link(obj)
    obj.location = at
    obj.rotation_euler = (Vector((0, 0, 0.5)) - at).to_track_quat("-Z", "Y").to_euler()


def set_light(light: Light, rng: random.Random) -> None:
    """Build sky and lamps."""
    azimuth, elevation = map(math.radians, (light.sun_azimuth_deg, light.sun_elevation_deg))
    towards = Vector(
        (
            math.cos(azimuth) * math.cos(elevation),
            math.sin(azimuth) * math.cos(elevation),
            math.sin(elevation),
        )
    )
    if light.time == "sun":
        warm = rng.uniform(0.75, 0.97)
        _sky((0.45, 0.62, 0.95), (0.8, 0.88, 1.0), (0.33, 0.31, 0.29))
        _lamp("SUN", towards, rng.uniform(2.2, 4.2), (1, 0.4 + 0.6 * warm, warm), 0.02)
    elif light.time == "overcast":
        tint = rng.uniform(0.92, 1.06)
        _sky((1.25 / tint, 1.25, 1.28 * tint), (0.85, 0.88, 0.92), (0.3, 0.29, 0.28))
        _lamp("SUN", towards, rng.uniform(0.0, 0.9), (1, 0.97, 0.93), 0.6)
    else:
        _sky((0.07, 0.08, 0.12), (0.17, 0.16, 0.17), (0.09, 0.08, 0.07))
        for _ in range(rng.choice((1, 1, 2))):
            turn = azimuth + rng.uniform(-0.6, 0.6)
            reach = rng.uniform(1.2, 3.5)
            at = Vector((reach * math.cos(turn), reach * math.sin(turn), rng.uniform(3.2, 5.0)))
            colour = rng.choice(((1, 0.72, 0.4), (1, 0.85, 0.65), (0.9, 0.97, 1.0)))
            _lamp("AREA", at, 24 * at.length_squared, colour, 0.5)


def world_points() -> Any:
    """All mesh vertices, float64 (N, 3), metres."""
    bpy.context.view_layer.update()
    clouds = []
    for obj in bpy.context.scene.objects:
        if obj.type != "MESH":
            continue
        flat = np.empty(len(obj.data.vertices) * 3)
        obj.data.vertices.foreach_get("co", flat)
        turn = np.array(obj.matrix_world)
        clouds.append(flat.reshape(-1, 3) @ turn[:3, :3].T + turn[:3, 3])
        obj.pass_index = 1
    return np.concatenate(clouds)


def _shadow_points(points: Any, light: Light) -> Any:
    """Where the top corners throw their shadow, at most SHADOW_REACH_M away."""
    low, high = points.min(0), points.max(0)
    if light.time == "overcast":
        shift = 0.2
    else:
        length = (high[2] - low[2]) / math.tan(math.radians(light.sun_elevation_deg))
        shift = min(SHADOW_REACH_M, length)
    turn = math.radians(light.sun_azimuth_deg)
    away = np.array([-math.cos(turn), -math.sin(turn)]) * shift
    corners = [
        (x + away[0], y + away[1], 0.0) for x in (low[0], high[0]) for y in (low[1], high[1])
    ]
    return np.array(corners)


def aim(points: Any, light: Light, rng: random.Random) -> View:
    """Place a phone (70 %) or pole (30 %) camera so that object and shadow fill the frame.

    A narrow crop of a wide photo: the camera stands where a person or pole stands, keeps a modest
    pitch, and the lens shift moves the frame onto the object.
    """
    low, high = points.min(0), points.max(0)
    middle = (low + high) / 2
    extent = float(np.linalg.norm(high[:2] - low[:2]))
    pole = rng.random() < 0.3
    height = rng.uniform(3.0, 6.0) if pole else rng.uniform(1.3, 1.7)
    size = max(extent, float(high[2]))
    distance = extent / 2 + (rng.uniform(3.5, 11.0) if pole else size * rng.uniform(1.1, 2.8) + 0.8)
    # Objects are built with their front towards -y: most photos show front or a corner.
    turn = rng.gauss(0, 55) if rng.random() < 0.8 else rng.uniform(-180, 180)
    yaw = math.radians(turn)
    at = np.array([
        middle[0] + distance * math.sin(yaw), middle[1] - distance * math.cos(yaw), height
    ])  # fmt: skip
    down = math.atan2(height - middle[2], distance)
    pitch = down * rng.uniform(0.5, 1.0) + math.radians(rng.uniform(-3, 4))
    rotation = Euler((math.pi / 2 - pitch, 0.0, yaw))
    seen = np.concatenate([points, _shadow_points(points, light)]) - at
    local = seen @ np.array(rotation.to_matrix())
    u, v = local[:, 0] / -local[:, 2], local[:, 1] / -local[:, 2]
    spread = max(float(np.ptp(u)), float(np.ptp(v))) * MARGIN
    left, right = float(u.min()) - spread, float(u.max()) + spread
    bottom, top = float(v.min()) - spread, float(v.max()) + spread
    width, tall = right - left, top - bottom
    focal_px = LONG_SIDE_PX / max(width, tall)
    size_px = (max(16, round(width * focal_px)), max(16, round(tall * focal_px)))
    _camera(at, rotation, (left + right) / 2, (bottom + top) / 2, width)
    return View(
        height_m=height,
        distance_m=distance,
        pitch_deg=math.degrees(pitch),
        yaw_deg=turn,
        focal_px=focal_px,
        size_px=size_px,
        horizon_y_px=(top - math.tan(pitch)) * focal_px,
    )


def _camera(at: Any, rotation: Euler, u: float, v: float, width: float) -> None:
    """A camera whose frame is `width` wide and centred on (u, v), in units of the focal length."""
    data = bpy.data.cameras.new("camera")
    data.sensor_fit, data.sensor_width = "HORIZONTAL", 36.0
    data.lens = 36.0 / width
    data.shift_x, data.shift_y = u / width, v / width
    obj = bpy.data.objects.new("camera", data)
    bpy.context.scene.collection.objects.link(obj)
    obj.location, obj.rotation_euler = Vector(at), rotation
    bpy.context.scene.camera = obj


def add_catcher(points: Any) -> None:
    """Ground that only catches the shadow."""
    low, high = points.min(0) - 4, points.max(0) + 4
    mesh = bpy.data.meshes.new("ground")
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    mesh.from_pydata([(x, y, 0.0) for x, y in corners], [], [(0, 1, 2, 3)])
    obj = bpy.data.objects.new("ground", mesh)
    bpy.context.scene.collection.objects.link(obj)
    obj.is_shadow_catcher = True
    obj.pass_index = 0


def set_up(samples: int, threads: int) -> None:
    """Settings that hold for every sprite of the process."""
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.samples = samples
    cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.08
    cycles.use_denoising = True
    cycles.denoiser = "OPENIMAGEDENOISE"
    cycles.denoising_prefilter = "FAST"
    cycles.denoising_quality = "FAST"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 2, 1, 1
    cycles.transmission_bounces, cycles.transparent_max_bounces = 1, 4
    cycles.caustics_reflective = cycles.caustics_refractive = False
    scene.render.film_transparent = True
    scene.render.threads_mode, scene.render.threads = "FIXED", threads
    scene.render.use_persistent_data = False
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    bpy.context.view_layer.use_pass_object_index = True


def shoot(view: View, seed: int, folder: Path) -> tuple[Path, Path]:
    """Render; returns the files of the RGBA picture and of the object index."""
    scene = bpy.context.scene
    scene.cycles.seed = seed
    scene.render.resolution_x, scene.render.resolution_y = view.size_px
    scene.render.resolution_percentage = 100
    scene.use_nodes = True
    tree = scene.node_tree
    if not any(node.type == "OUTPUT_FILE" for node in tree.nodes):
        tree.nodes.clear()
        layers = tree.nodes.new("CompositorNodeRLayers")
        for name, mode in (("Image", "RGBA"), ("IndexOB", "BW")):
            files = tree.nodes.new("CompositorNodeOutputFile")
            files.base_path = str(folder)
            files.format.file_format, files.format.color_mode = "PNG", mode
            files.format.compression = 0
            files.file_slots[0].path = name
            tree.links.new(layers.outputs[name], files.inputs[0])
    bpy.ops.render.render()
    return folder / "Image0001.png", folder / "IndexOB0001.png"
