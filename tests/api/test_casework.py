"""Cases move, are corrected, merged and split; on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from api.cases.case import Case
from api.cases.closing import Outcome
from api.cases.grid import parse_grid
from api.cases.states import MoveName
from api.casework.closing_check import AfterPhoto, check_after_photo
from api.casework.moving import Correction, MoveOrder, correct_case, find_case, move_case
from api.casework.regrouping import merge_case, split_case
from api.casework.verdicts import FindingWord, NewVerdict, judge_photo
from api.errors import ConflictError, ForbiddenError, IllegalMoveError, InvalidError, NotFoundError
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.principal import Principal
from api.scoring.base import Comparison
from api.scoring.fake import FakePool
from api.services import Services
from api.store.case_reports import list_reports
from api.store.cases import get_case, list_events
from api.store.closing_checks import list_checks
from api.store.reports import get_report, list_cases_of
from api.store.side_tables import outbox
from api.store.tables import photo_bands, verdicts, work_items
from detector.detections import Finding

BIN = Finding("f1", "overflowing_bin", 0.9, (100, 100, 400, 500), True, "medium")
JPEG = b"\xff\xd8\xff\xe0 a photo of a bin"
OPERATOR = Principal("op", "an operator", "operator")
HANDLER = Principal("ha", "a handler", "handler")
CLEAN = b"\xff\xd8\xff\xe0 a clean street"
LAT, LON = 31.2304, 121.4737

Opener = Callable[..., Case]


@pytest.fixture
def open_case(services: Services, pool: FakePool) -> Opener:
    """Return a function that reports a bin and answers with the case."""

    def open_one(
        photo: bytes | None = JPEG, lat: float | None = LAT, label: str | None = None
    ) -> Case:
        pool.findings = lambda data: () if data.startswith(CLEAN) else (BIN,)
        lon = None if lat is None else LON
        new = NewReport("citizen", photo, lat=lat, lon=lon, label=label)
        report_id = accept_report(services, new).report.id
        while score_step(services) == 0.0:
            pass
        with services.database.read() as connection:
            case = get_case(connection, list_cases_of(connection, report_id)[0])
        assert case is not None
        return case

    return open_one


def go(services: Services, case: Case, *moves: MoveName, reason: str | None = None) -> Case:
    for move in moves:
        case = move_case(services, OPERATOR, case.id, MoveOrder(move, reason))
    return case


def test_the_whole_way(services: Services, open_case: Opener, clock: Any) -> None:
    case = open_case()
    clock.advance(minutes=5)
    case = go(services, case, "verify", "file", "dispatch")
    assert case.due_at is not None
    assert case.due_at > clock()
    clock.advance(hours=1)
    case = go(services, case, "handle", "report_back")
    case = go(services, case, "check", reason="I was there")
    case = go(services, case, "close")
    assert case.ended_at == clock()
    case = go(services, case, "evaluate")
    with services.database.read() as connection:
        actions = [event.action for event in list_events(connection, case.id)]
        types = connection.execute(
            select(outbox.c.type).where(outbox.c.subject == f"cases/{case.id}")
        ).scalars()
        assert connection.execute(select(work_items)).all() == []
        assert connection.execute(select(photo_bands)).all() == []
        assert [one.removeprefix("cn.street-issues.case.") for one in types] == [
            *("opened", "verified", "filed", "dispatched", "handled"),
            *("reported_back", "checked", "closed", "evaluated"),
        ]
    assert actions == [
        *("opened", "verify", "file", "dispatch", "handle"),
        *("report_back", "check", "close", "evaluate"),
    ]


def test_illegal_moves_change_nothing(services: Services, open_case: Opener) -> None:
    case = open_case()
    with pytest.raises(IllegalMoveError, match="verify"):
        go(services, case, "close")
    with pytest.raises(InvalidError, match="reason"):
        go(services, case, "dismiss")
    with services.database.read() as connection:
        assert get_case(connection, case.id) == case
        assert len(list_events(connection, case.id)) == 1


def test_handlers_may_not_judge(services: Services, open_case: Opener) -> None:
    case = open_case()
    with pytest.raises(ForbiddenError):
        move_case(services, HANDLER, case.id, MoveOrder("verify"))
    go(services, case, "verify", "file", "dispatch")
    assert move_case(services, HANDLER, case.id, MoveOrder("handle")).state == "handled"


def test_a_key_sees_only_its_grid_cells(services: Services, open_case: Opener) -> None:
    case = open_case()
    stranger = Principal("x", "of another district", "operator", grids=("310101",))
    with pytest.raises(NotFoundError):
        move_case(services, stranger, case.id, MoveOrder("verify"))
    with services.database.read() as connection, pytest.raises(NotFoundError):
        find_case(connection, stranger, case.id)


def test_two_people_do_not_overwrite_each_other(services: Services, open_case: Opener) -> None:
    case = open_case()

    def verify(_number: int) -> str:
        try:
            return move_case(services, OPERATOR, case.id, MoveOrder("verify", version=1)).state
        except (ConflictError, IllegalMoveError) as error:
            return error.code

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(verify, range(8)))
    assert outcomes.count("verified") == 1
    assert set(outcomes) <= {"verified", "case_changed", "illegal_move"}


def test_reopening_has_an_end(services: Services, open_case: Opener, clock: Any) -> None:
    case = go(services, open_case(), "dismiss", reason="nothing there")
    reopened = go(services, case, "reopen", reason="it is there")
    assert (reopened.state, reopened.ended_at) == ("collected", None)
    assert open_case(JPEG + b"2").id == case.id  # Found again as a place and as a photo.
    go(services, case, "dismiss", reason="nothing there")
    clock.advance(days=services.rules.reopen_days, seconds=1)
    with pytest.raises(ConflictError, match="ago"):
        go(services, case, "reopen", reason="too late")


def test_a_correction_names_what_nobody_had_named(services: Services, open_case: Opener) -> None:
    case = open_case(CLEAN)
    assert case.label is None
    corrected = correct_case(
        services, OPERATOR, case.id, Correction(label="street_vending", reason="a stall")
    )
    assert (corrected.label, corrected.event_code) == ("street_vending", "200501")
    with services.database.read() as connection:
        event = list_events(connection, case.id)[-1]
        item = connection.execute(select(work_items)).one()
    assert event.details["label"] == {"from": None, "to": "street_vending"}
    assert item.label == "street_vending"
    with pytest.raises(InvalidError, match="no label"):
        correct_case(services, OPERATOR, case.id, Correction(label="ufo"))


def test_merging_takes_the_reports_along(services: Services, open_case: Opener) -> None:
    first = open_case()
    second = open_case(JPEG + b"2", lat=LAT + 0.01)
    assert first.id != second.id
    into = merge_case(services, OPERATOR, second.id, first.id, reason="the same bin")
    assert (into.reports_count, into.id) == (2, first.id)
    with services.database.read() as connection:
        merged = get_case(connection, second.id)
        reports = list_reports(connection, first.id)
        assert list_reports(connection, second.id) == ()
    assert merged is not None
    assert (merged.state, merged.merged_into, merged.reports_count) == ("merged", first.id, 0)
    assert [one.why for one in reports] == ["opened", "merged"]
    with pytest.raises(IllegalMoveError):
        merge_case(services, OPERATOR, second.id, first.id)
    with pytest.raises(InvalidError):
        merge_case(services, OPERATOR, first.id, first.id)


def test_what_was_judged_follows_the_photo(services: Services, open_case: Opener) -> None:
    first, second = open_case(), open_case(JPEG + b"2", lat=LAT + 0.01)
    sha256 = second.photo_sha256
    assert sha256 is not None
    judge_photo(services, OPERATOR, second.id, NewVerdict(sha256, (FindingWord("f1", "false"),)))

    def judged() -> list[tuple[str, str]]:
        with services.database.read() as connection:
            every = connection.execute(select(verdicts.c.case_id, verdicts.c.photo_sha256))
            return [tuple(row) for row in every]

    assert judged() == [(second.id, sha256)]
    merge_case(services, OPERATOR, second.id, first.id)
    assert judged() == [(first.id, sha256)]
    with services.database.read() as connection:
        (moved,) = [one for one in list_reports(connection, first.id) if one.why == "merged"]
    new = split_case(services, OPERATOR, first.id, [moved.report_id])
    assert judged() == [(new.id, sha256)]


def test_what_was_judged_stays_with_a_photo_that_stays(
    services: Services, open_case: Opener
) -> None:
    case = open_case()
    assert open_case().id == case.id  # The same photo twice
    assert case.photo_sha256 is not None
    said = NewVerdict(case.photo_sha256, (FindingWord("f1", "true"),))
    judge_photo(services, OPERATOR, case.id, said)
    with services.database.read() as connection:
        ids = [one.report_id for one in list_reports(connection, case.id)]
    split_case(services, OPERATOR, case.id, ids[1:])
    with services.database.read() as connection:
        assert connection.execute(select(verdicts.c.case_id)).scalar_one() == case.id


def test_merging_keeps_what_only_one_knows(
    services: Services, open_case: Opener, pool: FakePool
) -> None:
    unplaced = open_case(CLEAN, lat=None)
    grave = replace(BIN, severity="large")
    report_id = accept_report(
        services, NewReport("citizen", JPEG + b"8", lat=LAT, lon=LON, address="by the gate")
    ).report.id
    pool.findings = lambda _: (grave,)
    while score_step(services) == 0.0:
        pass
    with services.database.read() as connection:
        placed = get_case(connection, list_cases_of(connection, report_id)[0])
    assert placed is not None
    into = merge_case(services, OPERATOR, placed.id, unplaced.id)
    assert (into.label, into.event_code, into.severity) == ("overflowing_bin", "200102", "large")
    assert (into.lat, into.lon, into.address) == (LAT, LON, "by the gate")
    assert into.priority > placed.priority > unplaced.priority


def test_splitting_takes_photo_and_place_along(services: Services, open_case: Opener) -> None:
    case = open_case()
    assert open_case(JPEG + b"2", lat=LAT + 0.0001).id == case.id
    with services.database.read() as connection:
        first, second = [one.report_id for one in list_reports(connection, case.id)]
    new = split_case(services, OPERATOR, case.id, [first], reason="two bins")
    with services.database.read() as connection:
        rest = get_case(connection, case.id)
        photos = dict(connection.execute(select(photo_bands.c.sha256, photo_bands.c.case_id)).all())
        kept = get_report(connection, second)
    assert rest is not None
    assert kept is not None
    assert (new.lat, new.photo_sha256) == (LAT, case.photo_sha256)
    assert (rest.lat, rest.photo_sha256) == (LAT + 0.0001, kept.photo_sha256)
    assert photos == {new.photo_sha256: new.id, rest.photo_sha256: rest.id}


def test_a_split_leaves_nothing_out_of_sight(services: Services, open_case: Opener) -> None:
    border = LAT + 0.00005
    services.grid, _ = parse_grid(
        {
            "type": "FeatureCollection",
            "features": [_strip("A", border - 0.1, border), _strip("B", border, border + 0.1)],
        }
    )
    assert open_case(JPEG + b"2").grid_code == "A"
    case = open_case(JPEG + b"3", lat=LAT + 0.0001)
    with services.database.read() as connection:
        first, _ = [one.report_id for one in list_reports(connection, case.id)]
    local = Principal("op", "an operator", "operator", grids=("A",))
    with pytest.raises(ForbiddenError):
        split_case(services, local, case.id, [first])
    with services.database.read() as connection:
        assert get_case(connection, case.id) == case
    assert split_case(services, OPERATOR, case.id, [first]).grid_code == "A"


def _strip(code: str, south: float, north: float) -> dict[str, Any]:
    west, east = LON - 0.1, LON + 0.1
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"code": code},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def test_splitting_is_kept(services: Services, open_case: Opener) -> None:
    case = open_case()
    assert open_case(JPEG + b"2").id == case.id
    with services.database.read() as connection:
        ids = [one.report_id for one in list_reports(connection, case.id)]
    new = split_case(services, OPERATOR, case.id, ids[1:], reason="two bins")
    assert (new.reports_count, new.state, new.label) == (1, "collected", case.label)
    with services.database.read() as connection:
        rest = get_case(connection, case.id)
        assert [event.action for event in list_events(connection, new.id)] == ["split"]
    assert rest is not None
    assert rest.reports_count == 1
    for wrong in ([], ids[:1], [ids[1]]):
        with pytest.raises(InvalidError):
            split_case(services, OPERATOR, case.id, wrong)


def test_opposite_merges_at_once_do_not_hang(services: Services, open_case: Opener) -> None:
    first, second = open_case(), open_case(JPEG + b"2", lat=LAT + 0.01)

    def merge(pair: tuple[Case, Case]) -> str:
        try:
            return merge_case(services, OPERATOR, pair[0].id, pair[1].id).state
        except (ConflictError, IllegalMoveError) as error:
            return error.code

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(merge, [(first, second), (second, first)]))
    assert sorted(outcomes) == ["case_ended", "collected"] or sorted(outcomes) == [
        "collected",
        "illegal_move",
    ]


@pytest.mark.parametrize(
    ("after", "outcome", "reason"),
    [
        ((CLEAN, (LAT, LON), Comparison(100, 200, 100, (500, 500))), "resolved", None),
        ((JPEG + b"3", (LAT, LON), None), "not_resolved", "label_still_found"),
        ((CLEAN, (LAT + 0.1, LON), None), "not_resolved", "too_far"),
        ((CLEAN, None, Comparison(128, 5, 0, (500, 500))), "not_resolved", "other_place"),
        ((JPEG, (LAT, LON), None), "not_resolved", "same_picture"),
    ],
)
def test_closing_check(
    services: Services,
    open_case: Opener,
    pool: FakePool,
    after: tuple[bytes, tuple[float, float] | None, Comparison | None],
    outcome: Outcome,
    reason: str | None,
) -> None:
    photo, place, comparison = after
    case = go(services, open_case(), "verify", "file", "dispatch", "handle", "report_back")
    if comparison is not None:
        pool.comparison = comparison
    lat, lon = place or (None, None)
    check = check_after_photo(services, HANDLER, case.id, AfterPhoto(photo, lat, lon))
    assert check.outcome == outcome
    assert (reason in [one["code"] for one in check.reasons]) if reason else not check.reasons
    with services.database.read() as connection:
        assert list_checks(connection, case.id) == (check,)
        assert list_events(connection, case.id)[-1].action == "after_photo"
    if outcome == "not_resolved":
        with pytest.raises(InvalidError, match="not resolved"):
            go(services, case, "check")
        assert go(services, case, "check", reason="I was there").state == "checked"
    else:
        assert go(services, case, "check").state == "checked"


def test_an_after_photo_sent_twice_at_once_is_one(
    services: Services, open_case: Opener, pool: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = go(services, open_case(), "verify", "file", "dispatch", "handle", "report_back")
    both, score = Barrier(2), pool.score

    def score_together(*given: Any, **options: Any) -> Any:
        both.wait(20)
        return score(*given, **options)

    monkeypatch.setattr(pool, "score", score_together)
    photo = AfterPhoto(CLEAN + b" once", LAT, LON)
    with ThreadPoolExecutor(2) as threads:
        pending = [
            threads.submit(check_after_photo, services, HANDLER, case.id, photo) for _ in range(2)
        ]
        first, second = (one.result() for one in pending)
    assert first == second
    with services.database.read() as connection:
        assert list_checks(connection, case.id) == (first,)


def test_a_check_takes_proof_of_its_own_round(services: Services, open_case: Opener) -> None:
    case = go(services, open_case(), "verify", "file", "dispatch", "handle", "report_back")
    with pytest.raises(InvalidError, match="No after-photo"):
        go(services, case, "check")
    good = CLEAN + b" in the morning"
    assert check_after_photo(services, HANDLER, case.id, AfterPhoto(good, LAT, LON)).outcome == (
        "resolved"
    )
    sent_again = check_after_photo(services, HANDLER, case.id, AfterPhoto(good, LAT, LON))
    assert sent_again.outcome == "resolved"  # Its first answer was lost on the way.
    with services.database.read() as connection:
        assert list_checks(connection, case.id) == (sent_again,)
    go(services, case, "check")
    go(services, case, "send_back", reason="it is full again")
    case = go(services, case, "dispatch", "handle", "report_back")
    with pytest.raises(InvalidError, match="No after-photo"):
        go(services, case, "check")
    # The photo of the first round proves nothing of the second.
    again = check_after_photo(services, HANDLER, case.id, AfterPhoto(good, LAT, LON))
    assert [one["code"] for one in again.reasons] == ["same_picture"]
    case = go(services, case, "check", reason="I was there")
    check_after_photo(services, HANDLER, case.id, AfterPhoto(JPEG + b"9", LAT, LON))
    with pytest.raises(InvalidError, match="not resolved"):
        go(services, case, "close")
    assert go(services, case, "close", reason="another bin").state == "closed"


def test_no_after_photo_before_dispatch(services: Services, open_case: Opener) -> None:
    with pytest.raises(ConflictError, match="nothing to check"):
        check_after_photo(services, HANDLER, open_case().id, AfterPhoto(CLEAN))


def test_a_cameras_case_is_filed_at_once_only_where_the_rules_say_so(
    services: Services, pool: FakePool
) -> None:
    pool.findings = lambda _: (BIN,)
    for at_once, state in ((False, "collected"), (True, "filed")):
        services.rules = replace(services.rules, camera_files_at_once=at_once)
        lat = LAT + at_once
        report_id = accept_report(
            services, NewReport("camera", JPEG + bytes([at_once]), lat=lat, lon=LON)
        ).report.id
        while score_step(services) == 0.0:
            pass
        with services.database.read() as connection:
            case = get_case(connection, list_cases_of(connection, report_id)[0])
        assert case is not None
        assert case.state == state
