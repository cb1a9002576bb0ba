"""Render numbered sprites; run by `datasets.synth.rendering` with the Python that has bpy.

    python worker.py --out FOLDER --first 0 --count 10

Sprite N is the same in every run: everything about it follows from N and VERSION. The JSON file is
written last, so a sprite with a JSON file is complete.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import bpy  # noqa: F401  # mathutils comes with it
import catalogue
import cv2
import numpy as np
import stage
from kit import Kit

VERSION = 1
FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"
FAINT = 16
"""Shadow alpha below this (of 255) is the denoiser's haze on unshadowed ground."""


def build(number: int, folder: Path, font: str) -> tuple[np.ndarray, np.ndarray, dict[str, object]]:
    """Build and render one sprite.

    Returns:
        BGRA uint8 (H, W, 4) with shadow, object mask uint8 (H, W) of 0 and 255, its facts.
    """
    rng = random.Random(f"sprite {VERSION} {number}")
    stage.clear()
    light = stage.draw_light(rng)
    subject = catalogue.draw(rng)
    kind = subject.build(Kit(rng, font, night=light.time == "night"))
    points = stage.world_points()
    view = stage.aim(points, light, rng)
    stage.add_catcher(points)
    stage.set_light(light, rng)
    picture, index = stage.shoot(view, number % 10_000, folder)
    bgra = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
    mask = np.where(cv2.imread(str(index), cv2.IMREAD_GRAYSCALE) > 0, 255, 0).astype(np.uint8)
    bgra = _fade_border(bgra, mask)
    ys, xs = np.nonzero(mask)
    box = [int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1]
    facts: dict[str, object] = {
        "version": VERSION,
        "number": number,
        "kind": kind,
        "label": subject.label,
        "camera_height_m": round(view.height_m, 3),
        "distance_m": round(view.distance_m, 3),
        "pitch_deg": round(view.pitch_deg, 2),
        "yaw_deg": round(view.yaw_deg, 1),
        "focal_px": round(view.focal_px, 2),
        "horizon_y_px": round(view.horizon_y_px, 2),
        "base_y_px": box[3],
        "px_per_m": round((box[3] - view.horizon_y_px) / view.height_m, 3),
        "box_xyxy_px": box,
        "time": light.time,
        "sun_azimuth_deg": round(light.sun_azimuth_deg - view.yaw_deg, 1),
        "sun_elevation_deg": round(light.sun_elevation_deg, 1),
        "size_px": list(view.size_px),
    }
    return bgra, mask, facts


def _fade_border(bgra: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Let the shadow run out towards the frame, drop its haze, blacken what is unseen."""
    height, width = mask.shape
    ys, xs = np.mgrid[0:height, 0:width]
    edge = np.minimum.reduce([xs, ys, width - 1 - xs, height - 1 - ys]) / (
        0.16 * max(width, height)
    )
    alpha = bgra[..., 3].astype(np.float32)
    near_object = cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0
    shadow = np.maximum(alpha - FAINT, 0) * (255 / (255 - FAINT)) * edge.clip(0, 1)
    alpha = np.where(near_object, alpha, shadow)
    out = bgra.copy()
    out[..., 3] = alpha.astype(np.uint8)
    out[out[..., 3] == 0] = 0
    return out


def write(
    out: Path, number: int, picture: np.ndarray, mask: np.ndarray, facts: dict[str, object]
) -> None:
    """Write picture, mask and, last, the facts."""
    stem = f"{number:05d}"
    cv2.imwrite(str(out / f"{stem}.png"), picture)
    cv2.imwrite(str(out / f"{stem}.mask.png"), mask)
    part = out / f"{stem}.json.part"
    part.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    part.replace(out / f"{stem}.json")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--step", type=int, default=1, help="every n-th number, to share the work")
    parser.add_argument("--samples", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--font", default=FONT)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    stage.set_up(args.samples, args.threads)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(args.first, args.first + args.count * args.step, args.step):
            if (args.out / f"{number:05d}.json").exists():
                continue
            start = time.monotonic()
            picture, mask, facts = build(number, Path(folder), args.font)
            write(args.out, number, picture, mask, facts)
            sys.stdout.write(f"sprite {number} {facts['kind']} {time.monotonic() - start:.2f} s\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
