"""Poles and boxes to stick ads on, drawn where a background has none, and things in front."""

from dataclasses import dataclass

import cv2
import numpy as np

from datasets.synth.photo_effects import Mask, rough_field, smooth_field
from datasets.synth.poster_board import Board
from datasets.synth.poster_canvas import Colour, Sheet, pick_colour
from detector.arrays import Image

_POLES: tuple[Colour, ...] = (
    (150, 155, 158), (120, 125, 128), (175, 178, 180), (70, 75, 78), (90, 110, 80), (60, 85, 110),
    (185, 190, 192), (60, 60, 62),
)  # fmt: skip
_BOXES: tuple[Colour, ...] = (
    (150, 158, 155), (110, 135, 110), (90, 120, 90), (180, 182, 180), (130, 130, 128),
    (120, 90, 70), (150, 175, 185),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pole:
    """A pole that was drawn."""

    x_px: float
    """Of its axis, at the picture's top."""
    lean: float
    """How far the axis moves right per px down."""
    radius_px: float


def put_pole(board: Board, radius_px: float, rng: np.random.Generator) -> Pole | None:
    """Stand a pole across the whole height of the scene."""
    x = float(rng.uniform(0.1, 0.9) * board.width)
    lean = float(rng.normal(0, 0.03))
    height, width = 160, 48
    colour = np.full((height, width, 3), pick_colour(_POLES, rng), np.float32)
    colour *= 1 + 0.12 * rough_field(height, width, 8, rng)[..., None]
    colour *= 1 + 0.1 * smooth_field(1, width, 12, rng)[..., None]
    across = np.linspace(-1, 1, width, dtype=np.float32)
    light = np.cos(np.arcsin(across * 0.98) - rng.uniform(-0.7, 0.7))
    colour *= (0.3 + 0.75 * np.clip(light, 0, 1))[None, :, None]
    whole = np.full((height, width), 255, np.uint8)
    sheet = Sheet(np.clip(colour, 0, 255).astype(np.uint8), whole, 0.0, 0.0)
    low = x + lean * board.height
    corners = [(x - radius_px, -2), (x + radius_px, -2)]
    corners += [(low + radius_px, board.height + 2), (low - radius_px, board.height + 2)]
    quad = np.array(corners, np.float32)
    stands = board.paste(sheet, quad, None, 0.0, gain=float(rng.uniform(0.8, 1.2)))
    return Pole(x, lean, radius_px) if stands else None


def draw_cabinet(width_px: int, height_px: int, rng: np.random.Generator) -> Sheet:
    """Draw the plain door of a junction box: seam, lock, louvres, dirt at the foot."""
    ground = pick_colour(_BOXES, rng)
    plate = np.full((height_px, width_px, 3), ground, np.float32)
    plate *= 1 + 0.1 * rough_field(height_px, width_px, 3, rng)[..., None]
    plate *= np.linspace(1.06, rng.uniform(0.6, 0.95), height_px)[:, None, None]
    colour = np.clip(plate, 0, 255).astype(np.uint8)
    dark = tuple(value * 0.45 for value in ground)
    seam = max(1, width_px // 90)
    cv2.rectangle(colour, (3, 3), (width_px - 4, height_px - 4), dark, seam)
    if rng.random() < 0.6:
        cv2.line(colour, (width_px // 2, 3), (width_px // 2, height_px - 4), dark, seam)
    for index in range(int(rng.integers(0, 7))):
        y = round(height_px * (0.06 + 0.02 * index))
        cv2.line(colour, (round(0.2 * width_px), y), (round(0.4 * width_px), y), dark, 1)
    lock = (round(0.56 * width_px), height_px // 2)
    cv2.circle(colour, lock, max(1, width_px // 40), dark, -1, cv2.LINE_AA)
    return Sheet(colour, np.full((height_px, width_px), 255, np.uint8), 0.0, 0.5)


def put_occluder(board: Board, original: Image, rng: np.random.Generator) -> bool:
    """Lay leaves, a bar or somebody's edge in front, copied from elsewhere in the background."""
    wide = round(rng.uniform(0.05, 0.25) * board.width)
    tall = round(rng.uniform(0.1, 0.5) * board.height)
    bar = rng.random() < 0.25
    if bar:
        wide, tall = max(4, round(rng.uniform(0.01, 0.04) * board.width)), board.height
    if wide < 4 or tall < 4:
        return False
    source_x = int(rng.integers(0, board.width - wide + 1))
    source_y = int(rng.integers(0, board.height - tall + 1))
    left = int(rng.integers(0, board.width - wide + 1))
    top = int(rng.integers(0, board.height - tall + 1))
    patch = original[source_y : source_y + tall, source_x : source_x + wide]
    if bar:
        across = np.linspace(-1, 1, wide, dtype=np.float32)
        shade = 0.35 + 0.5 * np.sqrt(np.clip(1 - across**2, 0, 1))
        along = patch.mean(axis=1, keepdims=True)
        slow = cv2.resize(along[:: max(1, tall // 4)], (1, tall), interpolation=cv2.INTER_LINEAR)
        tones = slow.reshape(tall, 1, 3) * 0.3 + along.mean(axis=0) * 0.7
        patch = (tones * shade[None, :, None]).astype(np.uint8)
        mask = np.full((tall, wide), 255, np.uint8)
    else:
        patch = (patch * 0.75).astype(np.uint8)
        mask = _leaves(tall, wide, rng)
    return board.occlude(patch, mask, left, top)


def _leaves(height: int, width: int, rng: np.random.Generator) -> Mask:
    """Scatter leaf shapes round a twig."""
    mask = np.zeros((height, width), np.uint8)
    start, end = rng.uniform(0.1, 0.9, 2), rng.uniform(0.1, 0.9, 2)
    size = 0.02 * (height + width)
    for _ in range(int(rng.integers(15, 50))):
        along = rng.random()
        middle = (start + along * (end - start) + rng.normal(0, 0.12, 2)) * (width, height)
        axes = (max(1, round(size * rng.uniform(0.6, 1.6))), max(1, round(size * 0.45)))
        at = (round(middle[0]), round(middle[1]))
        cv2.ellipse(mask, at, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    edge = max(1, round(0.02 * min(height, width)))
    mask[:edge] = mask[-edge:] = 0
    mask[:, :edge] = mask[:, -edge:] = 0
    return mask
