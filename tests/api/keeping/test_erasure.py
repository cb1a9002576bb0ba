import json
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text, update

from api.errors import NotFoundError, StorageError
from api.keeping import erasure
from api.keeping.erasure import Found, erase_reports, find_by_contact, find_by_token
from api.keeping.retention import delete_old_originals
from api.photos.pictures import open_picture_cache
from api.services import Services
from api.store.audit import check_chain, list_audit
from api.store.cases import get_cases
from api.store.photos import get_photo
from api.store.reports import get_report, list_cases_of
from api.store.schema import METADATA
from api.store.side_tables import audit
from api.store.tables import case_events, case_reports, cases, jobs, reports, work_items
from tests.api.keeping.conftest import MakeReport, finding, jpeg

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

PERSONAL = {
    "note": "My neighbour Wang at door 7 leaves it there",
    "address": "Lane 12, house 7, second floor",
    "media_url": "https://pictures.example/wang-family.jpg",
    "file_name": "wang-family-garden.jpg",
    "contact": {"phone": "13912345678", "email": "Wang@example.org"},
}
WORDS = (
    *(value for value in PERSONAL.values() if isinstance(value, str)),
    "13912345678",
    "Wang@example.org",
)
PLACE = {"lat": 31.230412, "lon": 121.473701, "accuracy_m": 4.25}


def dump(services: Services) -> str:
    """Everything that the database says, table by table."""
    with services.database.read() as connection:
        rows = {
            table.name: [list(row) for row in connection.execute(select(table))]
            for table in METADATA.sorted_tables
        }
    return json.dumps(rows, default=str, ensure_ascii=False)


def test_erases_what_a_person_said_and_sent(
    services: Services, clock: "SetClock", make_report: MakeReport
) -> None:
    report = make_report(finding(), **PERSONAL, **PLACE, idempotency_key="once").report
    sha256 = report.photo_sha256
    assert sha256 is not None
    with services.database.read() as connection:
        scored = get_report(connection, report.id)
        (case_id,) = list_cases_of(connection, report.id)
        before = get_cases(connection, [case_id])[case_id]
    assert scored is not None and scored.reporter_hash is not None
    open_picture_cache(services).put(sha256, "small", b"picture")
    assert all(word in dump(services) for word in WORDS)

    clock.advance(days=1)
    (erased,) = erase_reports(services, [report.id], actor="system:test")
    assert (erased.photo_sha256, erased.photo_stays) == (sha256, False)
    left = dump(services)
    for word in (*WORDS, scored.reporter_hash, str(PLACE["accuracy_m"])):
        assert word not in left, word
    assert not services.photos.exists(sha256)
    assert open_picture_cache(services).get(sha256, "small") is None
    with services.database.read() as connection:
        blank = get_report(connection, report.id)
        case = get_cases(connection, [case_id])[case_id]
        photo = get_photo(connection, sha256)
        assert check_chain(connection).problem is None
        newest = list_audit(connection, limit=1)[0]
    assert blank is not None
    assert (blank.lat, blank.contact, blank.note, blank.erased_at) == (None, None, None, clock())
    assert blank.received_at == report.received_at
    assert (photo.perceptual_hash, photo.original_deleted_at) == (None, clock())
    assert (case.label, case.opened_at, case.grid_code, case.lat) == (
        before.label,
        before.opened_at,
        before.grid_code,
        before.lat,
    )
    assert case.address is None
    assert (newest.action, newest.target) == ("report.erased", f"reports/{report.id}")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_files_hold_the_words_no_more(
    services: Services, make_report: MakeReport, tmp_path: Path
) -> None:
    photo = jpeg((9, 99, 199))
    report = make_report(finding(), photo=photo, **PERSONAL, **PLACE).report
    make_report(finding(), photo=jpeg((1, 1, 1)), note="of somebody else", **PLACE)

    def held() -> set[str]:
        content = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        words = {word for word in WORDS if word.encode() in content}
        return words | ({"photo"} if photo in content else set())

    assert held() == {*WORDS, "photo"}
    erase_reports(services, [report.id], actor="system:test")
    assert held() == set()


def test_a_photo_that_somebody_else_sent_stays(services: Services, make_report: MakeReport) -> None:
    first = make_report(finding(), note="mine").report
    second = make_report(finding(), note="theirs").report
    assert first.photo_sha256 is not None
    assert first.photo_sha256 == second.photo_sha256
    (erased,) = erase_reports(services, [first.id], actor="system:test")
    assert (erased.photo_sha256, erased.photo_stays) == (None, True)
    assert services.photos.exists(first.photo_sha256)
    (erased,) = erase_reports(services, [second.id], actor="system:test")
    assert erased.photo_sha256 == second.photo_sha256
    assert not services.photos.exists(first.photo_sha256)


def test_a_kept_copy_goes_too(
    services: Services,
    clock: "SetClock",
    make_report: MakeReport,
    end_cases: Callable[[datetime], None],
) -> None:
    report = make_report(finding()).report
    end_cases(clock())
    clock.advance(days=200)
    delete_old_originals(services)
    assert len(list(services.photos.names())) == 1
    erase_reports(services, [report.id], actor="system:test")
    assert list(services.photos.names()) == []


def test_a_waiting_report_is_not_scored_any_more(
    services: Services, make_report: MakeReport
) -> None:
    report = make_report(score=False, **PERSONAL).report
    erase_reports(services, [report.id], actor="system:test")
    with services.database.read() as connection:
        blank = get_report(connection, report.id)
    assert blank is not None and blank.state == "unscored"
    assert '"jobs": []' in dump(services)


def test_once_more_is_harmless_and_dry_run_changes_nothing(
    services: Services, make_report: MakeReport
) -> None:
    report = make_report(finding(), **PERSONAL).report
    before = dump(services)
    (looked,) = erase_reports(services, [report.id], actor="system:test", dry_run=True)
    assert looked.photo_sha256 == report.photo_sha256
    assert dump(services) == before
    erase_reports(services, [report.id], actor="system:test")
    erase_reports(services, [report.id], actor="system:test")
    with pytest.raises(NotFoundError):
        erase_reports(services, [report.id, "unknown"], actor="system:test")


def test_an_address_that_another_report_gave_stays(
    services: Services, make_report: MakeReport
) -> None:
    first = make_report(finding(), address="Bus stop 9", **PLACE).report
    make_report(finding(), photo=jpeg((3, 3, 3)), address="Bus stop 9", **PLACE)
    erase_reports(services, [first.id], actor="system:test")
    assert "Bus stop 9" in dump(services)


def test_finds_reports_by_what_a_person_knows(
    services: Services, make_report: MakeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.store.erasure.PAGE_ROWS", 2)
    one = make_report(finding(), **PERSONAL)
    two = make_report(finding(), contact={"phone": "13912345678"})
    named = make_report(finding(), note="call 13912345678, she knows 100%").report
    other = make_report(finding(), contact={"phone": "13700000000"}).report
    found = find_by_contact(services, " 13912345678")
    assert found.report_ids == (one.report.id, two.report.id)
    assert found.mentioned_in == (named.id,)
    assert find_by_contact(services, "wang@EXAMPLE.org").report_ids == (one.report.id,)
    assert find_by_contact(services, "%").report_ids == ()
    assert find_by_contact(services, "13700000000").report_ids == (other.id,)
    assert find_by_token(services, one.follow_token).report_ids == (one.report.id,)
    assert find_by_token(services, "fol_nobody").report_ids == ()


def test_news_for_subscribers_never_held_the_words(
    services: Services, make_report: MakeReport
) -> None:
    make_report(finding(), **PERSONAL, **PLACE)
    with services.database.read() as connection:
        news = METADATA.tables["outbox"]
        told = json.dumps([row.data for row in connection.execute(select(news))])
        recorded = json.dumps([row.details for row in connection.execute(select(audit))])
    assert '"case"' in told
    for word in WORDS:
        assert word not in told
        assert word not in recorded


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_tells_that_traces_are_left_while_somebody_reads(
    services: Services, make_report: MakeReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = make_report(finding(), **PERSONAL).report
    monkeypatch.setattr(erasure, "CHECKPOINT_WAIT_MS", 50)
    with services.database.read() as connection:
        connection.execute(select(audit)).all()
        with pytest.raises(StorageError, match="traces"):
            erase_reports(services, [report.id], actor="system:test")
    erase_reports(services, [report.id], actor="system:test")


@pytest.mark.parametrize(
    "written", ["+86 139-1234-5678", "008613912345678", "8613912345678", "１３９ 1234 5678"]
)
def test_finds_a_phone_however_it_is_written(
    services: Services, make_report: MakeReport, written: str
) -> None:
    plain = make_report(finding(), contact={"phone": "13912345678"}).report
    other = make_report(finding(), contact={"phone": written}).report
    named = make_report(finding(), note="call 13912345678").report
    make_report(finding(), contact={"phone": "no phone"})
    make_report(finding(), note="house 139")
    for asked in ("13912345678", written):
        found = find_by_contact(services, asked)
        assert found.report_ids == (plain.id, other.id)
        assert found.mentioned_in == (named.id,)
    assert find_by_contact(services, " ") == Found((), ())


def test_finds_cases_whose_words_mention_it(services: Services, make_report: MakeReport) -> None:
    photos = [jpeg((shade, 9, 9)) for shade in (10, 90, 170, 240)]
    ids: list[str] = []
    for number, photo in enumerate(photos):
        report = make_report(finding(), photo=photo, lat=31.0 + number, lon=121.0).report
        with services.database.read() as connection:
            ids += list_cases_of(connection, report.id)
    told, failed, placed, _ = ids
    with services.database.write() as connection:
        for change in (
            update(case_events)
            .where(case_events.c.case_id == told)
            .values(reason="he, 13912345678, says it is gone"),
            update(work_items)
            .where(work_items.c.case_id == failed)
            .values(last_error="cannot call +86 139 1234 5678"),
            update(cases).where(cases.c.id == placed).values(address="house of wang@EXAMPLE.org"),
        ):
            assert connection.execute(change).rowcount > 0
    with services.database.read() as connection:
        numbers = {case.id: case.number for case in get_cases(connection, ids).values()}
    found = find_by_contact(services, "+86 139 1234 5678")
    assert found == Found((), (), tuple(sorted((numbers[told], numbers[failed]))))
    assert find_by_contact(services, "Wang@example.org").cases == (numbers[placed],)


def wait_for_lock(services: Services) -> None:
    """Wait until a transaction of this database waits for another's lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with services.database.read() as connection:
            if connection.execute(query).scalar_one():
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_scoring_beside_the_erasure_of_the_same_report(
    services: Services, make_report: MakeReport
) -> None:
    report = make_report(score=False, **PERSONAL).report
    eraser = threading.Thread(
        target=erase_reports, args=(services, [report.id]), kwargs={"actor": "system:test"}
    )
    with services.database.write() as connection:  # As api.intake.scoring locks.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(update(jobs).where(jobs.c.report_id == report.id).values(attempts=1))
        eraser.start()
        wait_for_lock(services)
        get_report(connection, report.id, lock=True)
        get_photo(connection, report.photo_sha256 or "", lock=True)
        services.database.serialise(connection, "cases")
    eraser.join(10)
    with services.database.read() as connection:
        erased = get_report(connection, report.id)
    assert erased is not None and erased.erased_at is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_regrouping_beside_the_erasure_of_a_report(
    services: Services, make_report: MakeReport
) -> None:
    report = make_report(finding(), **PERSONAL, **PLACE).report
    other = make_report(finding(label="site_dust"), photo=jpeg((3, 3, 3)), lat=30.0, lon=120.0)
    with services.database.read() as connection:
        (case_id,) = list_cases_of(connection, report.id)
        (other_id,) = list_cases_of(connection, other.report.id)
    eraser = threading.Thread(
        target=erase_reports, args=(services, [report.id]), kwargs={"actor": "system:test"}
    )
    with services.database.write() as connection:  # As api.casework.regrouping does.
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        services.database.serialise(connection, "cases")
        eraser.start()
        wait_for_lock(services)
        for one in (case_id, other_id):
            connection.execute(select(cases).where(cases.c.id == one).with_for_update())
        connection.execute(
            update(cases).where(cases.c.id == other_id).values(photo_sha256=report.photo_sha256)
        )
        connection.execute(
            case_reports.insert().values(
                case_id=other_id,
                report_id=report.id,
                joined_at=services.clock(),
                why="merged",
                findings=[],
            )
        )
    eraser.join(10)
    with services.database.read() as connection:
        query = select(reports.c.erased_at).where(reports.c.id == report.id)
        assert connection.execute(query).scalar_one() is not None
