"""Reports and cases over HTTP."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.intake.scoring import score_step
from api.scoring.fake import FakePool
from api.services import Services
from detector.detections import Finding

BIN = Finding("f1", "overflowing_bin", 0.9, (100, 100, 400, 500), True, "medium")
JPEG = b"\xff\xd8\xff\xe0 a photo of a bin"
PLACE = {"lat": "31.2304", "lng": "121.4737"}

MakeKey = Callable[..., dict[str, str]]


def upload(photo: bytes = JPEG, name: str = "bin.jpg") -> dict[str, Any]:
    return {"photo": (name, photo, "image/jpeg")}


@pytest.fixture
def citizen(make_key: MakeKey) -> dict[str, str]:
    return make_key("citizen-intake")


@pytest.fixture
def operator(make_key: MakeKey) -> dict[str, str]:
    return make_key("operator")


def report(client: TestClient, key: dict[str, str], photo: bytes = JPEG, **fields: str) -> Any:
    answer = client.post("/v1/reports", files=upload(photo), data=PLACE | fields, headers=key)
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_the_answer_carries_the_findings(
    client: TestClient, citizen: dict[str, str], pool: FakePool
) -> None:
    pool.findings = lambda _: (BIN,)
    answer = client.post(
        "/v1/reports",
        files=upload(),
        data=PLACE | {"note": "满了几天了", "phone": "13800000000"},
        headers=citizen | {"Idempotency-Key": "k-1"},
    )
    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/reports/{body['id']}"
    assert body["message_zh"] == "我们看到：垃圾满溢"
    assert [one["label"] for one in body["findings"]] == ["overflowing_bin"]
    assert [one["number"] for one in body["cases"]] == ["2026-000001"]
    again = client.post(
        "/v1/reports",
        files=upload(),
        data=PLACE | {"note": "满了几天了", "phone": "13800000000"},
        headers=citizen | {"Idempotency-Key": "k-1"},
    )
    assert again.json()["id"] == body["id"]
    assert again.json()["follow_token"] == body["follow_token"]


def test_following_takes_the_token(client: TestClient, citizen: dict[str, str]) -> None:
    made = report(client, citizen)
    path = f"/v1/reports/{made['id']}"
    assert made["message_zh"] == "已收到，将由工作人员查看。"
    assert client.get(path).status_code == 404
    assert client.get(path, headers={"X-Follow-Token": "fol_wrong"}).status_code == 404
    followed = client.get(path, headers={"X-Follow-Token": made["follow_token"]})
    assert followed.status_code == 200
    assert followed.json() == {key: made[key] for key in made if key != "follow_token"}
    assert client.get(path, params={"token": made["follow_token"]}).status_code == 200


def test_a_full_pool_never_refuses_a_report(
    client: TestClient, citizen: dict[str, str], pool: FakePool, services: Services
) -> None:
    pool.full = True
    made = report(client, citizen)
    assert (made["state"], made["cases"]) == ("waiting", [])
    pool.full = False
    while score_step(services) == 0.0:
        pass
    followed = client.get(
        f"/v1/reports/{made['id']}", headers={"X-Follow-Token": made["follow_token"]}
    ).json()
    assert followed["state"] == "scored"
    assert len(followed["cases"]) == 1


@pytest.mark.parametrize(
    ("files", "data", "status"),
    [
        ({}, PLACE, 415),
        (upload(b"hello"), PLACE, 415),
        (upload(b""), PLACE, 422),
        (upload(), {"lat": "91", "lng": "0"}, 422),
        (upload(), {"lat": "31"}, 422),
        (upload(), {"colour": "red"}, 422),
        (upload(), {"label": "ufo"}, 422),
        (upload(), {"note": "a\x00b"}, 422),
        (upload(), {"datum": "mars"}, 422),
    ],
)
def test_what_makes_no_sense_is_refused_with_words(
    client: TestClient, citizen: dict[str, str], files: Any, data: Any, status: int
) -> None:
    answer = client.post("/v1/reports", files=files, data=data, headers=citizen)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert answer.json()["hint"]


def test_who_may_report(client: TestClient, make_key: MakeKey) -> None:
    wrong = {"Authorization": "Bearer sid_" + 43 * "a"}
    assert client.post("/v1/reports", files=upload(), headers=wrong).status_code == 401
    for role, status in (("auditor", 403), ("operator", 202), ("handler", 403)):
        answer = client.post("/v1/reports", files=upload(), headers=make_key(role))
        assert answer.status_code == status, role


def test_whose_report_it_is(client: TestClient, make_key: MakeKey) -> None:
    asked = [
        ("citizen-intake", None, 202, "citizen"),
        ("citizen-intake", "superior", 403, None),
        ("operator", None, 202, "inspector"),
        ("operator", "superior", 202, "superior"),
    ]
    reader = make_key("auditor")
    for number, (role, source, status, kept) in enumerate(asked):
        fields = PLACE | {"lat": str(20 + number)} | ({"source": source} if source else {})
        answer = client.post(
            "/v1/reports",
            files=upload(JPEG + bytes([number])),
            data=fields,
            headers=make_key(role),
        )
        assert answer.status_code == status, answer.text
        if kept is not None:
            newest = client.get("/v1/cases?limit=1", headers=reader).json()["items"][0]
            assert newest["source"] == kept


def test_a_key_cannot_put_a_case_out_of_its_reach(
    client: TestClient, citizen: dict[str, str], services: Services, make_key: MakeKey
) -> None:
    from api.cases.grid import parse_grid

    square = [[121, 31], [122, 31], [122, 32], [121, 32], [121, 31]]
    services.grid, problems = parse_grid(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"code": "310101"},
                    "geometry": {"type": "Polygon", "coordinates": [square]},
                }
            ],
        }
    )
    assert problems == ()
    report(client, citizen)
    here = make_key("operator", grids=("3101",))
    (case,) = client.get("/v1/cases", headers=here).json()["items"]
    path = f"/v1/cases/{case['id']}"
    away = client.patch(path, json={"lat": 40.0, "lng": 116.0}, headers=here)
    assert (away.status_code, away.json()["code"]) == (403, "place_out_of_reach")
    near = client.patch(path, json={"lat": 31.5, "lng": 121.5}, headers=here)
    assert near.json()["grid_code"] == "310101"


def test_the_ledger_page_by_page(
    client: TestClient, citizen: dict[str, str], operator: dict[str, str], clock: Any
) -> None:
    for number in range(5):
        report(client, citizen, JPEG + bytes([number]), lat=str(31 + number))
        clock.advance(minutes=1)
    for order in ("newest", "oldest", "priority"):
        seen: list[str] = []
        cursor = None
        while True:
            params = {"limit": 2, "order": order} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/cases", params=params, headers=operator).json()
            seen += [one["number"] for one in page["items"]]
            if (cursor := page["next"]) is None:
                break
        expected = [f"2026-00000{number}" for number in range(1, 6)]
        assert seen == (expected[::-1] if order == "newest" else expected), order
    assert client.get("/v1/cases?cursor=xx", headers=operator).status_code == 422
    assert client.get("/v1/cases?colour=red", headers=operator).status_code == 422
    found = client.get("/v1/cases?number=2026-000003", headers=operator).json()["items"]
    assert [one["number"] for one in found] == ["2026-000003"]
    clock.advance(days=30)
    late = client.get("/v1/cases?overdue=true&state=collected", headers=operator).json()["items"]
    assert len(late) == 5


def test_a_case_is_worked(
    client: TestClient, citizen: dict[str, str], make_key: MakeKey, pool: FakePool
) -> None:
    pool.findings = lambda data: (BIN,) if data.startswith(JPEG) else ()
    operator, handler = make_key("operator"), make_key("handler")
    report(client, citizen, note="full", phone="13800000000")
    (case,) = client.get("/v1/cases", headers=operator).json()["items"]
    path = f"/v1/cases/{case['id']}"
    detail = client.get(path, headers=operator).json()
    assert detail["reports"][0]["note"] == "full"
    assert "13800000000" not in json.dumps(detail)
    for move in ("verify", "file"):
        client.post(f"{path}/moves", json={"move": move}, headers=operator).raise_for_status()
    dispatched = client.post(
        f"{path}/moves", json={"move": "dispatch", "unit": "环卫三队"}, headers=operator
    ).json()
    assert dispatched["due_at"] > dispatched["opened_at"]
    assert dispatched["moves"] == ["recall", "handle", "merge"]
    refused = client.post(f"{path}/moves", json={"move": "close"}, headers=operator)
    assert refused.status_code == 409
    assert refused.json()["code"] == "illegal_move"
    assert "handle" in refused.json()["hint"]
    client.post(f"{path}/moves", json={"move": "handle"}, headers=handler).raise_for_status()
    forbidden = client.post(f"{path}/moves", json={"move": "check"}, headers=handler)
    assert forbidden.status_code == 403
    bad = client.post(f"{path}/after-photo", files=upload(), data=PLACE, headers=handler)
    assert bad.status_code == 201
    assert bad.json()["outcome"] == "not_resolved"
    clean = upload(b"\xff\xd8\xff\xe1 clean")
    good = client.post(f"{path}/after-photo", files=clean, data=PLACE, headers=handler)
    assert good.json()["outcome"] == "resolved", good.text
    for move in ("report_back", "check", "close"):
        client.post(f"{path}/moves", json={"move": move}, headers=operator).raise_for_status()
    history = client.get(f"{path}/history", headers=operator).json()
    assert [one["action"] for one in history] == [
        *("opened", "verify", "file", "dispatch", "handle"),
        *("after_photo", "after_photo", "report_back", "check", "close"),
    ]
    assert history[3]["details"] == {"unit": "环卫三队"}


def test_merge_and_split_over_http(
    client: TestClient, citizen: dict[str, str], operator: dict[str, str]
) -> None:
    report(client, citizen)
    report(client, citizen, JPEG + b"2", lat="31.9")
    second, first = client.get("/v1/cases", headers=operator).json()["items"]
    merged = client.post(
        f"/v1/cases/{second['id']}/merge", json={"into": first["id"]}, headers=operator
    )
    assert merged.json()["reports_count"] == 2
    detail = client.get(f"/v1/cases/{first['id']}", headers=operator).json()
    split = client.post(
        f"/v1/cases/{first['id']}/split",
        json={"reports": [detail["reports"][1]["id"]], "reason": "two things"},
        headers=operator,
    )
    assert split.json()["state"] == "collected"
    corrected = client.patch(
        f"/v1/cases/{first['id']}",
        json={"label": "site_dust", "reason": "dust", "version": 1},
        headers=operator,
    )
    assert corrected.status_code == 409
    half = client.patch(f"/v1/cases/{first['id']}", json={"lat": 31.0}, headers=operator)
    assert half.status_code == 422


def test_other_districts_stay_unseen(
    client: TestClient, citizen: dict[str, str], make_key: MakeKey
) -> None:
    report(client, citizen)
    everywhere, elsewhere = make_key("operator"), make_key("operator", grids=("310101",))
    (case,) = client.get("/v1/cases", headers=everywhere).json()["items"]
    path = f"/v1/cases/{case['id']}"
    assert client.get("/v1/cases", headers=elsewhere).json()["items"] == []
    assert client.get(path, headers=elsewhere).status_code == 404
    moved = client.post(f"{path}/moves", json={"move": "verify"}, headers=elsewhere)
    assert moved.status_code == 404


def test_a_cameras_key_hands_in_no_reports(client: "TestClient", make_key: MakeKey) -> None:
    files = {"photo": ("a.jpg", JPEG, "image/jpeg")}
    answer = client.post("/v1/reports", files=files, headers=make_key("camera"))
    assert (answer.status_code, answer.json()["code"]) == (403, "right_missing")
