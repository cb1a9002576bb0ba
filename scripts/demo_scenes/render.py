"""Render the demo scenes with Blender's Cycles, used as a Python module.

python scripts/demo_scenes/render.py --out demo/scenes
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

# Shapes, materials and rubbish are shared with the sprite renderer and live in its folder.
sys.path.insert(1, str(Path(__file__).resolve().parents[2] / "datasets/synth/blender"))

import bpy
import camera_scenes
import finish
import numpy as np
import quiet_scenes
import scenes
import street
from finish import FloatImage, Plume, Shot
from scenes import Scene, Stage

FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc")

SCENES: dict[str, Scene] = {
    "posters": Scene(
        scenes.posters,
        seed=11,
        size_px=(960, 1280),
        exposure=0.2,
        shot=Shot("2026:05:12 09:41:07", (39.9087, 116.3975), turned=True),
    ),
    "overflowing_bin": Scene(
        scenes.overflowing_bin, seed=22, shot=Shot("2026:05:12 10:05:32", (31.2336, 121.4696))
    ),
    "street_vending": Scene(
        scenes.street_vending, seed=33, shot=Shot("2026:05:13 17:20:45", (31.2397, 121.4900))
    ),
    "site_dust": Scene(
        scenes.site_dust,
        seed=44,
        haze_m=230.0,
        plume=Plume((0.43, 0.70), (0.26, -0.30), (0.08, 0.20), (29.0, 42.0), 11.0),
    ),
    "bin_and_posters": Scene(
        scenes.bin_and_posters, seed=55, shot=Shot("2026:05:14 08:15:00", (39.9163, 116.3972))
    ),
    "tidy_street": Scene(
        quiet_scenes.tidy_street,
        seed=66,
        haze_m=220.0,
        shot=Shot("2026:05:14 12:30:21", (39.9042, 116.4074)),
    ),
    "dusk_street": Scene(quiet_scenes.dusk_street, seed=77, exposure=0.95, grain=0.022),
}

CAMERA_SCENES: dict[str, Scene] = {
    name: Scene(build, seed=88, size_px=(1280, 720))
    for name, build in (
        ("camera_tidy", camera_scenes.tidy_corner),
        ("camera_bin", camera_scenes.bin_corner),
        ("camera_ads", camera_scenes.ads_corner),
        ("camera_stall", camera_scenes.stall_corner),
    )
}
"""One camera's view; the same seed, so that they differ in the issue alone."""
ALL_SCENES = {**SCENES, **CAMERA_SCENES}


def set_up(scene: Scene, *, share: float, samples: int, threads: int) -> None:
    """Size, sampling and film response of the loaded Blender scene."""
    target = bpy.context.scene
    target.render.engine = "CYCLES"
    target.cycles.device = "CPU"
    target.cycles.samples = samples
    target.cycles.seed = scene.seed
    target.cycles.use_denoising = True
    target.cycles.use_adaptive_sampling = True
    target.cycles.adaptive_threshold = 0.05
    target.cycles.max_bounces = 3
    target.render.threads_mode = "FIXED"
    target.render.threads = threads
    target.render.resolution_x, target.render.resolution_y = scene.size_px
    target.render.resolution_percentage = round(share * 100)
    target.view_settings.view_transform = "AgX"
    target.view_settings.look = "AgX - Medium High Contrast"
    target.view_settings.exposure = scene.exposure


def shoot(folder: Path) -> tuple[FloatImage, FloatImage]:
    """Render; returns display RGB in 0..1 and the depth in metres, row 0 on top."""
    target = bpy.context.scene
    bpy.context.view_layer.use_pass_z = True
    target.use_nodes = True
    tree = target.node_tree
    tree.nodes.clear()
    layers = tree.nodes.new("CompositorNodeRLayers")
    tree.links.new(layers.outputs["Image"], tree.nodes.new("CompositorNodeComposite").inputs[0])
    files = tree.nodes.new("CompositorNodeOutputFile")
    files.base_path = str(folder)
    files.format.file_format, files.format.color_depth = "OPEN_EXR", "32"
    files.file_slots[0].path = "depth"
    tree.links.new(layers.outputs["Depth"], files.inputs[0])
    target.render.filepath = str(folder / "frame.png")
    target.render.image_settings.color_depth = "16"
    bpy.ops.render.render(write_still=True)
    rgb = _pixels(folder / "frame.png")
    return rgb, _pixels(next(folder.glob("depth*.exr")))[..., 0]


def _pixels(path: Path) -> FloatImage:
    """An image file's stored values."""
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    width, height = image.size
    flat = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(flat)
    return flat.reshape(height, width, image.channels)[::-1, :, :3].copy()


def render(name: str, scene: Scene, args: argparse.Namespace) -> Path:
    """Build, render, finish and write one scene."""
    street.reset()
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(random.Random(scene.seed), args.font, Path(folder))
        scene.build(stage)
        set_up(scene, share=args.share, samples=args.samples, threads=args.threads)
        rgb, depth_m = shoot(Path(folder))
    if scene.haze_m > 0:
        rgb = finish.add_air(rgb, depth_m, range_m=scene.haze_m)
    if scene.plume is not None:
        rgb = finish.add_plume(rgb, depth_m, scene.plume, scene.seed)
    rgb = finish.add_lens(rgb, scene.seed, grain=scene.grain)
    path: Path = args.out / f"{name}.jpg"
    finish.write_jpeg(rgb, path, scene.shot)
    return path


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("demo/scenes"))
    parser.add_argument("--font", type=Path, default=FONT, help="a font with Chinese glyphs")
    parser.add_argument("--only", nargs="+", choices=sorted(ALL_SCENES), default=list(SCENES))
    parser.add_argument(
        "--share", type=float, default=1.0, help="share of the full size, for drafts"
    )
    parser.add_argument("--samples", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    if not args.font.is_file():
        parser.error(f"no font at {args.font}: install fonts-noto-cjk or name one with --font")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only:
        start = time.monotonic()
        path = render(name, ALL_SCENES[name], args)
        print(f"{path} {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    main()
