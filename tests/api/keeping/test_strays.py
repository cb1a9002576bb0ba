"""Files that nothing refers to go from the store, from the machines, and never beside an upload."""

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from api.errors import StorageError
from api.keeping.erasure import erase_reports
from api.keeping.retention import (
    delete_old_originals,
    tidy_machine,
)
from api.keeping.strays import sweep_strays
from api.photos.folder import FolderPhotoStore
from api.photos.pictures import open_picture_cache
from api.services import Services
from api.store.photos import insert_photo
from tests.api.keeping.conftest import MakeReport, finding, jpeg

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

EndCases = Callable[[datetime], None]


def test_strays_go_and_what_is_known_or_young_stays(
    services: Services,
    folder: FolderPhotoStore,
    clock: "SetClock",
    make_report: MakeReport,
    end_cases: EndCases,
) -> None:
    make_report(finding())
    end_cases(clock())
    clock.advance(days=200)
    delete_old_originals(services)  # Leaves a blurred copy, which has no row of its own.
    make_report(finding(), photo=jpeg((1, 2, 3)))
    known = set(folder.names())
    assert len(known) == 2
    stray, young = folder.put(b"stray"), folder.put(b"young")
    long_ago = time.time() - 90_000
    for name in known | {stray}:
        os.utime(folder.path_of(name), (long_ago, long_ago))
    assert sweep_strays(services) == 1
    assert set(folder.names()) == known | {young}


def test_pictures_of_erased_photos_leave_every_machine(
    services: Services, clock: "SetClock"
) -> None:
    name = services.photos.put(b"frame")
    with services.database.write() as connection:
        insert_photo(connection, name, 5, "image/jpeg", clock())
    cache = open_picture_cache(services)
    cache.put(name, "small", b"picture")
    tidy_machine(services)
    assert cache.get(name, "small") == b"picture"
    clock.advance(days=2)
    delete_old_originals(services)
    cache.put(name, "small", b"of another replica")
    tidy_machine(services)
    assert cache.get(name, "small") is None


def make_old(folder: FolderPhotoStore, *names: str) -> None:
    long_ago = time.time() - 90_000
    for name in names:
        os.utime(folder.path_of(name), (long_ago, long_ago))


def test_one_bad_stray_keeps_no_other_from_going(
    services: Services, folder: FolderPhotoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = sorted(folder.put(one) for one in (b"one", b"two"))
    make_old(folder, bad, good)
    delete = folder.delete

    def fail(name: str) -> None:
        if name == bad:
            raise StorageError("photos_unavailable", "Permission denied.")
        delete(name)

    monkeypatch.setattr(folder, "delete", fail)
    assert sweep_strays(services) == 1
    assert list(folder.names()) == [bad]


@pytest.mark.parametrize("how", ["retention", "erasure"])
def test_a_deleted_original_that_a_failed_upload_stored_again_goes_again(
    services: Services,
    folder: FolderPhotoStore,
    clock: "SetClock",
    make_report: MakeReport,
    end_cases: EndCases,
    how: str,
) -> None:
    report = make_report(finding()).report
    assert report.photo_sha256 is not None
    if how == "erasure":
        erase_reports(services, [report.id], actor="system:test")
    else:
        end_cases(clock())
        clock.advance(days=181)
        delete_old_originals(services)
    kept = set(folder.names())
    folder.put(jpeg())  # And then the transaction failed.
    assert sweep_strays(services) == 0  # It may still be under way.
    make_old(folder, *folder.names())
    assert sweep_strays(services) == 1
    assert set(folder.names()) == kept


def test_an_upload_beside_the_sweep_of_the_same_photo_keeps_it(
    services: Services,
    folder: FolderPhotoStore,
    make_report: MakeReport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stray = folder.put(jpeg())
    make_old(folder, stray)
    deleting, uploaded = threading.Event(), threading.Event()
    delete = folder.delete

    def delete_late(name: str) -> None:
        deleting.set()
        uploaded.wait(2)  # It does not come, because it waits for us.
        delete(name)

    monkeypatch.setattr(folder, "delete", delete_late)
    sweeper = threading.Thread(target=sweep_strays, args=(services,))
    sweeper.start()
    assert deleting.wait(10)
    report = make_report(score=False).report
    uploaded.set()
    sweeper.join()
    assert report.photo_sha256 == stray
    assert services.photos.get(stray) == jpeg()


def test_another_ledgers_photos_are_no_strays(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [services.photos.put(b"of another ledger %d" % number) for number in range(5)]
    monkeypatch.setattr("api.keeping.strays.MOST_STRAYS", 4)
    monkeypatch.setattr(type(services.photos), "age_s", lambda _self, _name: 7 * 24 * 3600.0)
    assert sweep_strays(services) == 0
    assert all(services.photos.exists(name) for name in names)
    monkeypatch.setattr("api.keeping.strays.MOST_STRAYS", 5)
    assert sweep_strays(services) == 5
