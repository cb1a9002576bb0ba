"""Made-up camera photos: the demo scenes enlarged, with grain, so that they decode like photos."""

from pathlib import Path

import cv2
import numpy as np

SCENES = Path(__file__).parents[1] / "demo" / "scenes"
GRAIN = 6.0
"""Standard deviation of the noise, in grey levels: gives about 0.25 bytes a pixel at quality 90,
as phones write."""
JPEG_QUALITY = 90


def write_photos(folder: Path, count: int, wh: tuple[int, int], seed: int = 0) -> list[Path]:
    """Write JPEGs of one size, each different; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    # One field of noise, shifted for each photo: drawing 12 million numbers takes a second.
    noise = rng.normal(0, GRAIN, (wh[1], wh[0], 3)).astype(np.int16)
    scenes = [cv2.imread(str(path)) for path in sorted(SCENES.glob("*.jpg"))]
    paths = []
    for i in range(count):
        scene = scenes[i % len(scenes)]
        assert scene is not None
        large = cv2.resize(scene, wh, interpolation=cv2.INTER_CUBIC).astype(np.int16)
        grain = np.roll(noise, (i * 131, i * 977), (0, 1))
        photo = np.clip(large + grain, 0, 255).astype(np.uint8)
        path = folder / f"photo_{i:03d}.jpg"
        cv2.imwrite(str(path), photo, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        paths.append(path)
    return paths
