"""Videos, photos and results made up for the journal's tests."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from detector.archive.chunk_result import ChunkCounts, ChunkResult
from detector.archive.journal import ChunkTask, Journal
from detector.archive.work_list import ArchiveItem
from detector.camera.looks import Look, Measures, Sighting

START = datetime(2026, 3, 2, tzinfo=UTC)
SETTINGS = {"every_s": "2.0", "model": "street-issues-n 0.2.0"}
MEASURES = Measures(100.0, 40.0, 5.0, None)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def video(
    name: str, minute: float | None = None, camera: str = "gate", size: int = 1
) -> ArchiveItem:
    start = None if minute is None else at(minute)
    return ArchiveItem(Path("/a") / name, name, "video", size, 7, camera, start, None)


def photo(name: str, minute: float | None = None, camera: str | None = None) -> ArchiveItem:
    start = None if minute is None else at(minute)
    return ArchiveItem(Path("/a") / name, name, "photo", 1, 7, camera, start, None)


def look(
    item: ArchiveItem, timestamp_s: float = 0.0, score: float = 0.5, held: bool = False
) -> Look:
    captured_at = None if item.start_at is None else item.start_at + timedelta(seconds=timestamp_s)
    sighting = Sighting("overflowing_bin", score, (1.0, 2.0, 3.0, 4.0), True, "small")
    return Look(item.name, timestamp_s, captured_at, (64, 48), held, "clear", (sighting,), MEASURES)


def see(task: ChunkTask, length_s: float = 0.0, n_chunks: int | None = None) -> ChunkResult:
    """Answer a task: a look each minute of a video, one a photo."""
    if task.kind == "photo":
        looks = tuple(look(one) for one in task.files)
        return ChunkResult(looks, counts=ChunkCounts(len(looks), len(looks), 0))
    end_s = length_s if task.end_s is None else min(task.end_s, length_s)
    seconds = range(int(task.start_s), int(end_s), 60)
    looks = tuple(look(task.files[0], float(one)) for one in seconds)
    return ChunkResult(
        looks,
        counts=ChunkCounts(len(looks), len(looks), 0),
        n_chunks=n_chunks if task.number == 0 else None,
        footage_s=length_s if task.number == 0 else None,
    )


def work(
    journal: Journal, lengths_s: dict[str, float] | None = None, seed: int | None = None
) -> None:
    """Do all that is to be done, in any order."""
    while tasks := list(journal.chunks_to_do()):
        if seed is not None:
            random.Random(seed).shuffle(tasks)
        for task in tasks:
            length_s = (lengths_s or {}).get(task.files[0].name, 60.0)
            assert journal.commit(task, see(task, length_s, max(1, int(-(-length_s // 300)))))


def again(tmp_path: Path) -> Journal:
    return Journal.open(tmp_path, SETTINGS)


def times(looks: Iterable[Look]) -> list[tuple[str, float]]:
    return [(one.source, (one.at_s - START.timestamp()) / 60) for one in looks]


ITEMS = [video(f"{one}.mp4", one * 60) for one in range(30)] + [
    photo(f"{one}.jpg") for one in range(600)
]
