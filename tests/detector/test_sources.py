"""Paths become photos in order, and what cannot be read is told and not forgotten."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from detector.errors import PhotoError
from detector.sources import PathSource, UnreadableSource, find_photos


@pytest.fixture
def touch(tmp_path: Path) -> Callable[..., Path]:
    """Write files of one byte below the temporary folder; returns the folder."""

    def write(*names: str) -> Path:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        return tmp_path

    return write


def relative_names(folder: Path) -> list[str]:
    return [Path(source.name).relative_to(folder).as_posix() for source in find_photos([folder])]


def test_a_folder_is_listed_in_sorted_order_with_all_below_it(touch: Callable[..., Path]) -> None:
    folder = touch("b.jpg", "a/z.png", "a/c/d.webp", "c.HEIC", "A.JPEG", "b/1.heif")
    # Names in one folder are sorted as they are, folders among the files.
    assert relative_names(folder) == [
        "A.JPEG",
        "a/c/d.webp",
        "a/z.png",
        "b/1.heif",
        "b.jpg",
        "c.HEIC",
    ]


def test_only_photo_endings_count_in_a_folder(touch: Callable[..., Path]) -> None:
    folder = touch("notes.txt", "Thumbs.db", "jpg", "film.mp4", "photo.jpg.part", "photo.JpG")
    assert relative_names(folder) == ["photo.JpG"]


def test_hidden_folders_are_passed_over(touch: Callable[..., Path]) -> None:
    folder = touch(".thumbnails/a.jpg", "kept/.cache/b.jpg", "kept/c.jpg")
    assert relative_names(folder) == ["kept/c.jpg"]


def test_a_hidden_folder_that_is_named_is_listed(touch: Callable[..., Path]) -> None:
    folder = touch(".thumbnails/a.jpg") / ".thumbnails"
    assert relative_names(folder) == ["a.jpg"]


def test_links_to_folders_are_not_followed_and_links_to_files_are(
    touch: Callable[..., Path],
) -> None:
    folder = touch("photos/a.jpg")
    (folder / "photos" / "round").symlink_to(folder / "photos", target_is_directory=True)
    (folder / "photos" / "b.jpg").symlink_to(folder / "photos" / "a.jpg")
    assert relative_names(folder) == ["photos/a.jpg", "photos/b.jpg"]


def test_paths_come_in_the_order_given_and_named_files_have_any_ending(
    touch: Callable[..., Path],
) -> None:
    folder = touch("z.dat", "b/1.jpg", "a.jpg")
    given = [folder / "z.dat", folder / "b", folder / "a.jpg"]
    names = [source.name for source in find_photos(given)]
    assert names == [str(folder / "z.dat"), str(folder / "b" / "1.jpg"), str(folder / "a.jpg")]


def test_an_empty_folder_has_no_photos(tmp_path: Path) -> None:
    assert list(find_photos([tmp_path])) == []


def test_a_folder_that_cannot_be_listed_fails_and_the_others_go_on(
    touch: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = touch("a/1.jpg", "locked/2.jpg", "z/3.jpg")
    scandir = os.scandir

    def refuse(path: Path) -> "os._ScandirIterator[str]":
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    sources = list(find_photos([folder]))
    assert [Path(source.name).name for source in sources] == ["1.jpg", "locked", "3.jpg"]
    assert isinstance(sources[1], UnreadableSource)
    with pytest.raises(PhotoError) as caught:
        sources[1].read(10)
    assert caught.value.code == "unreadable"
    assert "locked cannot be read: Permission denied." in caught.value.message
    assert caught.value.hint
    assert sources[0].read(10) == sources[2].read(10) == b"x"


def test_a_path_that_cannot_even_be_looked_at_fails_and_the_others_go_on(
    touch: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = touch("a.jpg", "b.jpg")
    is_dir = Path.is_dir

    def refuse(path: Path) -> bool:
        if path.name == "a.jpg":
            raise PermissionError(13, "Permission denied", str(path))
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", refuse)
    first, second = find_photos([folder / "a.jpg", folder / "b.jpg"])
    with pytest.raises(PhotoError, match="Permission denied") as caught:
        first.read(10)
    assert caught.value.code == "unreadable"
    assert second.read(10) == b"x"


def test_a_name_too_long_for_the_system_fails_when_read(tmp_path: Path) -> None:
    (source,) = find_photos([tmp_path / ("x" * 5000 + ".jpg")])
    with pytest.raises(PhotoError) as caught:
        source.read(10)
    assert caught.value.code == "unreadable"


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    (source,) = find_photos([tmp_path / "gone.jpg"])
    with pytest.raises(PhotoError) as caught:
        source.read(10)
    assert caught.value.code == "unreadable"
    assert str(tmp_path / "gone.jpg") in caught.value.message
    assert caught.value.message.endswith(".")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_a_folder_read_as_a_file_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(PhotoError) as caught:
        PathSource(tmp_path).read(10)
    assert caught.value.code == "unreadable"


@pytest.mark.parametrize(("n_bytes", "read"), [(0, 0), (9, 9), (10, 10), (11, 11), (5000, 11)])
def test_one_byte_more_than_the_limit_is_read(tmp_path: Path, n_bytes: int, read: int) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(bytes(n_bytes))
    assert len(PathSource(path).read(10)) == read


def test_a_source_is_named_as_its_path_was_given() -> None:
    assert PathSource(Path("街道/照片.jpg")).name == str(Path("街道/照片.jpg"))
