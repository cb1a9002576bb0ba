"""Verdicts from the page arrive as the API's do; rights, scope and refusals."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from api.casework.words import say_word
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.scoring.fake import FakePool
from api.store.reports import list_cases_of
from api.store.side_tables import audit
from api.store.tables import photos
from detector.detections import Finding

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

BIN = Finding("f-1", "overflowing_bin", 0.9, (100.5, 200.0, 400.0, 500.0), True, "medium")
DUST = Finding("f-2", "site_dust", 0.2, (10.0, 20.0, 300.0, 400.0), False, "small")
PHOTO = b"\xff\xd8\xff\xe0 a photo of a bin"
SAID = {
    "findings": [
        {"finding_id": "f-1", "verdict": "moved", "right_box_xyxy": [101.5, 200, 401, 480]},
        {"finding_id": "f-2", "verdict": "wrong_label", "right_label": "street_vending"},
    ],
    "added": [{"label": "illegal_poster", "box_xyxy": [1, 2, 30, 40]}],
    "reviewed": ["overflowing_bin", "illegal_poster"],
}
MakeKey = Callable[..., dict[str, str]]
Enter = Callable[..., str]


@pytest.fixture
def photo(services: "Services", pool: FakePool) -> tuple[str, str, str]:
    """Ids of a report and its case, and the SHA-256 of its photo."""
    pool.findings = lambda _: (BIN, DUST)
    report = accept_report(services, NewReport("citizen", PHOTO, label="overflowing_bin")).report
    while score_step(services) == 0.0:
        pass
    with services.database.read() as connection:
        (case_id,) = list_cases_of(connection, report.id)
    assert report.photo_sha256 is not None
    return report.id, case_id, report.photo_sha256


def post(client: "TestClient", path: str, token: str | None, body: Any) -> Any:
    headers = {"Accept": "application/json"} | ({} if token is None else {"X-CSRF-Token": token})
    return client.post(path, json=body, headers=headers)


def export(client: "TestClient", make_key: MakeKey) -> list[dict[str, Any]]:
    answer = client.get("/v1/feedback/export", headers=make_key("auditor"))
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_verdict_of_the_page_is_the_apis(
    client: "TestClient", enter: Enter, make_key: MakeKey, photo: tuple[str, str, str]
) -> None:
    _, case_id, sha256 = photo
    by_api = client.post(
        f"/v1/cases/{case_id}/verdict",
        json={"photo_sha256": sha256, **SAID},
        headers=make_key("operator"),
    )
    assert by_api.status_code == 201
    (expected,) = export(client, make_key)
    token = enter("operator")
    answer = post(client, f"/console/cases/{case_id}/photos/{sha256}/verdict", token, SAID)
    assert answer.status_code == 201, answer.text
    assert "1 个类别有误，1 个位置有误，1 个新增" in answer.json()["message"]
    assert export(client, make_key) == [expected]
    page = client.get(f"/console/cases/{case_id}").text
    assert "operator of a test" in page and "1 个新增" in page


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "verdict_empty"),
        ({"added": [{"label": "site_dust", "box_xyxy": [2000, 0, 3000, 9]}]}, "box_invalid"),
        ({"added": [{"label": "site_dust", "box_xyxy": [5, 5, 5, 9]}]}, "box_invalid"),
        ({"added": [{"label": "site_dust", "box_xyxy": [5, 5, 9]}]}, "invalid_request"),
        ({"added": [{"label": "dragon", "box_xyxy": [5, 5, 50, 90]}]}, "label_unknown"),
        ({"findings": [{"finding_id": "f-9", "verdict": "true"}]}, "finding_unknown"),
        ({"findings": [{"finding_id": "f-1", "verdict": "moved"}]}, "right_box"),
        ({"photo_sha256": "0" * 64, "reviewed": ["site_dust"]}, "invalid_request"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_wrong_boxes_are_refused_in_words(
    client: "TestClient",
    enter: Enter,
    make_key: MakeKey,
    photo: tuple[str, str, str],
    body: dict[str, Any],
    code: str,
) -> None:
    _, case_id, sha256 = photo
    token = enter("operator")
    answer = post(client, f"/console/cases/{case_id}/photos/{sha256}/verdict", token, body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["detail"]
    assert export(client, make_key) == []


def test_strangers_forged_forms_and_others_cells_get_nowhere(
    client: "TestClient", enter: Enter, make_key: MakeKey, photo: tuple[str, str, str]
) -> None:
    _, case_id, sha256 = photo
    path = f"/console/cases/{case_id}/photos/{sha256}/verdict"
    assert post(client, path, None, SAID).status_code == 401
    enter("operator")
    for forged in (None, "x" * 40):
        refused = post(client, path, forged, SAID)
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    refused = post(client, path, enter("handler"), SAID)
    assert (refused.status_code, refused.json()["code"]) == (403, "right_missing")
    assert post(client, path, enter("operator", grids=("9",)), SAID).status_code == 404
    other = f"/console/cases/{case_id}/photos/{'0' * 64}/verdict"
    assert post(client, other, enter("operator"), SAID).status_code == 404
    assert export(client, make_key) == []
    assert 'data-do="edit"' in client.get(f"/console/cases/{case_id}").text
    enter("handler")
    assert 'data-do="edit"' not in client.get(f"/console/cases/{case_id}").text


def test_originals_take_a_reason_and_are_on_record(
    client: "TestClient",
    services: "Services",
    enter: Enter,
    make_key: MakeKey,
    photo: tuple[str, str, str],
) -> None:
    _, case_id, sha256 = photo
    path = f"/console/cases/{case_id}/photos/{sha256}/original"
    reason = "投诉 2026-4711 需要核对"
    token = enter("operator")
    assert "data-original" not in client.get(f"/console/cases/{case_id}").text
    refused = client.post(path, data={"csrf": token, "reason": reason})
    assert refused.status_code == 403
    key = make_key("operator", originals=True)["Authorization"].removeprefix("Bearer ")
    client.cookies.clear()
    client.post("/console/login", data={"key": key}, follow_redirects=False)
    page = client.get(f"/console/cases/{case_id}").text
    assert path in page
    token = page.split('data-csrf="', 1)[1].split('"', 1)[0]
    for wrong in ("because", " " * 40, "x\x00" * 20):
        assert client.post(path, data={"csrf": token, "reason": wrong}).status_code == 422
    assert client.post(path, data={"reason": reason}).status_code == 403
    other = f"/console/cases/{case_id}/photos/{'0' * 64}/original"
    assert client.post(other, data={"csrf": token, "reason": reason}).status_code == 404
    answer = client.post(path, data={"csrf": token, "reason": reason})
    assert answer.content == PHOTO
    assert "attachment" in answer.headers["content-disposition"]
    assert "no-store" in answer.headers["cache-control"]
    with services.database.read() as connection:
        rows = connection.execute(select(audit).where(audit.c.action == "photo.original_read"))
        assert [row.details["reason"] for row in rows] == [reason]


def test_citizens_words_and_photos_that_are_gone_are_shown(
    client: "TestClient", services: "Services", enter: Enter, photo: tuple[str, str, str]
) -> None:
    report_id, case_id, sha256 = photo
    say_word(services, report_id, "f-1", is_right=False)
    enter("operator")
    page = client.get(f"/console/cases/{case_id}").text
    assert "市民说不对: 1" in page and "市民说对" not in page
    assert f"/console/photos/{sha256}?size=medium" in page
    with services.database.write() as connection:
        connection.execute(update(photos).values(original_deleted_at=services.clock()))
    page = client.get(f"/console/cases/{case_id}").text
    assert "照片已过保存期限或应要求删除" in page
    assert f"/console/photos/{sha256}?size=medium" not in page
    assert 'data-do="edit"' not in page
