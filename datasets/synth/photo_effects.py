"""What a camera, the light and the way to the viewer do to a picture.

Pure functions: a picture in, a new picture out. Chance comes from the generator that is passed;
OpenCV's own random numbers are never used.
"""

import cv2
import numpy as np
import numpy.typing as npt

from detector.arrays import Image

FloatMap = npt.NDArray[np.float32]
"""float32 (H, W)."""

Mask = npt.NDArray[np.uint8]
"""uint8 (H, W), 0 nothing to 255 everything."""

_LUMA = np.array([[0.114, 0.587, 0.299]], np.float32)  # ITU-R BT.601, in BGR order
_NOISE_TILE_PX = 128  # noise is drawn once at this size and tiled: drawing it is the slow part


def luminance(image: Image) -> FloatMap:
    """Return float32 (H, W) luminance, 0 to 255, of a BGR picture."""
    grey = cv2.transform(image.astype(np.float32), _LUMA)
    return np.asarray(grey, np.float32).reshape(image.shape[:2])


def smooth_field(height: int, width: int, cells: int, rng: np.random.Generator) -> FloatMap:
    """Draw a smooth random field.

    Args:
        height: Rows, px.
        width: Columns, px.
        cells: About how many hills and valleys lie along the longer side.
        rng: Source of chance.

    Returns:
        float32 (height, width), mean about 0, nearly all values in [-1, 1].
    """
    long_side = max(height, width)
    rows = max(2, round(cells * height / long_side) + 1)
    columns = max(2, round(cells * width / long_side) + 1)
    knots = rng.uniform(-1.0, 1.0, (rows, columns)).astype(np.float32)
    field = cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field, np.float32)


def rough_field(height: int, width: int, cells: int, rng: np.random.Generator) -> FloatMap:
    """Draw a random field with detail at four scales, as torn paper and stains have it.

    Returns:
        float32 (height, width), mean about 0, nearly all values in [-1, 1].
    """
    field = smooth_field(height, width, cells, rng)
    for octave in (1, 2, 3):
        field = field + smooth_field(height, width, cells << octave, rng) * np.float32(0.55**octave)
    return field * np.float32(0.6)


def blur(image: Image, sigma_px: float) -> Image:
    """Blur by a Gaussian; a sigma under 0.3 px returns an unchanged copy."""
    if sigma_px < 0.3:
        return image.copy()
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.uint8)


def blur_by_motion(image: Image, length_px: float, angle_deg: float) -> Image:
    """Blur along a line, as a moving camera does; under 1.5 px returns an unchanged copy."""
    if length_px < 1.5:
        return image.copy()
    side = int(np.ceil(length_px)) | 1
    kernel = np.zeros((side, side), np.float32)
    kernel[side // 2] = 1.0
    middle = (side - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), angle_deg, 1.0)
    turned = np.asarray(cv2.warpAffine(kernel, turn, (side, side)), np.float32)
    return np.asarray(cv2.filter2D(image, -1, turned / turned.sum()), np.uint8)


def add_noise(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Add grain, a little different in each channel.

    Args:
        image: uint8 (H, W, 3), BGR.
        sigma: Standard deviation in grey levels; under 0.3 returns an unchanged copy.
        rng: Source of chance.

    Returns:
        uint8 (H, W, 3); a new picture.
    """
    if sigma < 0.3:
        return image.copy()
    height, width = image.shape[:2]
    side = min(_NOISE_TILE_PX, max(height, width))
    tile = rng.standard_normal((side, side, 1), np.float32) * np.float32(0.8)
    tile = (tile + rng.standard_normal((side, side, 3), np.float32) * np.float32(0.6)) * sigma
    repeats = (-(-height // side), -(-width // side), 1)
    grain = np.tile(tile.astype(np.int16), repeats)[:height, :width]
    return np.asarray(cv2.add(image, grain, dtype=cv2.CV_8U), np.uint8)


def add_speckle(image: Image, share: float, rng: np.random.Generator) -> Image:
    """Turn a share of the px, 0 to 1, black or white, as dead px and some photo filters do."""
    height, width = image.shape[:2]
    count = int(share * height * width)
    speckled = image.copy()
    rows, columns = rng.integers(0, height, count), rng.integers(0, width, count)
    speckled[rows, columns] = rng.choice(np.array([15, 240], np.uint8), (count, 1))
    return speckled


def jpeg_round_trip(image: Image, quality: int) -> Image:
    """Store as JPEG of this quality (1 to 100) and read again."""
    _, stored = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(stored, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded one line above
    return decoded.astype(np.uint8, copy=False)


def expose(image: Image, gain: float, gamma: float, tint_bgr: tuple[float, float, float]) -> Image:
    """Change exposure: `255 * (value / 255) ** gamma * gain * tint`, channel by channel."""
    levels = (np.arange(256, dtype=np.float32) / 255) ** gamma * (gain * 255)
    table = levels[:, None] * np.array(tint_bgr, np.float32)
    return np.asarray(cv2.LUT(image, np.clip(table, 0, 255).astype(np.uint8)[None]), np.uint8)


def lift_local_contrast(image: Image, amount: float) -> Image:
    """Add what differs from the wide surroundings, as phones' HDR modes do; amount 0 to about 1."""
    height, width = image.shape[:2]
    small = cv2.resize(
        image, (max(2, width // 8), max(2, height // 8)), interpolation=cv2.INTER_AREA
    )
    wide = cv2.resize(cv2.GaussianBlur(small, (0, 0), 2.0), (width, height))
    return np.asarray(cv2.addWeighted(image, 1 + amount, wide, -amount, 0), np.uint8)


def light_at_night(image: Image, rng: np.random.Generator) -> Image:
    """Darken to a night scene with a pool of lamp light or of a flash somewhere."""
    height, width = image.shape[:2]
    rows = (np.arange(height, dtype=np.float32) - rng.uniform(0.2, 0.8) * height)[:, None]
    columns = (np.arange(width, dtype=np.float32) - rng.uniform(0.2, 0.8) * width)[None]
    reach = rng.uniform(0.3, 0.8) * max(height, width)
    pool = np.exp(-(rows**2 + columns**2) / (2 * reach**2)).astype(np.float32)
    level = rng.uniform(0.12, 0.35) + pool * rng.uniform(0.25, 0.65)
    warmth = rng.uniform(0.0, 0.35)  # sodium lamps are orange, LED lamps nearly white
    tint = np.array([1 - 1.2 * warmth, 1 - 0.4 * warmth, 1.0], np.float32)
    gains = (level[..., None] * tint).astype(np.float32)
    return cv2.multiply(image, gains, dtype=cv2.CV_8U).astype(np.uint8, copy=False)


def cast_shadow(
    image: Image, mask: Mask, offset_px: tuple[float, float], sigma_px: float, strength: float
) -> Image:
    """Darken where a thing of this mask throws its shadow; draw the thing itself afterwards.

    Args:
        image: uint8 (H, W, 3), BGR.
        mask: uint8 (H, W), the thing.
        offset_px: Right and down.
        sigma_px: Softness of the edge.
        strength: Share of light taken away in the core, 0 to 1.

    Returns:
        uint8 (H, W, 3); a new picture.
    """
    height, width = mask.shape
    move = np.array([[1, 0, offset_px[0]], [0, 1, offset_px[1]]], np.float32)
    moved = cv2.warpAffine(mask, move, (width, height))
    if sigma_px >= 0.3:
        moved = cv2.GaussianBlur(moved, (0, 0), sigma_px)
    kept = 1 - moved.astype(np.float32) * np.float32(strength / 255)
    return (image * kept[..., None]).astype(np.uint8)


def estimate_blur_px(grey: FloatMap) -> float:
    """Estimate how soft a picture or region is, as the sigma of a Gaussian in px, 0 to 3.

    Compares the sharpest slopes with the strongest contrast over a few pixels: an ideal edge
    blurred by sigma rises by `contrast / (sigma * sqrt(2 pi))` a pixel.
    """
    if min(grey.shape) < 12:
        return 0.8
    slope = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1)) / 2
    wide = np.ones((1, 9), np.uint8)
    contrast = cv2.dilate(grey, wide) - cv2.erode(grey, wide)
    edges = contrast > max(20.0, float(np.percentile(contrast, 90)))
    if edges.sum() < 20:
        return 0.9
    peak = cv2.dilate(slope, wide)[edges]
    ratio = float(np.median(contrast[edges] / np.maximum(peak, 1.0)))
    return float(np.clip(ratio / np.sqrt(2 * np.pi) - 0.3, 0.0, 3.0))


def estimate_noise(grey: FloatMap) -> float:
    """Estimate grain, grey levels: the spread of the fourth difference where a picture is flat.

    The kernel is Immerkaer's (1996), which lets edges and slopes through as zero.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    residue = np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel))
    return float(np.percentile(residue, 30)) / (6 * 0.385)  # 30 % of |N(0, 1)| lie under 0.385


def estimate_speckle(grey: FloatMap) -> float:
    """Estimate which share of px, 0 to 1, stands out alone, far from the median round it."""
    levels = np.clip(grey, 0, 255).astype(np.uint8)
    lonely = cv2.absdiff(levels, cv2.medianBlur(levels, 3)) > 80
    return float(lonely.mean())
