"""Made-up archives: short videos of the demo scenes, and photos."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detector.archive.settings import ScanOptions, ScanSetup, resolve_setup
from detector.archive.work_list import ArchiveItem
from detector.arrays import Image
from detector.camera.sampling import Sampling

SCENES = Path(__file__).parents[3] / "demo" / "scenes"
CLIP_WH = (320, 240)
NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)
"""12:00 in China."""


def draw_scene(name: str, index: int) -> Image:
    """Draw a demo scene with a dot that wanders by the frame's number."""
    scene = cv2.imread(str(SCENES / f"{name}.jpg"))
    assert scene is not None
    picture = cv2.resize(scene, CLIP_WH, interpolation=cv2.INTER_AREA)
    cv2.circle(picture, (10 + index * 7 % 300, 200), 12, (40, 40, 200), -1)
    return np.asarray(picture, np.uint8)


@pytest.fixture(scope="session")
def write_clip() -> Callable[..., Path]:
    """Write a video of a demo scene: `write_clip(path, seconds, scene="posters", rate=5)`."""
    import av

    def write(path: Path, seconds: float, scene: str = "posters", rate: int = 5) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            options = {"preset": "ultrafast", "threads": "1", "crf": "18"}
            stream: Any = container.add_stream("libx264", rate=rate, options=options)
            stream.width, stream.height = CLIP_WH
            stream.pix_fmt = "yuv420p"
            stream.codec_context.gop_size = rate * 2
            for index in range(round(seconds * rate)):
                frame = av.VideoFrame.from_ndarray(draw_scene(scene, index), format="bgr24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture(scope="session")
def write_scene() -> Callable[..., Path]:
    """Write a photo of a demo scene: `write_scene(path, scene, index)`."""

    def write(path: Path, scene: str = "posters", index: int = 0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), draw_scene(scene, index))
        return path

    return write


@pytest.fixture(scope="session")
def make_item() -> Callable[..., ArchiveItem]:
    """Describe a file: `make_item(path, camera="gate-1", start_at=NOON)`."""

    def make(path: Path, **changes: Any) -> ArchiveItem:
        kind = "photo" if path.suffix == ".jpg" else "video"
        size = path.stat().st_size if path.exists() else 1
        camera = "gate-1" if kind == "video" else None
        item = ArchiveItem(path, path.name, kind, size, 1, camera, None, None)  # type: ignore[arg-type]  # one of the two kinds
        return replace(item, **changes)

    return make


@pytest.fixture(scope="session")
def setup() -> ScanSetup:
    """The shipped model on ONNX Runtime, a frame a second, chunks of 4 s."""
    return resolve_setup(
        ScanOptions(
            runtime="onnxruntime",
            sampling=Sampling(every_s=1.0),
            keep_score=0.05,
            chunk_s=4.0,
        )
    )
