"""What is broken costs itself alone: files, folders, disks."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from detector.archive.journal_rows import ChunkTask
from detector.cli import main

Capture = pytest.CaptureFixture[str]
Results = Callable[[Path], dict[str, object]]
WriteFile = Callable[..., Path]


def test_broken_files_are_told_each_and_cost_nothing_else(
    town: Any,
    tmp_path: Path,
    hands: Any,
    read_results: Results,
    write_clip: WriteFile,
    capsys: Capture,
) -> None:
    archive = Path(shutil.copytree(town.archive, tmp_path / "archive"))
    whole = (archive / "gate" / "20260302081200.mp4").read_bytes()
    bad = archive / "bad"
    bad.mkdir()
    (bad / "empty.mp4").touch()
    (bad / "cut.mp4").write_bytes(whole[: len(whole) // 2])  # Its index was at the end.
    (bad / "zeros.avi").write_bytes(bytes(200_000))
    (bad / "words.mkv").write_text("no video at all" * 100)
    (bad / "photo.mp4").write_bytes((archive / "letters" / "from a citizen.jpg").read_bytes())
    (bad / "empty.jpg").touch()
    (bad / "words.jpg").write_text("no photo at all")
    (bad / "list.mp4").write_text("ffconcat version 1.0\nfile '../loose.mp4'\n")
    (bad / "link.mp4").symlink_to(tmp_path / "nowhere.mp4")
    os.mkfifo(bad / "pipe.mp4")
    torn = write_clip(tmp_path / "torn.avi", 30.0)
    data = bytearray(torn.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = random.Random(1).randbytes(3000)
    (bad / "torn.avi").write_bytes(data)
    arguments = town.arguments(tmp_path / "out")
    arguments[1] = str(archive)
    assert main([*arguments, "--max-failures", "1"]) == 1
    lines = (tmp_path / "out" / "errors.jsonl").read_text(encoding="utf-8").splitlines()
    errors = {one["source"]: one["code"] for one in map(json.loads, lines) if one["fatal"]}
    assert errors == {
        "bad/cut.mp4": "truncated",
        "bad/empty.jpg": "empty",
        "bad/empty.mp4": "empty",
        "bad/link.mp4": "unreadable",
        "bad/list.mp4": "not_a_video",
        "bad/photo.mp4": "not_a_video",
        "bad/pipe.mp4": "unreadable",
        "bad/words.jpg": "not_a_picture",
        "bad/words.mkv": "not_a_video",
        "bad/zeros.avi": "not_a_video",
    }
    odd = [one for one in map(json.loads, lines) if one["source"] == "bad/torn.avi"]
    assert odd and not any(one["fatal"] for one in odd)
    assert all(one["message"] for one in map(json.loads, lines))
    assert "; 10 files failed" in capsys.readouterr().err
    results = read_results(tmp_path / "out")
    assert sorted(path for path in results if "inc-" in path) == sorted(
        path for path in read_results(town.out) if "inc-" in path
    )
    assert len(hands.done) == 3 + 7 + 2  # The town's videos, the bad ones, and groups of photos.


def test_a_folder_that_may_not_be_read_is_no_quiet_night(
    town: Any,
    tmp_path: Path,
    hands: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    write_clip: WriteFile,
) -> None:
    write_clip(tmp_path / "archive" / "mine.mp4", 4.0)
    write_clip(tmp_path / "archive" / "theirs" / "a.mp4", 4.0)
    arguments = town.arguments(tmp_path / "out")
    arguments[1] = str(tmp_path / "archive")
    listed = os.scandir

    def refuse(folder: str) -> Any:
        if str(folder).endswith("theirs"):
            raise PermissionError(13, "Permission denied", folder)
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert main(arguments) == 1
    assert "; 1 files failed" in capsys.readouterr().err
    (line,) = (tmp_path / "out" / "errors.jsonl").read_text(encoding="utf-8").splitlines()
    assert (json.loads(line)["source"], json.loads(line)["code"]) == ("theirs", "unreadable")
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["failed"] == 1
    monkeypatch.setattr(os, "scandir", listed)
    assert main(arguments) == 0
    assert hands.done == [("mine.mp4", 0), ("theirs/a.mp4", 0)]


def test_a_video_under_another_ending_is_looked_through(
    town: Any, tmp_path: Path, hands: Any, write_clip: WriteFile
) -> None:
    made = write_clip(tmp_path / "made.avi", 4.0)
    (tmp_path / "archive").mkdir()
    made.rename(tmp_path / "archive" / "made.mp4")
    arguments = town.arguments(tmp_path / "out")
    arguments[1] = str(tmp_path / "archive")
    assert main(arguments) == 0
    assert hands.done == [("made.mp4", 0)]


def test_a_disk_that_goes_away_and_comes_back(
    town: Any, tmp_path: Path, hands: Any, read_results: Results, capsys: Capture
) -> None:
    archive = Path(shutil.copytree(town.archive, tmp_path / "archive", copy_function=shutil.copy2))
    arguments = town.arguments(tmp_path / "out")
    arguments[1] = str(archive)

    def take_away(task: ChunkTask) -> None:
        if task.files[0].name == "loose.mp4":
            archive.rename(tmp_path / "elsewhere")

    hands.before = take_away
    assert main(arguments) == 1
    words = capsys.readouterr().err
    assert "files failed" in words and "; 0 files failed" not in words
    lines = (tmp_path / "out" / "errors.jsonl").read_text(encoding="utf-8").splitlines()
    assert {one["code"] for one in map(json.loads, lines)} >= {"unreadable"}
    # Away as a whole is a slip or a disk that is not mounted: nothing is touched.
    assert main(arguments) == 2
    assert f"{archive} cannot be read" in capsys.readouterr().err
    # An empty mount point is not there either; what was found stays.
    archive.mkdir()
    hands.done.clear()
    assert main(arguments) == 1
    assert hands.done == []
    archive.rmdir()
    (tmp_path / "elsewhere").rename(archive)
    hands.before = lambda _: None
    assert main(arguments) == 0
    assert len(hands.done) < 5
    expected, results = read_results(town.out), read_results(tmp_path / "out")
    # Where the archive lies is told in two places, and all else is alike.
    page = results.pop("report.html")
    assert str(archive).encode() in page  # type: ignore[operator]
    assert expected.pop("report.html")
    counts = [one.pop("run.json")["counts"] for one in (results, expected)]  # type: ignore[index]
    for one in counts:
        del one["chunks_done"]  # Photos tried again are in a chunk of their own.
    assert counts[0] == counts[1]
    assert results == expected


def test_too_many_failures_stop_it_and_more_may_be_allowed(
    town: Any, tmp_path: Path, hands: Any, capsys: Capture, write_clip: WriteFile
) -> None:
    archive = tmp_path / "archive"
    write_clip(archive / "z.mp4", 4.0)
    for number in range(30):
        (archive / f"{number:02}.mp4").write_text(f"no video {number}")
    arguments = town.arguments(tmp_path / "out")
    arguments[1] = str(archive)
    assert main(arguments) == 2
    words = capsys.readouterr().err
    assert "20 of the 20 files looked through so far failed" in words
    assert "20 of 31 files were looked through. Run the same command again" in words
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["state"] == "stopped"
    errors = (tmp_path / "out" / "errors.jsonl").read_text(encoding="utf-8")
    assert len(errors.splitlines()) == 20
    assert not (tmp_path / "out" / "findings.parquet").exists()
    assert main([*arguments, "--max-failures", "1"]) == 1
    # Those that are no videos are not tried again.
    assert len(hands.done) == 31
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert (run["state"], run["counts"]["files_failed"]) == ("complete", 30)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("size_k", [None, 320, 500])
def test_a_full_disk(
    town: Any,
    small_disk: Path,
    hands: Any,
    read_results: Results,
    capsys: Capture,
    size_k: int | None,
) -> None:
    def grow(size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(small_disk)], check=True)

    if size_k is not None:
        grow(f"{size_k}k")
    arguments = town.arguments(small_disk / "out")
    assert main(arguments) == 2
    words = capsys.readouterr().err
    assert "disk is full" in words or "No space left on device" in words
    assert "Traceback" not in words
    assert not list(small_disk.rglob("*.unfinished"))
    before = len(hands.done)
    grow("64m")
    assert main(arguments) == 0
    assert len(hands.done) <= 5 + 1
    assert before <= 5
    assert read_results(small_disk / "out") == read_results(town.out)


def test_a_file_that_may_not_be_read_is_tried_again(
    town: Any, tmp_path: Path, hands: Any, monkeypatch: pytest.MonkeyPatch, write_clip: WriteFile
) -> None:
    write_clip(tmp_path / "archive" / "mine.mp4", 4.0)
    write_clip(tmp_path / "archive" / "theirs.mp4", 4.0)
    arguments = town.arguments(tmp_path / "out")
    arguments[1] = str(tmp_path / "archive")
    import av

    opened = av.open

    def refuse(file: object, *more: Any, **others: Any) -> Any:
        if str(file).endswith("theirs.mp4"):
            raise av.error.PermissionError(13, "Permission denied", str(file))
        return opened(file, *more, **others)

    monkeypatch.setattr(av, "open", refuse)
    assert main(arguments) == 1
    (line,) = (tmp_path / "out" / "errors.jsonl").read_text(encoding="utf-8").splitlines()
    error = json.loads(line)
    assert (error["source"], error["code"]) == ("theirs.mp4", "unreadable")
    assert "Permission denied" in error["message"]
    monkeypatch.setattr(av, "open", opened)
    hands.done.clear()
    assert main(arguments) == 0
    assert hands.done == [("theirs.mp4", 0)]
    assert (tmp_path / "out" / "errors.jsonl").read_bytes() == b""
