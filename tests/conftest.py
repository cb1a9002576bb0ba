"""Fixtures that every package's tests share."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import settings

from detector.arrays import Image
from detector.models.bundle import DEFAULT_BUNDLE, Bundle, load_bundle
from detector.models.manifest import ModelManifest, parse_manifest

# Shared machines pause: a deadline for an example would fail for that alone. CI takes the same
# examples each time, so that what fails there is what the change broke.
settings.register_profile("patient", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile("patient")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SHARED_DATA.is_dir():
        return
    skip = pytest.mark.skip(reason=f"needs the photos of {SHARED_DATA}, which is not there")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos; only for tests marked `shared`."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def default_bundle() -> Bundle:
    """The shipped bundle."""
    return load_bundle(DEFAULT_BUNDLE)


@pytest.fixture
def bundle_copy(tmp_path: Path) -> Path:
    """A copy of the shipped bundle to damage."""
    return Path(shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle"))


@pytest.fixture
def edit_manifest(bundle_copy: Path) -> Callable[[Callable[[dict[str, Any]], object]], Path]:
    """Change the copy's manifest with a function; returns the copy's folder."""

    def edit(change: Callable[[dict[str, Any]], object]) -> Path:
        path = bundle_copy / "manifest.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content), encoding="utf-8")
        return bundle_copy

    return edit


@pytest.fixture
def make_manifest() -> Callable[..., ModelManifest]:
    """A valid manifest of four issues and `bin`, with top-level keys replaced."""

    def make(**changes: Any) -> ModelManifest:
        issues = ["illegal_poster", "overflowing_bin", "street_vending", "site_dust"]
        content: dict[str, Any] = {
            "schema": 1,
            "name": "made-up",
            "version": "1.0.0",
            "min_detector_version": "0.1.0",
            "files": {"model.onnx": "0" * 64},
            "classes": [*issues, "bin"],
            "input": {
                "sizes_wh": [[64, 64]],
                "channel_order": "rgb",
                "divisor": 255,
                "pad_value": 114,
            },
            "output_layout": "end_to_end",
            "precisions": ["fp32"],
            "floor_score": 0.05,
            "thresholds": dict.fromkeys(issues, 0.5),
            "suppression": {"max_iou": 0.6, "max_containment": 0.6},
            "judging": [],
            "severity": {label: {"medium_share": 0.1, "large_share": 0.5} for label in issues},
            "tiles": None,
            "data": [],
            "figures": {},
        }
        return parse_manifest({**content, **changes}, "made-up manifest")

    return make


@pytest.fixture
def noise() -> Callable[..., Image]:
    """Make a picture of smooth noise, which survives JPEG."""

    def make(width: int = 320, height: int = 240, seed: int = 0) -> Image:
        coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
        return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]  # uint8 in, uint8 out

    return make


@pytest.fixture
def write_jpeg(noise: Callable[..., Image]) -> Callable[..., Path]:
    """Write a JPEG of smooth noise."""

    def write(path: Path, width: int = 320, height: int = 240, seed: int = 0) -> Path:
        encoded, data = cv2.imencode(".jpg", noise(width, height, seed))
        assert encoded
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.tobytes())
        return path

    return write
