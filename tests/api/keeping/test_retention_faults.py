"""What fails keeps no other photo from going, and photos that are away are not written off."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.errors import StorageError, StorageFullError
from api.keeping.presence import write_off_lost
from api.keeping.retention import (
    delete_old_originals,
    housekeeping_step,
)
from api.photos.folder import FolderPhotoStore
from api.scoring.fake import FakePool
from api.services import Services
from api.store.retention import total_deleted
from tests.api.keeping.conftest import MakeReport, finding, jpeg
from tests.api.keeping.photo_records import photo_of

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

EndCases = Callable[[datetime], None]


@pytest.fixture
def due(clock: "SetClock", make_report: MakeReport, end_cases: EndCases) -> list[str]:
    """Three photos that are due, in the order in which they are looked at."""
    colours = ((1, 2, 3), (90, 90, 9), (200, 3, 99))
    names = [make_report(finding(), photo=jpeg(one)).report.photo_sha256 for one in colours]
    end_cases(clock())
    clock.advance(days=181)
    return sorted(name for name in names if name is not None)


@pytest.mark.parametrize("method", ["get", "delete", "exists"])
def test_one_bad_photo_keeps_no_other_from_going(
    services: Services,
    folder: FolderPhotoStore,
    due: list[str],
    method: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    usual = getattr(folder, method)

    def fail(name: str) -> object:
        if name == due[0]:
            raise StorageError("photos_unavailable", "Input/output error.")
        return usual(name)

    monkeypatch.setattr(folder, method, fail)
    run = delete_old_originals(services)
    assert (run.deleted.originals, run.postponed, run.failed) == (2, 0, 1)
    assert photo_of(services, due[0]).original_deleted_at is None
    assert [one.__dict__["photo"] for one in caplog.records if one.levelname == "ERROR"] == [due[0]]
    monkeypatch.undo()
    assert delete_old_originals(services).deleted.originals == 1


@pytest.mark.parametrize(
    "error",
    [
        StorageFullError("storage_full", "No space is left."),
        StorageError("database_unavailable", "The database does not answer."),
    ],
)
def test_what_every_photo_would_suffer_ends_the_run(
    services: Services,
    folder: FolderPhotoStore,
    due: list[str],
    error: StorageError,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = folder.put

    def fail(data: bytes) -> str:
        if not photo_of(services, due[0]).original_deleted_at:
            return usual(data)
        raise error

    monkeypatch.setattr(folder, "put", fail)
    with pytest.raises(StorageError) as caught:
        delete_old_originals(services)
    assert caught.value is error
    with services.database.read() as connection:
        assert total_deleted(connection).originals == 1  # What went is written down.


def test_unfinished_files_that_stay_do_not_stop_housekeeping(
    services: Services, folder: FolderPhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> int:
        raise StorageError("photos_unavailable", "Permission denied.")

    monkeypatch.setattr(folder, "sweep", fail)
    assert housekeeping_step(services) == 3600


def test_photos_that_are_not_mounted_are_not_written_off(
    services: Services, due: list[str], tmp_path: Path
) -> None:
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    services.photos = FolderPhotoStore(tmp_path / "photos")  # As a restart without the volume.
    services.photos.put(b"came in since")
    with pytest.raises(StorageError) as caught:
        delete_old_originals(services)
    assert caught.value.code == "photos_missing"
    assert "mounted" in caught.value.hint
    assert all(photo_of(services, one).original_deleted_at is None for one in due)
    services.photos = FolderPhotoStore(tmp_path / "elsewhere")
    assert delete_old_originals(services).deleted.originals == 3


def test_a_volume_that_goes_in_the_middle_of_a_run(
    services: Services,
    folder: FolderPhotoStore,
    due: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete = folder.delete

    def unmount(name: str) -> None:
        delete(name)
        (tmp_path / "photos").rename(tmp_path / "elsewhere")
        (tmp_path / "photos").mkdir()

    monkeypatch.setattr(folder, "delete", unmount)
    with pytest.raises(StorageError) as caught:
        delete_old_originals(services)
    assert caught.value.code == "photos_missing"
    gone = [photo_of(services, one).original_deleted_at is not None for one in due]
    assert gone == [True, False, False]


def test_one_lost_photo_among_others_is_noted_as_gone(
    services: Services, folder: FolderPhotoStore, due: list[str]
) -> None:
    folder.delete(due[1])
    assert delete_old_originals(services).deleted.originals == 3
    assert photo_of(services, due[1]).kept_sha256 is None


def test_a_person_writes_lost_photos_off(
    services: Services, folder: FolderPhotoStore, due: list[str]
) -> None:
    for name in due[:2]:
        folder.delete(name)
    with pytest.raises(StorageError, match="2 are not in the photo store"):
        delete_old_originals(services)
    assert write_off_lost(services) == 2
    assert write_off_lost(services) == 0
    assert delete_old_originals(services).deleted.originals == 1


def test_a_copy_that_was_swept_is_made_again(
    services: Services, folder: FolderPhotoStore, due: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put = folder.put

    def put_and_lose(data: bytes) -> str:
        name = put(data)
        folder.delete(name)
        return name

    monkeypatch.setattr(folder, "put", put_and_lose)
    assert delete_old_originals(services).postponed == 3
    monkeypatch.undo()
    assert delete_old_originals(services).deleted.originals == 3
    assert folder.exists(photo_of(services, due[0]).kept_sha256 or "")


def test_housekeeping_comes_back_soon_when_the_workers_were_busy(
    services: Services, clock: "SetClock", pool: FakePool, due: list[str]
) -> None:
    pool.full = True
    assert housekeeping_step(services) == 300
    clock.advance(minutes=4)
    assert housekeeping_step(services) == 60
    clock.advance(minutes=1)
    pool.full = False
    assert housekeeping_step(services) == 3600
    assert photo_of(services, due[0]).original_deleted_at == clock()
    clock.advance(minutes=5)
    assert housekeeping_step(services) == 3300
