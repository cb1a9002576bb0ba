import os
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from api.errors import ScoringError, StorageError, StorageFullError
from api.keeping.erasure import erase_reports
from api.keeping.presence import write_off_lost
from api.keeping.retention import (
    delete_old_originals,
    forget_old_events,
    housekeeping_step,
    tidy_machine,
)
from api.keeping.strays import sweep_strays
from api.photos.folder import FolderPhotoStore
from api.photos.pictures import open_picture_cache
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.services import Services
from api.store.photos import Photo, get_photo, insert_photo
from api.store.retention import Deleted, claim_run, total_deleted
from api.store.side_tables import deliveries, outbox, retention, webhooks
from api.store.tables import idempotency
from tests.api.keeping.conftest import MakeReport, finding, jpeg

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

EndCases = Callable[[datetime], None]


def photo_of(services: Services, sha256: str | None) -> Photo:
    assert sha256 is not None
    with services.database.read() as connection:
        return get_photo(connection, sha256)


def test_originals_go_after_their_time_and_leave_a_blurred_copy(
    services: Services, clock: "SetClock", make_report: MakeReport, end_cases: EndCases
) -> None:
    sha256 = make_report(finding()).report.photo_sha256
    assert sha256 is not None
    size = services.photos.size(sha256)
    end_cases(clock())
    clock.advance(days=179)
    assert delete_old_originals(services).deleted == Deleted()
    clock.advance(days=2)
    assert delete_old_originals(services).deleted == Deleted(1, size)
    photo = photo_of(services, sha256)
    assert photo.original_deleted_at == clock()
    assert not services.photos.exists(sha256)
    assert photo.kept_sha256 is not None
    assert services.photos.get(photo.kept_sha256).startswith(b"\xff\xd8picture:1280:")
    assert delete_old_originals(services).deleted == Deleted()
    with services.database.read() as connection:
        assert total_deleted(connection) == Deleted(1, size)
        assert connection.execute(select(func.count()).select_from(retention)).scalar_one() == 1


def test_a_case_that_has_not_ended_keeps_its_photo(
    services: Services, clock: "SetClock", make_report: MakeReport, end_cases: EndCases
) -> None:
    sha256 = make_report(finding()).report.photo_sha256
    clock.advance(days=400)
    assert delete_old_originals(services).deleted == Deleted()
    end_cases(clock())
    assert delete_old_originals(services).deleted.originals == 1
    assert photo_of(services, sha256).original_deleted_at is not None


def test_a_photo_that_came_in_again_is_young(
    services: Services, clock: "SetClock", make_report: MakeReport, end_cases: EndCases
) -> None:
    make_report(finding())
    end_cases(clock())
    clock.advance(days=170)
    make_report(finding())
    end_cases(clock())
    clock.advance(days=20)
    assert delete_old_originals(services).deleted == Deleted()
    clock.advance(days=170)
    assert delete_old_originals(services).deleted.originals == 1


def test_a_report_that_waits_keeps_its_photo(
    services: Services, clock: "SetClock", make_report: MakeReport
) -> None:
    make_report(score=False)
    clock.advance(days=400)
    assert delete_old_originals(services).deleted == Deleted()


def test_photos_that_nothing_refers_to_go_after_a_day(
    services: Services, clock: "SetClock"
) -> None:
    name = services.photos.put(b"an old frame")
    with services.database.write() as connection:
        insert_photo(connection, name, 12, "image/jpeg", clock())
    clock.advance(hours=23)
    assert delete_old_originals(services).deleted == Deleted()
    clock.advance(hours=2)
    assert delete_old_originals(services).deleted == Deleted(1, 12)
    assert photo_of(services, name).kept_sha256 is None


def test_a_photo_that_comes_back_is_there_again(
    services: Services, clock: "SetClock", make_report: MakeReport, end_cases: EndCases
) -> None:
    sha256 = make_report(finding()).report.photo_sha256
    end_cases(clock())
    clock.advance(days=200)
    delete_old_originals(services)
    make_report(finding())
    photo = photo_of(services, sha256)
    assert photo.original_deleted_at is None
    assert photo.stored_at == clock()
    assert services.photos.get(photo.sha256) == jpeg()


def test_a_copy_that_cannot_be_made_is_tried_for_a_week(
    services: Services,
    clock: "SetClock",
    pool: FakePool,
    make_report: MakeReport,
    end_cases: EndCases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sha256 = make_report(finding()).report.photo_sha256
    end_cases(clock())
    clock.advance(days=181)
    pool.full = True
    run = delete_old_originals(services)
    assert (run.deleted, run.postponed) == (Deleted(), 1)
    pool.full = False

    def fail(_data: bytes, _request: PictureRequest) -> None:
        raise ScoringError("worker_died", "The worker died.")

    monkeypatch.setattr(pool, "picture", fail)
    assert delete_old_originals(services).postponed == 1
    clock.advance(days=7)
    assert delete_old_originals(services).deleted.originals == 1
    assert photo_of(services, sha256).kept_sha256 is None


def test_housekeeping_runs_once_an_hour_over_all_replicas(
    services: Services, clock: "SetClock", make_report: MakeReport, end_cases: EndCases
) -> None:
    assert housekeeping_step(services) == 3600
    make_report(finding())
    end_cases(clock())
    with services.database.write() as connection:
        connection.execute(
            idempotency.insert().values(
                key_hash="k" * 64, request_hash="r" * 64, subject="s" * 36, created_at=clock()
            )
        )
    clock.advance(minutes=20)
    assert housekeeping_step(services) == 2400
    clock.advance(days=181)
    assert housekeeping_step(services) == 3600
    with services.database.read() as connection:
        assert total_deleted(connection).originals == 1
        assert connection.execute(select(func.count()).select_from(idempotency)).scalar_one() == 0
    clock.advance(hours=-5)  # A clock that jumps back stops nothing for long.
    assert housekeeping_step(services) == 3600


def test_claims_a_run(services: Services) -> None:
    with services.database.write() as connection:
        assert claim_run(connection, "x", 1000, 60) == 0
        assert claim_run(connection, "x", 1001, 60) == 59
        assert claim_run(connection, "other", 1001, 60) == 0
        assert claim_run(connection, "x", 1060, 60) == 0


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


def test_deletes_more_than_one_batch(services: Services, clock: "SetClock") -> None:
    with services.database.write() as connection:
        for number in range(250):
            name = services.photos.put(b"%d" % number)
            insert_photo(connection, name, 1, "image/jpeg", clock())
    clock.advance(days=2)
    assert delete_old_originals(services).deleted == Deleted(250, 250)


def test_an_upload_beside_the_deletion_of_the_same_photo_keeps_it(
    services: Services,
    folder: FolderPhotoStore,
    clock: "SetClock",
    make_report: MakeReport,
    end_cases: EndCases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sha256 = make_report(finding()).report.photo_sha256
    assert sha256 is not None
    end_cases(clock())
    clock.advance(days=200)
    deleting, uploaded = threading.Event(), threading.Event()
    delete, put = folder.delete, folder.put

    def delete_late(name: str) -> None:
        deleting.set()
        assert uploaded.wait(10)  # The upload has stored its file and waits for the photo's row.
        delete(name)

    def put_noted(data: bytes) -> str:
        name = put(data)
        if deleting.is_set():
            uploaded.set()
        return name

    monkeypatch.setattr(folder, "delete", delete_late)
    monkeypatch.setattr(folder, "put", put_noted)
    housekeeper = threading.Thread(target=delete_old_originals, args=(services,))
    housekeeper.start()
    assert deleting.wait(10)
    report = make_report(score=False).report
    housekeeper.join()
    assert report.photo_sha256 == sha256
    assert services.photos.get(sha256) == jpeg()
    assert photo_of(services, sha256).original_deleted_at is None


def test_metrics_tell_how_many_originals_went(services: Services, clock: "SetClock") -> None:
    from api.app import create_app

    create_app(services)  # Connects the gauges.
    name = services.photos.put(b"a frame")
    with services.database.write() as connection:
        insert_photo(connection, name, 7, "image/jpeg", clock())
    clock.advance(days=2)
    delete_old_originals(services)
    assert b"street_issues_originals_deleted_total 1.0" in services.metrics.render()


def make_old(folder: FolderPhotoStore, *names: str) -> None:
    long_ago = time.time() - 90_000
    for name in names:
        os.utime(folder.path_of(name), (long_ago, long_ago))


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


def test_events_go_after_ninety_days_unless_somebody_waits_for_them(
    services: Services, clock: "SetClock", make_report: MakeReport
) -> None:
    def add_webhook() -> None:
        with services.database.write() as connection:
            connection.execute(
                webhooks.insert().values(
                    id="a" * 36,
                    url="https://subscriber.example/hook",
                    types=[],
                    grids=[],
                    secrets=[],
                    created_at=clock(),
                    created_by="system:test",
                )
            )

    def seqs() -> list[int]:
        with services.database.read() as connection:
            return list(connection.execute(select(outbox.c.seq).order_by(outbox.c.seq)).scalars())

    make_report(finding())
    told = seqs()
    add_webhook()
    make_report(finding(), photo=jpeg((1, 2, 3)))
    waiting = seqs()[len(told) :]
    clock.advance(days=89)
    make_report(finding(), photo=jpeg((200, 2, 3)))
    young = seqs()[len(told) + len(waiting) :]
    assert told and waiting and young
    assert forget_old_events(services) == 0
    clock.advance(days=2)
    assert forget_old_events(services) == len(told)
    assert seqs() == waiting + young
    with services.database.write() as connection:
        connection.execute(
            update(deliveries).where(deliveries.c.event_seq.in_(waiting)).values(state="delivered")
        )
    assert housekeeping_step(services) == 3600
    assert seqs() == young
    with services.database.read() as connection:
        left = connection.execute(select(deliveries.c.event_seq)).scalars().all()
    assert sorted(left) == young


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
