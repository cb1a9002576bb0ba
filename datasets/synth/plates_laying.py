"""Hangs a plate on its carrier and shows both in perspective."""

from dataclasses import dataclass

import cv2
import numpy as np

from datasets.synth.pasting_boxes import FloatMap
from datasets.synth.plates_vehicles import Carrier
from datasets.synth.puffs import Floats
from detector.arrays import Image

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels."""


@dataclass(frozen=True, slots=True)
class Laid:
    """A plate and its carrier in perspective, on a patch of the picture."""

    patch: Floats
    """float32 (h, w, 3), BGR."""
    opacity: FloatMap
    """float32 (h, w), of plate and carrier together."""
    plate: FloatMap
    """float32 (h, w), of the plate."""
    corners: Floats
    """float32 (4, 2), the plate's corners on the patch, px."""
    foot_y: float | None
    """Where the carrier stands on the ground, px of the patch; None where it does not stand."""


def enlarge(carrier: Carrier, times: float) -> Carrier:
    """Return a carrier drawn larger; times up to 1 return it as it is."""
    if times <= 1.0:
        return carrier
    wh = (round(carrier.opacity.shape[1] * times), round(carrier.opacity.shape[0] * times))
    return Carrier(
        np.asarray(cv2.resize(carrier.paint, wh), np.float32),
        np.asarray(cv2.resize(carrier.opacity, wh), np.float32),
        (carrier.plate_xy[0] * times, carrier.plate_xy[1] * times),
        None if carrier.foot_y is None else carrier.foot_y * times,
    )


def hang(carrier: Carrier, face: Image, px_per_mm: float) -> tuple[Floats, Box]:
    """Hang a plate on its carrier.

    Args:
        carrier: Drawn flat.
        face: uint8 (h, w, 3), 1 px a mm.
        px_per_mm: Of the carrier.

    Returns:
        float32 (H, W, 5): BGR times opacity, opacity, share of the plate; and the plate's box.
    """
    wide = max(2, round(face.shape[1] * px_per_mm))
    high = max(2, round(face.shape[0] * px_per_mm))
    left, top = round(carrier.plate_xy[0] - wide / 2), round(carrier.plate_xy[1] - high / 2)
    small = cv2.resize(face, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32)
    flat = np.dstack([carrier.paint, carrier.opacity, np.zeros_like(carrier.opacity)])
    # The plate throws a thin shadow under itself.
    thin = max(1, high // 14)
    flat[top + thin : top + high + thin, left : left + wide, :3] *= 0.6
    ones = np.ones((high, wide, 2), np.float32)
    flat[top : top + high, left : left + wide] = np.dstack([small, ones])
    # Premultiplied, so that edges do not take the colour of what is outside.
    flat[..., :3] *= flat[..., 3:4]
    return flat, (left, top, left + wide, top + high)


def project(
    flat: Floats,
    plate: Box,
    foot_xy: tuple[float, float] | None,
    fine: int,
    rng: np.random.Generator,
) -> Laid:
    """Show a plate and its carrier from aside.

    Args:
        flat: float32 (H, W, 5), from `hang`, drawn `fine` times too large.
        plate: On `flat`.
        foot_xy: A point of the ground below the plate, on `flat`.
        fine: Supersampling.
        rng: Source of randomness.
    """
    flat_wh = (flat.shape[1], flat.shape[0])
    shown = _turn(flat_wh, rng)
    shown = (shown - shown.min(axis=0)) / fine + 1
    size = np.ceil(shown.max(axis=0)).astype(int) + 1
    outline = [[0, 0], [flat_wh[0], 0], list(flat_wh), [0, flat_wh[1]]]
    turn = cv2.getPerspectiveTransform(np.asarray(outline, np.float32), shown.astype(np.float32))
    wh = (int(size[0]), int(size[1]))
    large = np.diag([fine, fine, 1.0]) @ turn
    laid = cv2.warpPerspective(flat, large, (wh[0] * fine, wh[1] * fine))
    if fine > 1:
        laid = cv2.resize(laid, wh, interpolation=cv2.INTER_AREA)
    x1, y1, x2, y2 = plate
    at = np.asarray([[[x1, y1], [x2, y1], [x2, y2], [x1, y2]]], np.float32)
    corners = np.asarray(cv2.perspectiveTransform(at, turn)[0], np.float32)
    foot_y = None
    if foot_xy is not None:
        foot_y = float(cv2.perspectiveTransform(np.asarray([[foot_xy]], np.float32), turn)[0, 0, 1])
    drawn = np.asarray(laid, np.float32)
    return Laid(drawn[..., :3], drawn[..., 3], drawn[..., 4], corners, foot_y)


def _turn(wh: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Return float32 (4, 2): a rectangle's corners, turned as by a viewer who stands aside."""
    wide, high = wh
    yaw = float(np.clip(rng.normal(0, 0.4), -1.0, 1.0))
    pitch = float(np.clip(rng.normal(0.08, 0.1), -0.3, 0.4))
    roll = float(rng.normal(0, 0.03))
    x = np.asarray([-wide, wide, wide, -wide]) / 2
    y = np.asarray([-high, -high, high, high]) / 2
    far = 1.0 + (x * np.sin(yaw) + y * np.sin(pitch)) / (max(wide, high) * rng.uniform(2.5, 8.0))
    shown_x, shown_y = x * np.cos(yaw) / far, y * np.cos(pitch) / far
    # Seen from above and aside, level lines lean.
    shown_y = shown_y + shown_x * np.tan(yaw * rng.uniform(0.0, 0.3))
    turned_x = shown_x * np.cos(roll) - shown_y * np.sin(roll)
    turned_y = shown_x * np.sin(roll) + shown_y * np.cos(roll)
    return np.stack([turned_x, turned_y], axis=1).astype(np.float32)
