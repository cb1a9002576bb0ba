"""The listing of an archive: its order, its names, what it passes over."""

import os
from pathlib import Path

import pytest

from detector.archive.names import NamePattern, NameRules
from detector.archive.rows import FileProblem
from detector.archive.work_list import ArchiveItem, list_archive
from detector.errors import UsageError


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def items(*roots: Path, rules: NameRules | None = None) -> list[ArchiveItem]:
    listed = list(list_archive(roots, rules or NameRules()))
    assert all(isinstance(one, ArchiveItem) for one in listed)
    return [one for one in listed if isinstance(one, ArchiveItem)]


def names(*roots: Path) -> list[str]:
    return [item.name for item in items(*roots)]


def test_order_and_what_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "b/2.mp4", "b/1.JPG", "a.mkv", "c.txt", ".hidden/x.mp4", "b/.x.mp4")
    make(tmp_path, "b/@eaDir/thumb.jpg", "b.mp4", "Z.avi")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "circle.mp4").symlink_to(tmp_path)
    (tmp_path / "linked.mp4").symlink_to(tmp_path / "a.mkv")
    listed = items(tmp_path)
    assert [one.name for one in listed] == [
        *("Z.avi", "a.mkv", "b/1.JPG", "b/2.mp4", "b.mp4", "linked.mp4")
    ]
    assert [one.kind for one in listed] == ["video", "video", "photo", "video", "video", "video"]
    assert all(one.size == 1 and one.mtime_ns > 0 and one.path.is_file() for one in listed)


def test_the_scans_own_output_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "out/evidence/1.jpg")
    listed = list(list_archive([tmp_path], NameRules(), [tmp_path / "x" / ".." / "out"]))
    assert [one.name for one in listed if isinstance(one, ArchiveItem)] == ["a.mp4"]


def test_several_roots_have_unique_names_in_any_order(tmp_path: Path) -> None:
    first, second = tmp_path / "d1" / "cams", tmp_path / "d2" / "cams"
    make(first, "gate/a.mp4", "20260302081500.mp4")
    make(second, "gate/a.mp4")
    listed = items(second, first)
    assert [one.name for one in listed] == [
        *("d1/cams/20260302081500.mp4", "d1/cams/gate/a.mp4", "d2/cams/gate/a.mp4")
    ]
    assert listed == items(first, second)
    assert [one.camera for one in listed] == ["d1/cams", "d1/cams/gate", "d2/cams/gate"]


def test_a_root_within_another_one_counts_once(tmp_path: Path) -> None:
    make(tmp_path, "gate/a.mp4")
    assert names(tmp_path, tmp_path / "gate", tmp_path / "gate" / "a.mp4") == ["gate/a.mp4"]


def test_files_as_roots(tmp_path: Path) -> None:
    make(tmp_path, "gate.mp4", "odd.bin")
    (listed,) = items(tmp_path / "odd.bin")
    assert (listed.name, listed.kind, listed.camera) == ("odd.bin", "video", "odd")
    listing = items(tmp_path / "odd.bin", tmp_path / "gate.mp4")
    assert [(one.name, one.camera) for one in listing] == [
        ("gate.mp4", "gate.mp4/gate"),
        ("odd.bin", "odd.bin/odd"),
    ]


def test_a_root_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        list_archive([tmp_path / "none"], NameRules())
    with pytest.raises(UsageError, match="No archive"):
        list_archive([], NameRules())


def test_what_cannot_be_read_is_a_problem_in_its_place(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "z.mp4")
    (tmp_path / "broken.mp4").symlink_to(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe.mp4")
    listed = list(list_archive([tmp_path], NameRules()))
    told = [(one.source, one.code) for one in listed if isinstance(one, FileProblem)]
    assert told == [("broken.mp4", "unreadable"), ("pipe.mp4", "unreadable")]
    assert [isinstance(one, ArchiveItem) for one in listed] == [True, False, False, True]


def test_a_folder_that_goes_while_it_is_listed(tmp_path: Path) -> None:
    make(tmp_path, "a/1.mp4", "b/1.mp4")
    listing = list_archive([tmp_path], NameRules())
    next(listing)
    (tmp_path / "b" / "1.mp4").unlink()
    (tmp_path / "b").rmdir()
    (problem,) = listing
    assert isinstance(problem, FileProblem)
    assert (problem.source, problem.code) == ("b", "unreadable")


def test_names_that_are_no_text(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    for name in (b"\xff.mp4", b"\\xff.mp4", b"\xff\xfe/1.mp4"):
        path = folder + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb"):
            pass
    listed = items(tmp_path)
    assert len({one.name for one in listed}) == 3
    assert all(one.name.encode() and one.path.exists() for one in listed)


def test_frames_of_a_camera_are_told_from_citizens_photos(tmp_path: Path) -> None:
    make(tmp_path, "gate/20260302081500.jpg", "gate/20260302081502.jpg")
    make(tmp_path, "one/20260302081500.jpg")
    make(tmp_path, "people/IMG_20260302_081500.jpg", "people/IMG_20260302_081600.jpg")
    make(tmp_path, "mixed/20260302081500.jpg", "mixed/20260302081502.jpg", "mixed/me.jpg")
    make(tmp_path, "named/wang_20260302081500.jpg", "named/li_20260302081502.jpg")
    make(tmp_path, "20260302081500.jpg", "20260302081502.jpg")
    cameras = {one.name: (one.camera, one.start_from) for one in items(tmp_path)}
    assert {name for name, told in cameras.items() if told != (None, None)} == {
        *("gate/20260302081500.jpg", "gate/20260302081502.jpg")
    }
    assert cameras["gate/20260302081500.jpg"] == ("gate", "name")
    rules = NameRules(NamePattern.parse("{camera}/IMG_{time:%Y%m%d_%H%M%S}"))
    told = [one.camera for one in items(tmp_path / "people", rules=rules)]
    assert told == [None, None]
    told = [one.camera for one in items(tmp_path, rules=rules) if one.name.startswith("people")]
    assert told == ["people", "people"]


def test_timelines(tmp_path: Path) -> None:
    make(tmp_path, "gate/20260302081500.mp4", "gate/hiv1.mp4", "gate/me.jpg")
    assert [(one.camera, one.timeline) for one in items(tmp_path)] == [
        *(("gate", "gate"), ("gate", "gate/hiv1.mp4"), (None, None))
    ]
