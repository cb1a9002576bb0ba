"""Chunks looked through in this process: videos, cameras' photos, citizens' photos."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from detector.archive.chunk import Workshop, look_through
from detector.archive.journal_rows import ChunkTask
from detector.archive.settings import ScanSetup
from detector.archive.video_chunk import count_chunks, watched_spans
from detector.archive.work_list import ArchiveItem
from detector.camera import video
from detector.camera.sampling import Span
from detector.camera.view import CameraView, Views
from detector.errors import InferenceError

NOON = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)
"""12:00 in China."""

WriteFile = Callable[..., Path]
MakeItem = Callable[..., ArchiveItem]


@pytest.fixture(scope="module")
def workshop(setup: ScanSetup) -> Iterator[Workshop]:
    shop = Workshop(setup)
    yield shop
    shop.close()


def cut(item: ArchiveItem, n_chunks: int, chunk_s: float) -> list[ChunkTask]:
    """Cut a video as the journal does: the first chunk before its length is known."""
    ends = [(i + 1) * chunk_s if i == 0 or i < n_chunks - 1 else None for i in range(n_chunks)]
    return [
        ChunkTask(f"{item.name}/{i}", (item,), i, i * chunk_s, ends[i]) for i in range(n_chunks)
    ]


def with_view(workshop: Workshop, **view: Any) -> Workshop:
    """The same model with one view for all cameras."""
    other = object.__new__(Workshop)
    other.__dict__.update(workshop.__dict__)
    other.setup = replace(workshop.setup, views=Views(CameraView(**view)))
    return other


def test_a_short_video_is_one_chunk_to_its_end(
    workshop: Workshop, tmp_path: Path, write_clip: WriteFile, make_item: MakeItem
) -> None:
    item = make_item(write_clip(tmp_path / "a.mp4", 5.0), start_at=NOON)
    told: list[int] = []
    result = look_through(ChunkTask("k", (item,), 0, 0.0, 4.0), workshop, tell=told.append)
    assert result.failure is None
    assert result.n_chunks == 1
    assert result.footage_s == pytest.approx(5.0)
    assert [look.timestamp_s for look in result.looks] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert {look.source for look in result.looks} == {"a.mp4"}
    assert result.looks[3].captured_at == NOON + timedelta(seconds=3)
    assert sum(told) == result.counts.frames == 5
    assert result.counts.scored + result.counts.held == 5
    assert not result.looks[0].held
    assert any(look.sightings for look in result.looks)


def test_a_long_video_tells_how_many_chunks_it_has(
    workshop: Workshop, tmp_path: Path, write_clip: WriteFile, make_item: MakeItem
) -> None:
    item = make_item(write_clip(tmp_path / "a.mp4", 9.0))
    results = [look_through(task, workshop) for task in cut(item, 2, 4.0)]
    assert [result.n_chunks for result in results] == [2, None]
    times = [[look.timestamp_s for look in result.looks] for result in results]
    assert times == [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0, 8.0]]


def test_a_chunk_tells_the_same_whatever_was_looked_at_before(
    workshop: Workshop, tmp_path: Path, write_clip: WriteFile, make_item: MakeItem
) -> None:
    item = make_item(write_clip(tmp_path / "a.mp4", 12.0), start_at=NOON)
    tasks = cut(item, 3, 4.0)
    forward = [look_through(task, workshop) for task in tasks]
    backward = [look_through(task, workshop) for task in reversed(tasks)]
    assert forward == backward[::-1]


@pytest.mark.parametrize(
    ("footage_s", "expected"), [(None, 1), (0.5, 1), (449, 1), (450, 2), (899, 3), (86400, 288)]
)
def test_a_short_rest_goes_with_the_last_chunk(footage_s: float | None, expected: int) -> None:
    assert count_chunks(footage_s, 300.0) == expected


def test_what_is_no_video_is_a_failure_in_words(
    workshop: Workshop, tmp_path: Path, make_item: MakeItem
) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("no video at all" * 50)
    failure = look_through(ChunkTask("k", (make_item(path),)), workshop).failure
    assert failure is not None
    assert (failure.source, failure.code, failure.fatal) == ("a.mp4", "not_a_video", True)
    gone = make_item(tmp_path / "gone.mp4")
    failure = look_through(ChunkTask("k", (gone,)), workshop).failure
    assert failure is not None and failure.code == "unreadable"


def test_a_video_that_was_cut_off_has_a_problem_and_looks(
    workshop: Workshop, tmp_path: Path, write_clip: WriteFile, make_item: MakeItem
) -> None:
    path = write_clip(tmp_path / "a.avi", 30.0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    result = look_through(ChunkTask("k", (make_item(path),), 0, 0.0, None), workshop)
    assert result.failure is None
    assert 1 <= len(result.looks) < 30
    assert [problem.fatal for problem in result.problems] == [False] * len(result.problems)
    assert {problem.source for problem in result.problems} == {"a.avi"}
    assert result.problems


def test_a_clock_that_jumps_asks_for_one_piece(
    workshop: Workshop, tmp_path: Path, write_clip: WriteFile, make_item: MakeItem
) -> None:
    first = write_clip(tmp_path / "1.ts", 4.0)
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() + first.read_bytes())
    item = make_item(path)
    failure = look_through(ChunkTask("k", (item,), 0, 0.0, 4.0), workshop).failure
    assert failure is not None and failure.code == "timeline_broken"
    mended = look_through(ChunkTask("k", (item,), rebase=True), workshop)
    assert mended.failure is None and mended.n_chunks == 1
    assert mended.looks[-1].timestamp_s > 6


def test_hours_without_watch_are_not_decoded(
    workshop: Workshop, tmp_path: Path, write_clip: WriteFile, make_item: MakeItem
) -> None:
    item = make_item(write_clip(tmp_path / "a.mp4", 9.0), start_at=NOON - timedelta(seconds=5))
    opening = with_view(workshop, hours=(("12:00", "13:00"),))
    whole = look_through(ChunkTask("k", (item,), 0, 0.0, None), workshop)
    result = look_through(ChunkTask("k", (item,), 0, 0.0, None), opening)
    assert [look.timestamp_s for look in result.looks] == [5.0, 6.0, 7.0, 8.0]
    assert result.counts.frames < whole.counts.frames == 9
    asleep = with_view(workshop, hours=(("01:00", "02:00"),))
    result = look_through(ChunkTask("k", (item,), 0, 0.0, 4.0), asleep)
    assert (result.failure, result.looks, result.counts.frames) == (None, (), 0)
    assert result.n_chunks == 2


def test_parts_in_the_hours_lie_on_the_grid() -> None:
    view = CameraView(hours=(("12:00", "12:01"), ("12:03", "12:04")))
    start = NOON - timedelta(seconds=61)
    spans = list(watched_spans(view, start, Span(0.0, 300.0), 2.0, None))
    assert spans == [Span(60.0, 122.0), Span(240.0, 300.0)]
    open_end = list(watched_spans(view, start, Span(200.0, None), 2.0, 280.0))
    assert open_end == [Span(240.0, None)]
    assert list(watched_spans(view, start, Span(200.0, None), 2.0, None)) == [Span(200.0, None)]
    # Ten minutes between two samples: the minute that is watched lies within.
    assert list(watched_spans(view, start, Span(0.0, 600.0), 600.0, None)) == [Span(0.0, 600.0)]


def test_a_runtime_that_fails_is_a_failure_of_the_video_and_of_one_photo(
    workshop: Workshop,
    tmp_path: Path,
    write_clip: WriteFile,
    write_scene: WriteFile,
    make_item: MakeItem,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InferenceError("inference_failed", "The runtime failed.")

    monkeypatch.setattr(workshop.pipeline, "score", fail)
    clip = make_item(write_clip(tmp_path / "a.mp4", 2.0))
    failure = look_through(ChunkTask("k", (clip,)), workshop).failure
    assert failure is not None and failure.code == "inference_failed"
    framed = make_item(write_scene(tmp_path / "1.jpg"), camera="gate-1", start_at=NOON)
    citizen = make_item(write_scene(tmp_path / "2.jpg"))
    result = look_through(ChunkTask("k", (framed, citizen)), workshop)
    assert result.failure is None
    assert [(one.source, one.code) for one in result.problems] == [("1.jpg", "inference_failed")]
    assert [look.source for look in result.looks] == ["2.jpg"]


def test_what_nobody_foresaw_costs_one_file(
    workshop: Workshop,
    tmp_path: Path,
    write_clip: WriteFile,
    make_item: MakeItem,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    item = make_item(write_clip(tmp_path / "a.mp4", 2.0))
    monkeypatch.setattr(video, "make_frame", lambda *_: 1 / 0)
    failure = look_through(ChunkTask("k", (item,)), workshop).failure
    assert failure is not None and failure.code == "internal"

    def hunger(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(video, "make_frame", hunger)
    with pytest.raises(MemoryError):
        look_through(ChunkTask("k", (item,)), workshop)


def test_photos_of_a_camera_are_looked_at_as_its_frames(
    workshop: Workshop, tmp_path: Path, write_scene: WriteFile, make_item: MakeItem
) -> None:
    def photo(minute: int) -> ArchiveItem:
        path = write_scene(tmp_path / f"{minute:02d}.jpg", index=0)
        at = NOON + timedelta(seconds=5 * minute)
        return make_item(path, camera="gate-1", start_at=at)

    items = tuple(photo(minute) for minute in range(20))
    result = look_through(ChunkTask("k", items), workshop)
    assert [look.source for look in result.looks] == [item.name for item in items]
    assert [look.captured_at for look in result.looks] == [item.start_at for item in items]
    assert {look.timestamp_s for look in result.looks} == {0.0}
    held = [look.held for look in result.looks]
    assert held[:1] == [False] and held.count(True) == result.counts.held > 5
    # 60 s after the last score the gate lets the model look again, though nothing changed.
    assert not all(held[10:])
    assert result.looks[1].measures.stillness is not None


def test_each_camera_has_an_eye_of_its_own(
    workshop: Workshop, tmp_path: Path, write_scene: WriteFile, make_item: MakeItem
) -> None:
    items = [
        make_item(
            write_scene(tmp_path / f"{i}.jpg", scene), camera=scene, start_at=NOON, name=f"{i}.jpg"
        )
        for i, scene in enumerate(["posters", "site_dust"] * 8)
    ]
    together = look_through(ChunkTask("k", tuple(items)), workshop).looks
    apart = look_through(ChunkTask("k", tuple(items[::2])), workshop).looks
    assert together[::2] == apart


def test_photos_outside_the_hours_are_not_even_read(
    workshop: Workshop, tmp_path: Path, make_item: MakeItem
) -> None:
    asleep = with_view(workshop, hours=(("01:00", "02:00"),))
    item = make_item(tmp_path / "gone.jpg", camera="gate-1", start_at=NOON)
    result = look_through(ChunkTask("k", (item,)), asleep)
    assert (result.looks, result.problems, result.failure) == ((), (), None)


def test_a_citizens_photo_is_scored_alone(
    workshop: Workshop, tmp_path: Path, write_scene: WriteFile, make_item: MakeItem
) -> None:
    items = [make_item(write_scene(tmp_path / f"{i}.jpg", index=0)) for i in range(2)]
    result = look_through(ChunkTask("k", tuple(items)), workshop)
    first, second = result.looks
    assert not first.held and not second.held
    assert replace(first, source="") == replace(second, source="")
    assert first.image_wh == (320, 240)
    assert first.captured_at is None
    assert first.condition == "clear" and first.measures.contrast > 10
    assert first.sightings and {sighting.motion for sighting in first.sightings} == {None}


def test_a_photos_own_time_is_local_unless_it_says_otherwise(
    workshop: Workshop, tmp_path: Path, write_scene: WriteFile, make_item: MakeItem
) -> None:
    from PIL import Image as pillow

    path = write_scene(tmp_path / "a.jpg")
    picture = pillow.open(path)
    exif = pillow.Exif()
    exif[0x0132] = "2026:05:04 12:00:00"
    picture.save(path, exif=exif)
    (look,) = look_through(ChunkTask("k", (make_item(path),)), workshop).looks
    assert look.captured_at == NOON


def test_one_bad_photo_costs_no_other(
    workshop: Workshop, tmp_path: Path, write_scene: WriteFile, make_item: MakeItem
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(write_scene(tmp_path / "x.jpg").read_bytes()[:2000])
    gone = make_item(tmp_path / "gone.jpg", camera="gate-1", start_at=NOON)
    good = make_item(write_scene(tmp_path / "good.jpg"))
    result = look_through(ChunkTask("k", (make_item(bad), gone, good)), workshop)
    assert [(one.source, one.code, one.fatal) for one in result.problems] == [
        ("bad.jpg", "truncated", True),
        ("gone.jpg", "unreadable", True),
    ]
    assert [look.source for look in result.looks] == ["good.jpg"]
    passed = look_through(ChunkTask("k", (make_item(bad), good)), workshop, passed_over={"bad.jpg"})
    assert (len(passed.looks), passed.problems) == (1, ())


def test_zones_and_labels_count_before_a_camera(
    workshop: Workshop, tmp_path: Path, write_clip: WriteFile, make_item: MakeItem
) -> None:
    item = make_item(write_clip(tmp_path / "a.mp4", 2.0))
    everything = look_through(ChunkTask("k", (item,)), workshop)
    large = with_view(workshop, min_box_share=MappingProxyType({"illegal_poster": 1.0}))
    nothing = look_through(ChunkTask("k", (item,)), large)
    assert any(one.label == "illegal_poster" for look in everything.looks for one in look.sightings)
    assert not any(
        one.label == "illegal_poster" for look in nothing.looks for one in look.sightings
    )
