"""Reports come in, are scored, and open or join cases; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import func, select

from api.cases.case import Case
from api.errors import IdempotencyError, InvalidError, ScoringError, StorageError
from api.intake.accepting import NewReport, accept_report, follow_token
from api.intake.opening_cases import list_sightings
from api.intake.scoring import MOST_ATTEMPTS, score_step
from api.scoring.fake import FakePool
from api.services import Services
from api.store.case_reports import list_reports
from api.store.cases import get_case, list_events
from api.store.reports import get_report, list_cases_of
from api.store.side_tables import outbox
from api.store.tables import cases, idempotency, jobs, photos, reports, work_items
from detector.detections import Finding

BIN = Finding("f1", "overflowing_bin", 0.9, (100, 100, 400, 500), True, "medium")
POSTER = Finding("f2", "illegal_poster", 0.8, (500, 100, 700, 300), True, "small")
DOUBTED = replace(POSTER, id="f3", flagged=False, score=0.3)
JPEG = b"\xff\xd8\xff\xe0 a photo of a bin"
PLACE: dict[str, Any] = {"lat": 31.2304, "lon": 121.4737}


def hand_in(services: Services, photo: bytes | None = JPEG, **fields: Any) -> str:
    return accept_report(services, NewReport("citizen", photo, **fields)).report.id


def score_all(services: Services) -> None:
    while score_step(services) == 0.0:
        pass


def count(services: Services, table: Any) -> int:
    with services.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def cases_of(services: Services, report_id: str) -> list[Case]:
    with services.database.read() as connection:
        found = [get_case(connection, one) for one in list_cases_of(connection, report_id)]
    return [case for case in found if case is not None]


def test_a_report_is_whole_before_it_is_answered(services: Services) -> None:
    report_id = hand_in(services)
    assert (count(services, reports), count(services, photos), count(services, jobs)) == (1, 1, 1)
    with services.database.read() as connection:
        types = connection.execute(select(outbox.c.type, outbox.c.subject)).all()
        report = get_report(connection, report_id)
    assert [tuple(row) for row in types] == [
        ("cn.street-issues.report.received", f"reports/{report_id}")
    ]
    assert report is not None
    assert report.photo_sha256 is not None
    assert services.photos.get(report.photo_sha256) == JPEG


def test_a_finding_opens_a_case(services: Services, pool: FakePool) -> None:
    pool.findings = lambda _: (BIN, DOUBTED)
    report_id = hand_in(services, **PLACE)
    score_all(services)
    (case,) = cases_of(services, report_id)
    assert (case.label, case.event_code, case.state) == ("overflowing_bin", "200102", "collected")
    assert (case.severity, case.reports_count, case.reporters_count) == ("medium", 1, 1)
    assert case.number == "2026-000001"
    assert case.review_due_at is not None
    assert case.review_due_at > case.opened_at
    assert count(services, jobs) == 0
    with services.database.read() as connection:
        (joined,) = list_reports(connection, case.id)
        item = connection.execute(select(work_items)).one()
    assert (joined.why, joined.findings) == ("opened", ("f1",))
    assert (item.case_id, item.state, item.priority) == (case.id, "collected", case.priority)


def test_nothing_found_waits_for_a_persons_eyes(services: Services) -> None:
    report_id = hand_in(services, **PLACE)
    score_all(services)
    (case,) = cases_of(services, report_id)
    assert (case.label, case.event_code, case.state) == (None, None, "collected")


def test_what_the_reporter_says_counts_beside_the_model(services: Services, pool: FakePool) -> None:
    pool.findings = lambda _: (BIN,)
    report_id = hand_in(services, label="street_vending", **PLACE)
    score_all(services)
    assert [case.label for case in cases_of(services, report_id)] == [
        "overflowing_bin",
        "street_vending",
    ]


def test_a_report_without_a_photo_is_a_case_at_once(services: Services) -> None:
    report_id = hand_in(services, None, label="site_dust", address="a site", **PLACE)
    (case,) = cases_of(services, report_id)
    assert (case.label, case.address, case.photo_sha256) == ("site_dust", "a site", None)
    assert count(services, jobs) == 0


def test_near_reports_of_one_problem_are_one_case(services: Services, pool: FakePool) -> None:
    pool.findings = lambda _: (BIN,)
    for number in range(5):
        hand_in(
            services,
            JPEG + bytes([number]),
            lat=31.2304 + number * 0.00002,
            lon=121.4737,
            contact={"phone": f"1380000000{number % 4}"},
        )
        score_all(services)
    assert count(services, cases) == 1
    with services.database.read() as connection:
        case_id = connection.execute(select(cases.c.id)).scalar_one()
        case = get_case(connection, case_id)
        events = [event.action for event in list_events(connection, case_id)]
    assert case is not None
    assert (case.reports_count, case.reporters_count) == (5, 4)
    assert events == ["opened", *["report_joined"] * 4]


@pytest.mark.parametrize(
    ("finding", "lat", "same_photo", "joined"),
    [
        (BIN, 31.2304, False, True),
        (POSTER, 31.2304, False, False),  # another problem in the same place
        (BIN, 31.2404, False, False),  # a kilometre away
        (BIN, None, True, True),  # the same file, from somebody who does not say where
        (POSTER, None, True, False),
    ],
)
def test_which_reports_join(
    services: Services,
    pool: FakePool,
    finding: Finding,
    lat: float | None,
    same_photo: bool,
    joined: bool,
) -> None:
    pool.findings = lambda _: (BIN,)
    first = hand_in(services, **PLACE)
    score_all(services)
    pool.findings = lambda _: (finding,)
    place = {} if lat is None else {"lat": lat, "lon": 121.4737}
    second = hand_in(services, JPEG if same_photo else JPEG + b"2", **place)
    score_all(services)
    assert (cases_of(services, first)[0].id == cases_of(services, second)[0].id) is joined


def test_many_at_once_open_one_case(services: Services, pool: FakePool) -> None:
    pool.findings = lambda _: (BIN,)
    for number in range(12):
        hand_in(services, JPEG + bytes([number]), **PLACE)
    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(score_all, services) for _ in range(6)]:
            done.result()
    assert count(services, cases) == 1
    assert count(services, jobs) == 0


def test_the_same_idempotency_key_at_once_is_one_report(services: Services) -> None:
    new = NewReport("citizen", JPEG, note="once", idempotency_key="k1", key_id="a")
    with ThreadPoolExecutor(16) as threads:
        accepted = list(threads.map(lambda _: accept_report(services, new), range(50)))
    assert len({one.report.id for one in accepted}) == 1
    assert len({one.follow_token for one in accepted}) == 1
    assert sum(not one.repeated for one in accepted) == 1
    assert (count(services, reports), count(services, idempotency)) == (1, 1)
    other_client = accept_report(services, replace(new, key_id="b"))
    assert not other_client.repeated


def test_an_idempotency_key_is_for_one_content(services: Services) -> None:
    new = NewReport("citizen", JPEG, idempotency_key="k1")
    accept_report(services, new)
    with pytest.raises(IdempotencyError):
        accept_report(services, replace(new, photo=JPEG + b"2"))
    with pytest.raises(IdempotencyError):
        accept_report(services, replace(new, note="other"))
    assert count(services, reports) == 1


def test_positions_are_kept_in_wgs84(services: Services) -> None:
    report_id = hand_in(services, lat=31.2284, lon=121.4782, datum="gcj02")
    with services.database.read() as connection:
        report = get_report(connection, report_id)
    assert report is not None
    assert report.lat == pytest.approx(31.2303, abs=2e-4)
    assert report.lon == pytest.approx(121.4737, abs=2e-4)
    with pytest.raises(InvalidError):
        hand_in(services, lat=float("nan"), lon=0.0)


def test_failing_storage_refuses_the_report_and_keeps_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_data: bytes) -> str:
        raise StorageError("storage", "No.")

    monkeypatch.setattr(type(services.photos), "put", lambda _self, data: refuse(data))
    with pytest.raises(StorageError):
        hand_in(services)
    assert count(services, reports) == 0


def test_a_photo_that_kills_its_worker_goes_to_a_person(
    services: Services, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_self: FakePool, _data: bytes, _source: str = "") -> Any:
        from concurrent.futures import Future

        future: Future[Any] = Future()
        future.set_exception(ScoringError("worker_died", "It died."))
        return future

    monkeypatch.setattr(FakePool, "score", die)
    report_id = hand_in(services, label="site_dust")
    for attempt in range(MOST_ATTEMPTS):
        assert cases_of(services, report_id) == [], attempt
        clock.advance(hours=1)
        score_all(services)
    (case,) = cases_of(services, report_id)
    assert case.label == "site_dust"
    with services.database.read() as connection:
        report = get_report(connection, report_id)
    assert report is not None
    assert report.state == "unscored"
    assert report.score is not None
    assert report.score["error"]["code"] == "worker_died"


@pytest.mark.parametrize("year", [1, 9999])
def test_a_time_out_of_the_calendar_is_none(
    services: Services, pool: FakePool, monkeypatch: pytest.MonkeyPatch, year: int
) -> None:
    whole = FakePool.score

    def score(self: FakePool, data: bytes, source: str = "") -> Any:
        future = whole(self, data, source)
        scored = future.result()
        at = datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31)
        shift = timezone(timedelta(hours=8 if year == 1 else -8))
        facts = replace(scored.score.facts, captured_at=at.replace(tzinfo=shift))
        future._result = replace(scored, score=replace(scored.score, facts=facts))
        return future

    monkeypatch.setattr(FakePool, "score", score)
    pool.findings = lambda _: (BIN,)
    report_id = hand_in(services)
    score_all(services)
    assert len(cases_of(services, report_id)) == 1


def test_a_score_that_cannot_be_written_does_not_hold_up_the_others(
    services: Services, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.store.photos import describe_photo as whole

    bad = hand_in(services)

    def fail(connection: Any, sha256: str, **fields: Any) -> None:
        with services.database.read() as other:
            report = get_report(other, bad)
        if report is not None and sha256 == report.photo_sha256:
            raise ValueError("no such thing")
        whole(connection, sha256, **fields)

    monkeypatch.setattr("api.intake.scoring.describe_photo", fail)
    good = hand_in(services, JPEG + b"2")
    for _ in range(MOST_ATTEMPTS + 1):
        score_all(services)
        clock.advance(hours=1)
    assert len(cases_of(services, good)) == 1
    (case,) = cases_of(services, bad)  # In the end a person looks at it.
    assert case.label is None


def test_a_damaged_photo_goes_to_a_person_and_an_absent_store_is_waited_for(
    services: Services, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id = hand_in(services)
    codes = {"code": "photos_unavailable"}

    def refuse(_self: object, _sha256: str) -> bytes:
        raise StorageError(codes["code"], "No.")

    monkeypatch.setattr(type(services.photos), "get", refuse)
    for _ in range(30):
        score_all(services)
        clock.advance(minutes=11)
    assert cases_of(services, report_id) == []
    codes["code"] = "photo_damaged"
    score_all(services)
    assert len(cases_of(services, report_id)) == 1


def test_no_room_does_not_count_as_an_attempt(
    services: Services, clock: Any, pool: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakePool, "has_room", lambda _: True)
    hand_in(services)
    pool.full = True
    for _ in range(20):
        score_step(services)
        clock.advance(seconds=1)
    with services.database.read() as connection:
        assert connection.execute(select(jobs.c.attempts)).scalar_one() == 0


def test_one_photo_sent_again_and_again_is_one_person(services: Services, pool: FakePool) -> None:
    pool.findings = lambda _: (BIN,)
    for _ in range(4):
        report_id = hand_in(services, **PLACE)
        score_all(services)
    (case,) = cases_of(services, report_id)
    assert (case.reports_count, case.reporters_count) == (4, 1)


def test_a_full_pool_leaves_the_job(services: Services, pool: FakePool) -> None:
    pool.full = True
    hand_in(services)
    assert score_step(services) > 0
    pool.full = False
    score_all(services)
    assert count(services, jobs) == 0


def test_a_case_that_ended_is_not_joined(services: Services, pool: FakePool, clock: Any) -> None:
    from api.casework.moving import MoveOrder, move_case
    from api.principal import Principal

    pool.findings = lambda _: (BIN,)
    first = hand_in(services, **PLACE)
    score_all(services)
    operator = Principal("op", "op", "operator")
    (case,) = cases_of(services, first)
    move_case(services, operator, case.id, MoveOrder("dismiss", "no bin"))
    clock.advance(hours=1)
    second = hand_in(services, **PLACE)
    score_all(services)
    (new,) = cases_of(services, second)
    assert new.id != case.id
    assert new.number == "2026-000002"


def test_follow_tokens_differ_and_stay(services: Services) -> None:
    first, second = hand_in(services), hand_in(services)
    assert follow_token(services, first) == follow_token(services, first)
    assert follow_token(services, first) != follow_token(services, second)


def test_sightings_are_never_none() -> None:
    assert [one.label for one in list_sightings(None, ())] == [None]
    assert [one.label for one in list_sightings(None, (DOUBTED,))] == [None]
    assert [one.label for one in list_sightings("site_dust", ())] == ["site_dust"]
    both = list_sightings("overflowing_bin", (BIN, POSTER, replace(BIN, id="f9", severity="large")))
    assert [(one.label, one.severity, len(one.findings)) for one in both] == [
        ("overflowing_bin", "large", 2),
        ("illegal_poster", "small", 1),
    ]
