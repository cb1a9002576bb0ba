"""Frames a second of an archive scan: worker processes and Ray, with one and two workers.

Videos are made up: demo scenes at 1280×720, 10 frames a second, a key frame a second, in which
something moves. Beside the gate's own pace stands that with every sample scored.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.photos import SCENES
from detector.archive.engines import Engine, EngineSettings, LocalEngine
from detector.archive.journal_rows import ChunkTask
from detector.archive.ray_engine import RayEngine
from detector.archive.settings import ScanOptions, ScanSetup, resolve_setup
from detector.archive.work_list import ArchiveItem
from detector.camera.gate import GateSettings
from detector.camera.sampling import Sampling

WH = (1280, 720)
RATE = 10
SECONDS = 30
VIDEOS = 4
LONG_S = 600
LONG_CHUNK_S = 100.0
"""The video for the memory, in six chunks."""
ROUNDS = 4


def write_video(path: Path, scene: Path, seconds: int) -> None:
    """Write a video of a scene in which something moves now and then."""
    import av

    picture = cv2.imread(str(scene))
    assert picture is not None
    large = cv2.resize(picture, WH, interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "26"}
        stream: Any = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height = WH
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = RATE
        for index in range(seconds * RATE):
            frame_bgr = large.copy()
            # Something stands still for ten seconds, then elsewhere.
            at = 40 + (index // (10 * RATE)) * 217 % (WH[0] - 200)
            cv2.rectangle(frame_bgr, (at, 400), (at + 120, 640), (60, 90, 200), -1)
            frame = av.VideoFrame.from_ndarray(np.asarray(frame_bgr, np.uint8), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def describe(path: Path, name: str) -> ArchiveItem:
    stat = path.stat()
    return ArchiveItem(path, name, "video", stat.st_size, stat.st_mtime_ns, "gate", None, None)


def open_engines(setup: ScanSetup) -> Iterator[tuple[str, int, Callable[[], Engine]]]:
    for workers in (1, 2):
        settings = EngineSettings(workers)
        yield "local", workers, lambda used=settings: LocalEngine(setup, used)  # type: ignore[misc]  # bound now
        yield "ray", workers, lambda used=settings: RayEngine(setup, used)  # type: ignore[misc]  # bound now


@contextlib.contextmanager
def opened(workers: int, open_engine: Callable[[], Engine]) -> Iterator[Engine]:
    """Open an engine that has as many cores as workers."""
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("This system does not let a process choose its cores.")
    mine = os.sched_getaffinity(0)
    try:
        # Processes stay on the cores that they were started with.
        os.sched_setaffinity(0, sorted(mine)[:workers])
        engine = open_engine()
        try:
            yield engine
        finally:
            engine.close()
    finally:
        os.sched_setaffinity(0, mine)


def warm_up(engine: Engine, item: ArchiveItem) -> None:
    """Let each worker load its model before the clock runs."""
    list(engine.run(ChunkTask(f"warm {i}", (item,), 1, 0.0, 2.0) for i in range(4)))


def steady_rate(engine: Engine, items: list[ArchiveItem]) -> tuple[float, float]:
    """Return frames a second of the best round, others share the machine, and the share scored."""
    rates = []
    scored = 0.0
    for number in range(ROUNDS):
        started = time.perf_counter()
        tasks = [ChunkTask(f"{number} {item.name}", (item,)) for item in items]
        results = [result for _, result in engine.run(tasks)]
        assert all(result.failure is None for result in results)
        frames = sum(result.counts.frames for result in results)
        rates.append(frames / (time.perf_counter() - started))
        scored = sum(result.counts.scored for result in results) / frames
    return max(rates), scored


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def memory_line(setup: ScanSetup, folder: Path) -> str:
    """Look through a long video in one worker; say what it holds after each chunk."""
    path = folder / "long.mp4"
    write_video(path, sorted(SCENES.glob("*.jpg"))[0], LONG_S)
    item = describe(path, path.name)
    count = int(LONG_S / LONG_CHUNK_S)
    engine = LocalEngine(setup, EngineSettings(1))
    held = []
    tasks = [
        ChunkTask(str(i), (item,), i, i * LONG_CHUNK_S, (i + 1) * LONG_CHUNK_S)
        for i in range(count)
    ]
    for _ in engine.run(tasks):
        held.append(resident_mb(engine.worker_pids[0]))
    engine.close()
    steps = ", ".join(f"{megabytes:.0f}" for megabytes in held)
    return f"A worker holds, after each {LONG_CHUNK_S:.0f} s of a video of {LONG_S} s: {steps} MB."


def measure() -> list[str]:
    """Measure and return Markdown lines."""
    setup = resolve_setup(ScanOptions(sampling=Sampling(every_s=1.0)))
    every_frame = replace(setup, gate=GateSettings(max_hold_s=0.0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scenes = sorted(SCENES.glob("*.jpg"))
        items = []
        for i in range(VIDEOS):
            path = folder / f"{i}.mp4"
            write_video(path, scenes[i % len(scenes)], SECONDS)
            items.append(describe(path, path.name))
        lines = [
            f"{VIDEOS} videos of {WH[0]}×{WH[1]}, {SECONDS} s, one frame a second is looked at; "
            f"{setup.model.runs_on}. A core for each worker; models are loaded before the clock "
            "runs.",
            "",
            "| engine | workers | frames/s | scored | frames/s, all scored | scored |",
            "|---|---|---|---|---|---|",
        ]
        rates: dict[tuple[str, int], float] = {}
        rows: dict[tuple[str, int], list[str]] = {}
        for used in (setup, every_frame):
            for kind, workers, open_engine in open_engines(used):
                with opened(workers, open_engine) as engine:
                    warm_up(engine, items[0])
                    rate, scored = steady_rate(engine, items)
                rates[kind, workers] = rate
                rows.setdefault((kind, workers), []).extend([f"{rate:.0f}", f"{scored:.0%}"])
        lines += [f"| {kind} | {n} | {' | '.join(row)} |" for (kind, n), row in rows.items()]
        one, two = (rates["ray", n] / rates["local", n] for n in (1, 2))
        gain = {kind: rates[kind, 2] / rates[kind, 1] for kind in ("local", "ray")}
        lines += [
            "",
            f"All scored: Ray reaches {one:.2f} of the local engine with one worker and {two:.2f} "
            f"with two; two workers are {gain['local']:.2f} times one locally, {gain['ray']:.2f} "
            "times with Ray.",
            "",
            memory_line(setup, folder),
        ]
    return lines


if __name__ == "__main__":
    print("\n".join(measure()))
