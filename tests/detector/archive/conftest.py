"""Made-up archives: short videos of the demo scenes, and photos."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detector.archive.chunk import Workshop, look_through
from detector.archive.chunk_result import ChunkResult
from detector.archive.engines import EngineSettings
from detector.archive.journal_rows import ChunkTask
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


RULES = {"overflowing_bin": {"clear_after_s": 20}}
"""So that the town's bin is cleared within its minutes of footage."""


@pytest.fixture(scope="session")
def write_script() -> Callable[..., Path]:
    """Write a stretch of the scripted camera: `write_script(path, start_s, end_s)`."""
    from benchmarks.scripted_camera import write_video

    def write(path: Path, start_s: float, end_s: float) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_video(path, wh=(640, 360), rate=2, gop=4, start_s=start_s, end_s=end_s)
        return path

    return write


@dataclass(frozen=True, slots=True)
class Town:
    """A small archive, and a scan of it that was not disturbed."""

    archive: Path
    options: tuple[str, ...]
    """What the scan was told beside archive and folder."""
    out: Path
    told: subprocess.CompletedProcess[str]

    def arguments(self, out: Path, *more: str) -> list[str]:
        """Return the arguments of the same scan into another folder."""
        return ["scan", str(self.archive), "--out", str(out), *self.options, *more]


@pytest.fixture(scope="session")
def town(
    tmp_path_factory: pytest.TempPathFactory,
    write_script: Callable[..., Path],
    write_scene: Callable[..., Path],
) -> Town:
    """Two videos of one camera, one of unknown time, a camera's photos and a citizen's, scanned.

    The street of the videos: posters and a full bin, which is emptied in the second video.
    """
    folder = tmp_path_factory.mktemp("town")
    archive = folder / "archive"
    write_script(archive / "gate" / "20260302081000.mp4", 500, 580)
    write_script(archive / "gate" / "20260302081200.mp4", 1440, 1560)
    write_script(archive / "loose.mp4", 310, 360)
    for second in (0, 20, 40):
        write_scene(archive / "yard" / f"202603020815{second:02}.jpg", "overflowing_bin", second)
    write_scene(archive / "letters" / "from a citizen.jpg", "overflowing_bin")
    rules = folder / "rules.json"
    rules.write_text(json.dumps(RULES), encoding="utf-8")
    options = ("--report", "--rules", str(rules), "--lang", "en", "--workers", "2")
    made = Town(archive, (*options, "--runtime", "onnxruntime"), folder / "out", _not_yet())
    return replace(made, told=run_scan(made.arguments(made.out)))


def run_scan(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "detector.cli", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def _not_yet() -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], -1)


@dataclass(slots=True)
class Hands:
    """What an engine in this process was given to do, and what happens meanwhile."""

    done: list[tuple[str, int]] = field(default_factory=list)
    """Name of the first file of each chunk, and the stretch's number."""
    before: Callable[[ChunkTask], object] = lambda _: None
    """Called before each chunk."""


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """Have scans of this process done in it, without workers, and told what was done."""
    hands = Hands()

    class InHouse:
        def __init__(self, setup: ScanSetup, settings: EngineSettings) -> None:
            self._workshop = Workshop(setup)
            self._tell = settings.on_progress

        def run(self, tasks: Iterable[ChunkTask]) -> Iterator[tuple[ChunkTask, ChunkResult]]:
            for task in tasks:
                if not task.only_count:
                    hands.before(task)
                result = look_through(task, self._workshop, tell=self._tell)
                if not task.only_count or result.failure is not None:
                    hands.done.append((task.files[0].name, task.number))
                yield task, result

        def close(self) -> None:
            self._workshop.close()

    monkeypatch.setattr("detector.archive.engines.LocalEngine", InHouse)
    return hands


@pytest.fixture(scope="session")
def read_results() -> Callable[[Path], dict[str, object]]:
    """Read what a scan left behind, to be compared; without how long it took."""

    def read(out: Path) -> dict[str, object]:
        results: dict[str, object] = {
            path.relative_to(out).as_posix(): path.read_bytes()
            for path in sorted(out.rglob("*"))
            if path.is_file() and not path.name.startswith("scan.")
        }
        run = json.loads((out / "run.json").read_text(encoding="utf-8"))
        run.pop("elapsed_s", None)
        return results | {"run.json": run}

    return read
