"""Whether two photos show one place: local features that one view explains."""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from api.scoring.base import Comparison
from api.scoring.pictures import shrink
from datasets.dedupe import hash_image
from detector.arrays import Image
from detector.decode import DecodeLimits, decode_photo

LONGEST_SIDE_PX: Final = 800
"""Enough for thousands of features; more finds leaves and gravel, which change from day to day."""
MOST_FEATURES: Final = 1500
MOST_RATIO: Final = 0.75
"""A match must be so much nearer than the second best (Lowe, IJCV 2004, 7.1: 0.8 drops 90 % of the
false matches and 5 % of the right ones; walls and pavings repeat, so a little stricter)."""
LEAST_MATCHES: Final = 8
"""A view has four points to be fitted to; with fewer than twice as many anything fits."""
MOST_ERROR_PX: Final = 5.0
MOST_ZOOM: Final = 5.0
"""Two photos of one place taken by hand; a view that shrinks all into a spot explains anything."""

Points = npt.NDArray[np.float32]


def compare_photos(before: bytes, after: bytes, limits: DecodeLimits) -> Comparison:
    """Compare two photos.

    Args:
        before: A photo's file.
        after: Another's.
        limits: What to refuse.

    Returns:
        What they have in common; the same for the same files.

    Raises:
        PhotoError: One cannot be decoded.
    """
    first, second = (
        decode_photo(data, sees_wh=(LONGEST_SIDE_PX, LONGEST_SIDE_PX), limits=limits).image
        for data in (before, after)
    )
    bits = int(np.bitwise_count(hash_image(first) ^ hash_image(second)).sum())
    points, wanted = _find_features(first)
    other_points, offered = _find_features(second)
    pairs = _match(wanted, offered)
    inliers = _count_inliers(points[pairs[:, 0]], other_points[pairs[:, 1]])
    return Comparison(bits, len(pairs), inliers, (len(points), len(other_points)))


def _find_features(image: Image) -> tuple[Points, npt.NDArray[np.float32]]:
    """Return float32 (N, 2) points and (N, 128) what is seen there."""
    grey = cv2.cvtColor(shrink(image, LONGEST_SIDE_PX), cv2.COLOR_BGR2GRAY)
    keypoints, seen = cv2.SIFT.create(nfeatures=MOST_FEATURES).detectAndCompute(grey, None)
    if len(keypoints) == 0:  # A blank wall, a lens cap.
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    return np.array([one.pt for one in keypoints], np.float32), seen.astype(np.float32)


def _match(
    wanted: npt.NDArray[np.float32], offered: npt.NDArray[np.float32]
) -> npt.NDArray[np.int64]:
    """Return int64 (M, 2): positions that look alike, each used once."""
    if len(wanted) < 2 or len(offered) < 2:
        return np.zeros((0, 2), np.int64)
    best: dict[int, tuple[float, int]] = {}
    for nearest, second in cv2.BFMatcher(cv2.NORM_L2).knnMatch(wanted, offered, k=2):
        if nearest.distance >= MOST_RATIO * second.distance:
            continue
        rival = best.get(nearest.trainIdx)
        if rival is None or nearest.distance < rival[0]:
            best[nearest.trainIdx] = (nearest.distance, nearest.queryIdx)
    pairs = [(query, train) for train, (_, query) in sorted(best.items())]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _count_inliers(points: Points, other_points: Points) -> int:
    """Return how many pairs one plane-to-plane view explains; 0 for a view that cannot be."""
    if len(points) < LEAST_MATCHES:
        return 0
    # Typed as never None, which it is when no view fits.
    found: tuple[Any, Any] = cv2.findHomography(points, other_points, cv2.RANSAC, MOST_ERROR_PX)
    view, inside = found
    if view is None or not inside.any():
        return 0
    # How much it grows areas at the middle of the matches; under zero is a mirror's.
    x, y = points[inside.ravel() == 1].mean(axis=0)
    depth = view[2] @ (x, y, 1.0)
    growth = float(np.linalg.det(view) / depth**3) if depth else 0.0
    if not MOST_ZOOM**-2 <= growth <= MOST_ZOOM**2:
        return 0
    return int(inside.sum())
