import errno
import os
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.errors import NotFoundError, SettingsError, StorageError, StorageFullError
from api.photos.folder import STALE_AFTER_S, FolderPhotoStore
from api.photos.remote import FsspecPhotoStore
from api.photos.store import PhotoStore, open_photo_store

NO_PHOTO = sha256(b"nobody put this").hexdigest()


@pytest.fixture(params=["folder", "fsspec-file", "fsspec-memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PhotoStore:
    if request.param == "folder":
        return FolderPhotoStore(tmp_path / "photos")
    if request.param == "fsspec-file":
        return FsspecPhotoStore(f"file://{tmp_path / 'photos'}")
    return FsspecPhotoStore(f"memory://{tmp_path.name}/photos")


def damage(store: PhotoStore, name: str, data: bytes) -> None:
    if isinstance(store, FolderPhotoStore):
        store.path_of(name).write_bytes(data)
    else:
        assert isinstance(store, FsspecPhotoStore)
        store._files.pipe_file(store._path(name), data)


def test_gives_back_what_was_put(store: PhotoStore) -> None:
    name = store.put(b"a photo")
    assert name == sha256(b"a photo").hexdigest()
    assert store.get(name) == b"a photo"
    assert store.exists(name)
    assert store.size(name) == 7


def test_what_was_never_put_is_not_there(store: PhotoStore) -> None:
    assert not store.exists(NO_PHOTO)
    with pytest.raises(NotFoundError):
        store.get(NO_PHOTO)
    with pytest.raises(NotFoundError):
        store.size(NO_PHOTO)
    store.delete(NO_PHOTO)


def test_deletes(store: PhotoStore) -> None:
    name, other = store.put(b"one"), store.put(b"two")
    store.delete(name)
    assert not store.exists(name)
    assert store.get(other) == b"two"
    with pytest.raises(NotFoundError):
        store.get(name)


def test_knows_how_long_ago_a_photo_was_put(store: PhotoStore) -> None:
    assert -1 < store.age_s(store.put(b"now")) < 60
    with pytest.raises(NotFoundError):
        store.age_s(NO_PHOTO)


def test_puts_the_same_twice(store: PhotoStore) -> None:
    assert store.put(b"same") == store.put(b"same")
    assert len(list(store.names())) == 1


def test_lists_names_in_order(store: PhotoStore) -> None:
    assert list(store.names()) == []
    names = sorted(store.put(b"%d" % number) for number in range(20))
    assert list(store.names()) == names


def test_a_damaged_photo_is_an_error_and_a_new_put_heals_it(store: PhotoStore) -> None:
    name = store.put(b"whole")
    damage(store, name, b"who")
    with pytest.raises(StorageError) as caught:
        store.get(name)
    assert caught.value.code == "photo_damaged"
    store.put(b"whole")
    assert store.get(name) == b"whole"


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", ""])
def test_refuses_names_that_are_no_hash(store: PhotoStore, name: str) -> None:
    actions: list[Callable[[str], Any]] = [store.get, store.delete, store.exists, store.size]
    for action in actions:
        with pytest.raises(ValueError, match="SHA-256"):
            action(name)


@given(data=st.binary(max_size=2000))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_come_back(store: PhotoStore, data: bytes) -> None:
    assert store.get(store.put(data)) == data


def test_many_threads_put_the_same_and_different(store: PhotoStore) -> None:
    errors: list[BaseException] = []

    def put_all(number: int) -> None:
        try:
            for turn in range(10):
                store.put(b"shared %d" % turn)
                store.put(b"own %d %d" % (number, turn))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=put_all, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    names = list(store.names())
    assert len(names) == 10 + 80
    for name in names:
        store.get(name)


def test_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = FolderPhotoStore(tmp_path / "photos")
        path = store.path_of(store.put(b"private"))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent, tmp_path / "photos", tmp_path / "photos/new"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder


def test_old_unfinished_files_go_at_opening(tmp_path: Path) -> None:
    FolderPhotoStore(tmp_path)
    old, young = tmp_path / "new" / "old", tmp_path / "new" / "young"
    old.write_bytes(b"half")
    young.write_bytes(b"another process writes this now")
    an_age_ago = time.time() - STALE_AFTER_S - 60
    os.utime(old, (an_age_ago, an_age_ago))
    store = FolderPhotoStore(tmp_path)
    assert not old.exists()
    assert young.exists()
    assert list(store.names()) == []


def test_photo_is_synced_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderPhotoStore(tmp_path)
    store.put(b"first")
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        done.append(kind)
        fsync(descriptor)

    def note_replace(self: Path, target: Path) -> Path:
        done.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    store.put(b"first")
    assert done == ["file", "rename", "folder"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_full_disk_keeps_nothing_half_written(small_disk: Path) -> None:
    store = FolderPhotoStore(small_disk / "photos")
    kept = store.put(b"k" * 300_000)
    with pytest.raises(StorageFullError) as caught:
        store.put(b"x" * 900_000)
    assert caught.value.status == 507
    assert [path.name for path in files_in(small_disk)] == [kept]
    assert store.get(kept) == b"k" * 300_000
    free = store.free_bytes()
    assert free is not None and free < 1024 * 1024
    store.delete(kept)
    assert store.get(store.put(b"x" * 900_000)) == b"x" * 900_000


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_found_at_the_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    # Delayed allocation and quotas on NFS report a full disk only here.
    store = FolderPhotoStore(tmp_path)

    def refuse(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageFullError):
        store.put(b"late")
    assert files_in(tmp_path) == []


def test_unusable_folder_is_told_at_opening(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SettingsError):
        open_photo_store(None, tmp_path / "file" / "photos")


@pytest.mark.parametrize("url", ["nonsense://bucket/x", "bucket/photos"])
def test_unknown_url_is_told_at_opening(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_photo_store(url, tmp_path)
    assert "s3://" in caught.value.hint


def test_chooses_the_store_by_url(tmp_path: Path) -> None:
    assert isinstance(open_photo_store(None, tmp_path), FolderPhotoStore)
    assert isinstance(open_photo_store(f"file://{tmp_path}", tmp_path), FolderPhotoStore)
    remote = open_photo_store("memory://bucket", tmp_path)
    assert isinstance(remote, FsspecPhotoStore)
    assert remote.free_bytes() is None
    assert remote.sweep() == 0


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EIO, "XMinioStorageFull: no drive has room"), StorageFullError),
        (OSError(errno.ENOSPC, "No space left on device"), StorageFullError),
        (PermissionError(errno.EACCES, "Access Denied"), StorageError),
        (RuntimeError("connection pool is closed"), StorageError),
    ],
)
def test_foreign_errors_are_translated(
    monkeypatch: pytest.MonkeyPatch, error: Exception, expected: type[StorageError]
) -> None:
    store = FsspecPhotoStore("memory://trouble")

    def fail(*_: object, **__: object) -> None:
        raise error

    for method in ("pipe_file", "cat_file", "info", "rm_file", "find"):
        monkeypatch.setattr(store._files, method, fail)
    actions: list[Callable[[], Any]] = [
        lambda: store.put(b"x"),
        lambda: store.get(NO_PHOTO),
        lambda: store.exists(NO_PHOTO),
        lambda: store.delete(NO_PHOTO),
        lambda: list(store.names()),
    ]
    for action in actions:
        with pytest.raises(expected) as caught:
            action()
        assert type(caught.value) is expected
