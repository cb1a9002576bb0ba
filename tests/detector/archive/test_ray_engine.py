"""Ray gives the same results as processes of this machine, and lives through what they do."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from detector.archive.chunk_result import ChunkResult
from detector.archive.engines import Engine, EngineSettings, LocalEngine
from detector.archive.journal_rows import ChunkTask
from detector.archive.settings import ScanSetup
from detector.archive.work_list import ArchiveItem
from detector.errors import ExtraMissingError, StreetIssueError

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)
ENGINES = ["local 1", "local 2", "ray"]

OpenEngine = Callable[..., Engine]


@pytest.fixture
def open_engine(monkeypatch: pytest.MonkeyPatch, setup: ScanSetup) -> Iterator[OpenEngine]:
    """Open an engine by its name in `ENGINES`."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    engines: list[Engine] = []

    def make(name: str, used: ScanSetup = setup, **settings: Any) -> Engine:
        kind, _, workers = name.partition(" ")
        chosen = EngineSettings(int(workers or 2), **settings)
        if kind == "local":
            engines.append(LocalEngine(used, chosen))
        else:
            pytest.importorskip("ray")
            from detector.archive.ray_engine import RayEngine

            engines.append(RayEngine(used, chosen))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture(scope="module")
def archive(
    tmp_path_factory: pytest.TempPathFactory,
    write_clip: Callable[..., Path],
    write_scene: Callable[..., Path],
    make_item: Callable[..., ArchiveItem],
) -> list[ChunkTask]:
    """Two videos, one of three chunks; photos of a camera and of citizens; two broken files."""
    folder = tmp_path_factory.mktemp("archive")
    long = make_item(write_clip(folder / "long.mp4", 13.0, "street_vending"), start_at=NOON)
    short = make_item(write_clip(folder / "short.mkv", 3.0), camera="gate-2")
    broken = make_item(folder / "broken.mp4")
    broken.path.write_bytes(long.path.read_bytes()[:3000])
    photos = tuple(
        make_item(
            write_scene(folder / f"{i}.jpg", "overflowing_bin", i // 3),
            camera="gate-3" if i % 2 else None,
            start_at=NOON + timedelta(seconds=i) if i % 2 else None,
        )
        for i in range(10)
    )
    (folder / "bad.jpg").write_bytes(b"no photo")
    return [
        ChunkTask("long 0", (long,), 0, 0.0, 4.0),
        ChunkTask("photos", (*photos, make_item(folder / "bad.jpg"))),
        ChunkTask("long 1", (long,), 1, 4.0, 8.0),
        ChunkTask("broken", (broken,), 0, 0.0, 4.0),
        ChunkTask("long 2", (long,), 2, 8.0, None),
        ChunkTask("short", (short,), 0, 0.0, 4.0),
    ]


def is_ours(environ: Path) -> bool:
    """Tell whether a process is one of the Ray that this process started."""
    try:
        line = environ.with_name("cmdline").read_bytes()
        parent = int(environ.with_name("stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return False
    return b"raylet" in line and parent == os.getpid()


def run_all(engine: Engine, tasks: list[ChunkTask]) -> dict[str, ChunkResult]:
    pairs = list(engine.run(iter(tasks)))
    assert len(pairs) == len(tasks)
    return {task.key: result for task, result in pairs}


@pytest.fixture(scope="module")
def expected(archive: list[ChunkTask], setup: ScanSetup) -> dict[str, ChunkResult]:
    """What this very process makes of the archive."""
    from detector.archive.chunk import Workshop, look_through

    workshop = Workshop(setup)
    results = {task.key: look_through(task, workshop) for task in archive}
    workshop.close()
    assert results["broken"].failure is not None
    assert [one.source for one in results["photos"].problems] == ["bad.jpg"]
    assert sum(len(look.sightings) for one in results.values() for look in one.looks) > 20
    return results


@pytest.mark.parametrize("name", ENGINES)
def test_all_engines_give_equal_results_row_for_row(
    name: str,
    archive: list[ChunkTask],
    expected: dict[str, ChunkResult],
    open_engine: OpenEngine,
) -> None:
    frames: list[int] = []
    results = run_all(open_engine(name, on_progress=frames.append), archive)
    assert results == expected
    if name.startswith("local"):
        assert sum(frames) == sum(one.counts.frames for one in expected.values()) + 1  # bad.jpg


@pytest.mark.parametrize("name", ENGINES)
def test_files_that_kill_workers_cost_no_other_file(
    name: str, open_engine: OpenEngine, make_item: Callable[..., ArchiveItem], tmp_path: Path
) -> None:
    def task(*names: str) -> ChunkTask:
        items = (make_item(Path("/archive") / name, kind="photo", name=name) for name in names)
        return ChunkTask(",".join(names), tuple(items))

    once = f"die-once {tmp_path / 'flag'}"
    tasks = [task("a"), task("die"), task("b"), task("x", "die", "y"), task("raise"), task(once)]
    results = run_all(open_engine(name, open_work="odd_hands:open_files"), tasks)
    failures = {key: one.failure.code for key, one in results.items() if one.failure}
    assert failures == {"die": "decoder_crashed", "raise": "internal"}
    assert results["x,die,y"].counts.frames == 2
    assert ("die", "decoder_crashed", True) in [
        (one.source, one.code, one.fatal) for one in results["x,die,y"].problems
    ]
    assert results[once].counts.frames == 1


@pytest.mark.parametrize("name", ["local 2", "ray"])
def test_files_that_hang_are_given_up(
    name: str, open_engine: OpenEngine, make_item: Callable[..., ArchiveItem]
) -> None:
    items = [make_item(Path(name), kind="photo", name=name) for name in ("hang", "a", "work 40")]
    tasks = [ChunkTask(item.name, (item,)) for item in items]
    # Ray is asked once a second how far it is.
    engine = open_engine(name, open_work="odd_hands:open_files", stall_s=4.0)
    results = run_all(engine, tasks)
    assert {key: one.failure and one.failure.code for key, one in results.items()} == {
        "hang": "stalled",
        "a": None,
        "work 40": None,
    }


@pytest.mark.parametrize("name", ["local 2", "ray"])
def test_a_model_that_is_not_there_ends_the_run_in_words(
    name: str, setup: ScanSetup, archive: list[ChunkTask], open_engine: OpenEngine, tmp_path: Path
) -> None:
    engine = open_engine(name, replace(setup, bundle_folder=tmp_path / "no model"))
    with pytest.raises(StreetIssueError, match="no model") as caught:
        run_all(engine, archive)
    assert caught.value.code == "manifest_missing"


def test_ray_starts_without_words_and_goes_without_traces(
    open_engine: OpenEngine,
    make_item: Callable[..., ArchiveItem],
    capfd: pytest.CaptureFixture[str],
) -> None:
    ray = pytest.importorskip("ray")
    engine = open_engine("ray", open_work="odd_hands:open_files")
    item = make_item(Path("die"), kind="photo", name="die")
    run_all(engine, [ChunkTask("die", (item,))])
    folder = Path(ray._private.worker._global_node.get_temp_dir_path())
    assert folder.is_dir()
    # What Ray writes down for its reports stays unsent unless it is told so.
    raylet = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/environ") if is_ours(path)]
    assert raylet and all(b"RAY_USAGE_STATS_ENABLED=0" in one for one in raylet)
    engine.close()
    assert not ray.is_initialized()
    assert not folder.exists()
    said = capfd.readouterr()
    assert said.out == said.err == ""


def test_a_ray_that_runs_already_is_left_running(open_engine: OpenEngine) -> None:
    ray = pytest.importorskip("ray")
    first = open_engine("ray", open_work="odd_hands:open_files")
    second = open_engine("ray", open_work="odd_hands:open_files")
    second.close()
    assert ray.is_initialized()
    first.close()
    assert not ray.is_initialized()


def test_a_cluster_that_does_not_answer_is_told_of(setup: ScanSetup) -> None:
    pytest.importorskip("ray")
    from detector.archive.ray_engine import RayEngine

    with pytest.raises(StreetIssueError, match="No Ray cluster answers at nowhere") as caught:
        RayEngine(setup, EngineSettings(1), address="nowhere")
    assert caught.value.code == "ray_unreachable"


def test_without_ray_the_extra_is_named(setup: ScanSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    from detector.archive.ray_engine import RayEngine

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ExtraMissingError, match=r"street-issue-detector\[ray\]"):
        RayEngine(setup, EngineSettings(1))
