"""After the render: dust, sensor noise and the JPEG with its EXIF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

FloatImage = NDArray[np.float32]

ABOUT = "street-issue-detector demo rendering, not a photograph"


@dataclass(frozen=True)
class Plume:
    """A dust cloud in picture coordinates (shares of width and height) and metres of depth."""

    source: tuple[float, float]
    drift: tuple[float, float]
    """Where the axis of the cloud ends, relative to its source."""
    reach: tuple[float, float]
    """Half-width at the source and at the end, shares of the picture width."""
    depth_m: tuple[float, float]
    opacity: float
    """Optical depth through the thickest part."""
    colour: tuple[float, float, float] = (0.80, 0.70, 0.57)


@dataclass(frozen=True)
class Shot:
    """What the camera would have noted."""

    taken_at: str
    """EXIF form, local time."""
    lat_lon_deg: tuple[float, float]
    turned: bool = False
    """Store the pixels lying on their side with Orientation 6, as phones do."""


def _fractal(rng: np.random.Generator, shape: tuple[int, int], cell_px: float) -> FloatImage:
    """Smooth fractal noise, about 0..1."""
    total = np.zeros(shape, np.float32)
    weight = 0.0
    for octave in range(7):
        size = cell_px / 2**octave
        if size < 1.5:
            break
        grid_shape = (int(shape[0] / size) + 3, int(shape[1] / size) + 3)
        grid = rng.random(grid_shape, dtype=np.float32)
        big = cv2.resize(grid, None, fx=size, fy=size, interpolation=cv2.INTER_CUBIC)
        top, left = (rng.integers(0, max(1, big.shape[i] - shape[i])) for i in (0, 1))
        gain = 0.55**octave
        total += gain * big[top : top + shape[0], left : left + shape[1]]
        weight += gain
    return total / weight


def _warp(image: FloatImage, dx: FloatImage, dy: FloatImage, reach_px: float) -> FloatImage:
    """Push pixels about by two noise fields, which turns blobs into billows."""
    ys, xs = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    moved_x = xs + (dx - 0.5) * 2 * reach_px
    moved_y = ys + (dy - 0.5) * 2 * reach_px
    return cv2.remap(image, moved_x, moved_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _envelope(plume: Plume, shape: tuple[int, int], swell: float) -> FloatImage:
    """Density along a widening, drifting axis, 0..1."""
    height, width = shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    aspect = height / width
    x, y = xs / width - plume.source[0], (ys / height - plume.source[1]) * aspect
    end = (plume.drift[0], plume.drift[1] * aspect)
    length = float(np.hypot(*end))
    along = (x * end[0] + y * end[1]) / length**2
    across = np.abs(x * end[1] - y * end[0]) / length
    share = along.clip(0, 1)
    half = (plume.reach[0] + (plume.reach[1] - plume.reach[0]) * np.sqrt(share)) * swell
    beyond = np.maximum(np.maximum(-along, along - 1), 0) * length
    distance = np.hypot(across, beyond) / half
    return np.exp(-1.6 * distance**2.2) * (1 - 0.55 * share)


def add_plume(rgb: FloatImage, depth_m: FloatImage, plume: Plume, seed: int) -> FloatImage:
    """Blend a cloud in front of what lies deeper, slice by slice, by Beer-Lambert's law.

    Args:
        rgb: (H, W, 3), display values 0..1.
        depth_m: (H, W), distance of every pixel.
        plume: Where and how thick.
        seed: Of the cloud's shape.

    Returns:
        (H, W, 3), a new array.
    """
    rng = np.random.default_rng(seed)
    shape = (rgb.shape[0], rgb.shape[1])
    slices = 14
    out = rgb.copy()
    near, far = plume.depth_m
    for k in range(slices):  # back to front
        distance = far + (near - far) * k / (slices - 1)
        noise = _fractal(rng, shape, shape[1] / 5.5)
        dx, dy = _fractal(rng, shape, shape[1] / 9), _fractal(rng, shape, shape[1] / 9)
        noise = _warp(noise, dx, dy, shape[1] / 22)
        body = _warp(_envelope(plume, shape, rng.uniform(0.8, 1.15)), dx, dy, shape[1] / 14)
        puffs = np.clip((noise - 0.34) * 3.0, 0, 1.6)
        tau = plume.opacity / slices * 1.5 * body * puffs
        tau *= np.clip((depth_m - distance) / 3.0 + 0.5, 0, 1)
        alpha = 1 - np.exp(-tau)
        soft = cv2.GaussianBlur(noise * body, (0, 0), shape[1] / 160)
        slope = np.roll(soft, 9, axis=1) - soft + np.roll(soft, -9, axis=0) - soft
        light = np.clip(0.93 - 1.6 * slope + 0.1 * (noise - 0.5), 0.6, 1.2)
        dust = np.array(plume.colour, np.float32) * light[..., None]
        out = out * (1 - alpha[..., None]) + dust * alpha[..., None]
    return out.clip(0, 1).astype(np.float32)


def add_air(rgb: FloatImage, depth_m: FloatImage, *, range_m: float) -> FloatImage:
    """Haze that grows with distance."""
    share = 1 - np.exp(-np.minimum(depth_m, 400) / range_m)
    share = (share * (depth_m < 1000))[..., None] * 0.8
    return (rgb * (1 - share) + np.array([0.80, 0.82, 0.84], np.float32) * share).astype(np.float32)


def add_lens(rgb: FloatImage, seed: int, *, grain: float = 0.013) -> FloatImage:
    """Slight softness, vignette and grain, stronger in the dark, as a phone gives."""
    rng = np.random.default_rng(seed)
    height, width = rgb.shape[:2]
    soft = cv2.GaussianBlur(rgb, (0, 0), 0.6)
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    soft *= (1 - 0.1 * (xs**2 + ys**2))[..., None].astype(np.float32)
    mono = rng.normal(0, 1, (height, width, 1)).astype(np.float32)
    tint = cv2.GaussianBlur(rng.normal(0, 1, rgb.shape).astype(np.float32), (0, 0), 0.8)
    return (soft + (mono * 0.7 + tint * 0.9) * grain * (1.25 - 0.5 * soft)).clip(0, 1)


def _degrees(value: float) -> tuple[float, float, float]:
    """Degrees, minutes, seconds."""
    minutes = abs(value) % 1 * 60
    return float(int(abs(value))), float(int(minutes)), round(minutes % 1 * 60, 2)


def write_jpeg(rgb: FloatImage, path: Path, shot: Shot | None, *, quality: int = 88) -> None:
    """Write the picture; says in EXIF that it is a rendering, with a time and place if given."""
    image = Image.fromarray((rgb * 255 + 0.5).astype(np.uint8))
    exif = Image.Exif()
    exif[0x010E] = ABOUT  # ImageDescription
    exif[0x013B] = ABOUT  # Artist
    if shot is not None:
        exif[0x0132] = shot.taken_at  # DateTime
        details = exif.get_ifd(0x8769)
        details[0x9003] = shot.taken_at  # DateTimeOriginal
        details[0x9011] = "+08:00"  # OffsetTimeOriginal
        latitude, longitude = shot.lat_lon_deg
        place = exif.get_ifd(0x8825)
        place[1], place[2] = "N" if latitude >= 0 else "S", _degrees(latitude)
        place[3], place[4] = "E" if longitude >= 0 else "W", _degrees(longitude)
        if shot.turned:
            exif[0x0112] = 6
            image = image.transpose(Image.Transpose.ROTATE_90)
    image.save(path, quality=quality, optimize=True, exif=exif, subsampling="4:2:0")
