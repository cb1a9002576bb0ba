from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from api.keeping.erasure import erase_reports
from api.photos.folder import FolderPhotoStore
from api.scoring.fake import FakePool
from api.services import Services
from api.store.side_tables import audit
from tests.api.keeping.conftest import MakeReport, finding, jpeg

if TYPE_CHECKING:
    from starlette.testclient import TestClient

MakeKey = Callable[..., dict[str, str]]
REASON = "Complaint 2026-4711 about the blurring"


@pytest.fixture
def sha256(make_report: MakeReport) -> str:
    name = make_report(finding()).report.photo_sha256
    assert name is not None
    return name


def readings(services: Services) -> list[tuple[str, str, object]]:
    with services.database.read() as connection:
        rows = connection.execute(select(audit).where(audit.c.action == "photo.original_read"))
        return [(row.actor, row.target, row.details["reason"]) for row in rows]


def test_serves_a_blurred_picture(
    client: "TestClient", make_key: MakeKey, sha256: str, pool: FakePool
) -> None:
    reader = make_key("handler")
    answer = client.get(f"/v1/photos/{sha256}?size=small&draw=true", headers=reader)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8picture:320:")
    assert "private" in answer.headers["cache-control"]
    again = client.get(
        f"/v1/photos/{sha256}?size=small&draw=true",
        headers=reader | {"If-None-Match": answer.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")
    pool.full = True
    busy = client.get(f"/v1/photos/{sha256}?size=large", headers=reader)
    assert busy.status_code == 503
    assert busy.headers["retry-after"] == "1"


def test_refuses_who_may_not_see_it(client: "TestClient", make_key: MakeKey, sha256: str) -> None:
    assert client.get(f"/v1/photos/{sha256}").status_code == 401
    citizen = make_key("citizen-intake")
    assert client.get(f"/v1/photos/{sha256}", headers=citizen).status_code == 403
    elsewhere = make_key("handler", grids=("9",))
    hidden = client.get(f"/v1/photos/{sha256}", headers=elsewhere)
    unknown = client.get(f"/v1/photos/{'0' * 64}", headers=elsewhere)
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json()["code"] == unknown.json()["code"] == "not_found"


@pytest.mark.parametrize("name", ["A" * 64, "0" * 63, "..%2f..%2fetc%2fpasswd", "%00"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_names_that_are_no_hash(client: "TestClient", make_key: MakeKey, name: str) -> None:
    answer = client.get(f"/v1/photos/{name}", headers=make_key("admin"))
    assert answer.status_code in (404, 422)


def test_originals_need_a_right_and_a_reason_and_are_on_record(
    client: "TestClient", services: Services, make_key: MakeKey, sha256: str
) -> None:
    path = f"/v1/photos/{sha256}/original"
    plain, trusted = make_key("admin"), make_key("auditor", originals=True)
    refused = client.get(path, params={"reason": REASON}, headers=plain)
    assert (refused.status_code, refused.json()["code"]) == (403, "originals_missing")
    for wrong in ({}, {"reason": "because"}, {"reason": " " * 40}, {"reason": "x\x00" * 20}):
        assert client.get(path, params=wrong, headers=trusted).status_code == 422
    stranger = make_key("auditor", originals=True, grids=("9",))
    assert client.get(path, params={"reason": REASON}, headers=stranger).status_code == 404
    assert readings(services) == []

    answer = client.get(path, params={"reason": REASON}, headers=trusted)
    assert answer.status_code == 200
    assert answer.content == jpeg()
    assert answer.headers["content-disposition"] == f'attachment; filename="{sha256}.jpg"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in answer.headers["cache-control"]
    ((actor, target, reason),) = readings(services)
    assert actor.startswith("key:")
    assert (target, reason) == (f"photos/{sha256}", REASON)


def test_an_original_that_cannot_be_recorded_is_not_sent(
    client: "TestClient",
    make_key: MakeKey,
    sha256: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from api.errors import StorageFullError
    from api.photos import originals as photo_originals

    def fail(*_: object, **__: object) -> None:
        raise StorageFullError("storage_full", "No space is left for the ledger.")

    monkeypatch.setattr(photo_originals, "record_audit", fail)
    answer = client.get(
        f"/v1/photos/{sha256}/original",
        params={"reason": REASON},
        headers=make_key("auditor", originals=True),
    )
    assert answer.status_code == 507
    assert jpeg()[:20] not in answer.content


def test_what_was_erased_is_gone(
    client: "TestClient", services: Services, make_key: MakeKey, make_report: MakeReport
) -> None:
    report = make_report(finding()).report
    trusted = make_key("auditor", originals=True)
    erase_reports(services, [report.id], actor="system:test")
    for path in (f"/v1/photos/{report.photo_sha256}", f"/v1/photos/{report.photo_sha256}/original"):
        answer = client.get(path, params={"reason": REASON}, headers=trusted)
        assert (answer.status_code, answer.json()["code"]) == (410, "photo_deleted")


def test_a_damaged_original_is_never_served(
    client: "TestClient", folder: FolderPhotoStore, make_key: MakeKey, sha256: str
) -> None:
    folder.path_of(sha256).write_bytes(b"something else")
    trusted = make_key("auditor", originals=True)
    for path in (f"/v1/photos/{sha256}", f"/v1/photos/{sha256}/original"):
        answer = client.get(path, params={"reason": REASON}, headers=trusted)
        assert (answer.status_code, answer.json()["code"]) == (503, "photo_damaged")


def test_verdicts_come_in_and_go_out(
    client: "TestClient", services: Services, make_key: MakeKey, make_report: MakeReport
) -> None:
    from api.store.reports import list_cases_of

    report = make_report(finding()).report
    with services.database.read() as connection:
        (case_id,) = list_cases_of(connection, report.id)
    body = {
        "photo_sha256": report.photo_sha256,
        "findings": [
            {
                "finding_id": finding().id,
                "verdict": "wrong_label",
                "right_label": "site_dust",
                "right_box_xyxy": [1, 2, 30, 40],
            }
        ],
        "reviewed": ["site_dust"],
    }
    path, operator = f"/v1/cases/{case_id}/verdict", make_key("operator")
    made = client.post(path, json=body, headers=operator)
    assert made.status_code == 201
    assert made.json()["case_id"] == case_id
    assert client.post(path, json=body, headers=make_key("handler")).status_code == 403
    odd = client.post(path, json=body | {"verdict": 1}, headers=operator)
    assert (odd.status_code, odd.json()["errors"][0]["path"]) == (422, "body.verdict")

    exported = client.get("/v1/feedback/export", headers=make_key("auditor"))
    assert exported.headers["content-type"].startswith("application/x-ndjson")
    assert exported.text.count("\n") == 1
    paged = client.get("/v1/feedback/export?limit=1", headers=operator)
    assert paged.text == exported.text
    following = paged.headers["next-cursor"]
    rest = client.get(
        "/v1/feedback/export", params={"cursor": following, "limit": 1}, headers=operator
    )
    assert (rest.text, "next-cursor" in rest.headers) == ("", False)
    wrong = client.get("/v1/feedback/export?cursor=abc", headers=operator)
    assert wrong.status_code == 422
    assert client.get("/v1/feedback/export", headers=make_key("handler")).status_code == 403
