"""Originals go after their time, leave a blurred copy, and nothing young goes with them."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from api.errors import ScoringError
from api.keeping.retention import (
    delete_old_originals,
    forget_old_events,
    housekeeping_step,
)
from api.photos.folder import FolderPhotoStore
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.services import Services
from api.store.photos import insert_photo
from api.store.retention import Deleted, claim_run, total_deleted
from api.store.side_tables import deliveries, outbox, retention, webhooks
from api.store.tables import idempotency
from tests.api.keeping.conftest import MakeReport, finding, jpeg
from tests.api.keeping.photo_records import photo_of

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

EndCases = Callable[[datetime], None]


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
