"""After-photos from the page: who may, what proves it, what the page then says."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api.casework.moving import MoveOrder, move_case
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.principal import Principal
from api.scoring.fake import FakePool
from api.store.closing_checks import list_checks
from api.store.reports import list_cases_of
from detector.detections import Finding

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

BIN = Finding("f-1", "overflowing_bin", 0.9, (100, 200, 400, 500), True, "medium")
BEFORE = b"\xff\xd8\xff\xe0 a bin"
AFTER = b"\xff\xd8\xff\xe0 no bin"
LAT, LNG = 31.2304, 121.4737
OPERATOR = Principal("op", "an operator", "operator")
Enter = Callable[..., str]


@pytest.fixture
def case_id(services: "Services", pool: FakePool) -> str:
    """A dispatched case."""
    pool.findings = lambda data: (BIN,) if data == BEFORE else ()
    report = accept_report(services, NewReport("citizen", BEFORE, lat=LAT, lon=LNG)).report
    while score_step(services) == 0.0:
        pass
    with services.database.read() as connection:
        (case_id,) = list_cases_of(connection, report.id)
    for move in ("verify", "file", "dispatch"):
        move_case(services, OPERATOR, case_id, MoveOrder(move))
    return case_id


def hand_in(client: "TestClient", case_id: str, token: str | None, **options: Any) -> Any:
    headers = {"Accept": "application/json"} | ({} if token is None else {"X-CSRF-Token": token})
    fields = {"lat": str(LAT), "lng": str(LNG), "datum": "wgs84"} | options.get("fields", {})
    files = {"photo": ("after.jpg", options.get("photo", AFTER), "image/jpeg")}
    path = f"/console/cases/{case_id}/after-photo"
    return client.post(path, data=fields, files=files, headers=headers)


def count_checks(services: "Services", case_id: str) -> int:
    with services.database.read() as connection:
        return len(list_checks(connection, case_id))


def test_an_after_photo_is_checked_and_the_page_says_why(
    client: "TestClient", services: "Services", enter: Enter, case_id: str
) -> None:
    token = enter("handler")
    assert 'id="after-photo"' in client.get(f"/console/cases/{case_id}").text
    far = hand_in(client, case_id, token, photo=BEFORE, fields={"lat": str(LAT + 0.02)})
    assert far.status_code == 201, far.text
    assert far.json()["outcome"] == "not_resolved"
    assert len(far.json()["reasons"]) >= 2
    page = client.get(f"/console/cases/{case_id}").text
    assert "✗ 未处置" in page and "垃圾满溢" in page
    assert "处置后照片中仍有该问题（垃圾满溢）" in page
    assert "2224 米" in page and "handler of a test" in page
    # Handed in without a position: fields that were left empty count as not sent.
    good = hand_in(client, case_id, token, fields={"lat": "", "lng": ""})
    assert (good.status_code, good.json()["outcome"]) == (201, "resolved")
    page = client.get(f"/console/cases/{case_id}", headers={"Accept-Language": "en"}).text
    assert "✓ resolved" in page and "Earlier checks" in page and "distance unknown" in page
    assert "overflowing_bin)" not in page
    assert 'data-compare="compare"' in page
    assert count_checks(services, case_id) == 2


def test_strangers_forged_uploads_and_others_cells_get_nowhere(
    client: "TestClient", services: "Services", enter: Enter, case_id: str
) -> None:
    assert hand_in(client, case_id, None).status_code == 401
    token = enter("handler")
    # No field of an upload is taken as a token: it stands in the header.
    for forged in (None, "x" * 40):
        refused = hand_in(client, case_id, forged, fields={"csrf": token})
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    assert hand_in(client, case_id, enter("handler", grids=("9",))).status_code == 404
    auditor = enter("auditor")
    assert 'id="after-photo"' not in client.get(f"/console/cases/{case_id}").text
    assert hand_in(client, case_id, auditor).status_code == 403
    assert count_checks(services, case_id) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_checked_is_told(
    client: "TestClient", services: "Services", enter: Enter, case_id: str, pool: FakePool
) -> None:
    token = enter("operator")
    assert hand_in(client, case_id, token, photo=b"no picture").status_code == 415
    half = hand_in(client, case_id, token, fields={"lng": ""})
    assert half.status_code == 422
    assert hand_in(client, case_id, token, fields={"lat": "91"}).status_code == 422
    pool.full = True
    busy = hand_in(client, case_id, token)
    assert (busy.status_code, busy.json()["code"]) == (503, "pool_full")
    pool.full = False
    move_case(services, OPERATOR, case_id, MoveOrder("recall", "sent to the wrong unit"))
    late = hand_in(client, case_id, token)
    assert (late.status_code, late.json()["code"]) == (409, "not_being_handled")
    assert count_checks(services, case_id) == 0
    assert 'id="closing"' not in client.get(f"/console/cases/{case_id}").text
