"""Webhooks over HTTP, as an administrator sees them."""

from typing import TYPE_CHECKING, Any

import pytest

from api.services import Services
from api.store.audit import list_audit
from tests.api.delivery.conftest import Receiver, tell, work

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.delivery.step import Deliverer
    from tests.api.conftest import MakeKey, SetClock

HOOKS = "/v1/webhooks"


def subscribe(
    web: "TestClient", admin: dict[str, str], url: str = "http://127.0.0.1:9/h", **more: Any
) -> dict[str, Any]:
    answer = web.post(HOOKS, json={"url": url, **more}, headers=admin)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def audited(services: Services) -> list[tuple[str, dict[str, Any]]]:
    with services.database.read() as connection:
        rows = [(row.action, dict(row.details)) for row in list_audit(connection)]
    return [row for row in reversed(rows) if row[0].startswith("webhook.")]


def test_the_secret_is_shown_once(web: "TestClient", admin: dict[str, str]) -> None:
    answer = web.post(
        HOOKS,
        json={
            "url": "http://127.0.0.1:9/hook?token=mine",
            "types": ["cn.street-issues.case", "cn.street-issues.case"],
            "grids": ["3101"],
        },
        headers=admin,
    )
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["types"] == ["cn.street-issues.case"]
    assert made["state"] == "enabled"
    assert made["created_at"] == "2026-03-02T01:00:00Z"
    assert "https" in made["advice"]
    shown = web.get(f"{HOOKS}/{made['id']}", headers=admin)
    assert shown.json() == made
    everything = web.get(HOOKS, headers=admin)
    assert everything.json() == {"items": [made], "next": None}
    assert secret not in shown.text + everything.text


def test_the_audit_log_tells_all_acts_and_no_secrets(
    web: "TestClient", admin: dict[str, str], local: Services
) -> None:
    url = "http://127.0.0.1:9/hook?token=theirs"
    hook = subscribe(web, admin, url)
    place = f"{HOOKS}/{hook['id']}"
    assert web.patch(place, json={"enabled": False}, headers=admin).status_code == 200
    assert web.patch(place, json={}, headers=admin).status_code == 200  # Changes nothing
    assert web.patch(place, json={"enabled": True}, headers=admin).status_code == 200
    assert web.post(f"{place}/rotate", headers=admin).status_code == 200
    assert web.post(f"{place}/test", headers=admin).status_code == 202
    since = {"since": "2026-03-01T00:00:00Z"}
    assert web.post(f"{place}/replay", json=since, headers=admin).status_code == 202
    assert web.delete(place, headers=admin).status_code == 204
    assert web.delete(place, headers=admin).status_code == 204
    rows = audited(local)
    assert [action for action, _ in rows] == [
        "webhook.created",
        "webhook.changed",
        "webhook.changed",
        "webhook.secret_rotated",
        "webhook.tested",
        "webhook.replayed",
        "webhook.deleted",
    ]
    assert rows[0][1]["to"] == "http://127.0.0.1:9"
    assert "theirs" not in str(rows)
    assert "whsec_" not in str(rows)


@pytest.mark.parametrize("role", ["operator", "handler", "consumer", "auditor", "citizen-intake"])
def test_only_managers_may(web: "TestClient", make_key: "MakeKey", role: Any) -> None:
    key = make_key(role)
    assert web.post(HOOKS, json={"url": "http://127.0.0.1/"}, headers=key).status_code == 403
    assert web.get(HOOKS, headers=key).status_code == 403
    assert web.get(HOOKS).status_code == 401


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://10.0.0.1/hook", "webhook_address_refused"),
        ("http://[::ffff:169.254.169.254]/", "webhook_address_refused"),
        ("http://2130706433/", "webhook_url_invalid"),
        ("https://user:word@example.org/", "webhook_url_invalid"),
        ("ftp://example.org/hook", "invalid_request"),
    ],
)
def test_urls_that_lead_astray_are_refused_at_the_door(
    web: "TestClient", admin: dict[str, str], url: str, code: str
) -> None:
    answer = web.post(HOOKS, json={"url": url}, headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    hook = subscribe(web, admin)
    changed = web.patch(f"{HOOKS}/{hook['id']}", json={"url": url}, headers=admin)
    assert (changed.status_code, changed.json()["code"]) == (422, code)
    assert web.get(f"{HOOKS}/{hook['id']}", headers=admin).json()["url"] == hook["url"]


@pytest.mark.parametrize(
    "types", [["cn.street-issues.cases"], ["case"], ["cn.street-issues.ping"], [""], [5]]
)
def test_types_that_will_never_happen_are_refused(
    web: "TestClient", admin: dict[str, str], types: list[object]
) -> None:
    body = {"url": "http://127.0.0.1/", "types": types}
    assert web.post(HOOKS, json=body, headers=admin).status_code == 422


def test_what_was_sent_is_listed_by_pages_and_states(
    web: "TestClient",
    admin: dict[str, str],
    local: Services,
    receiver: Receiver,
    deliverer: "Deliverer",
) -> None:
    hook = subscribe(web, admin, receiver.url)
    receiver.answer_with(500)
    told = [tell(local, f"cases/{number}") for number in range(5)]
    place = f"{HOOKS}/{hook['id']}/deliveries"

    def tried() -> bool:
        rows = web.get(place, headers=admin).json()["items"]
        return all(row["last_status"] == 500 for row in rows)

    work(deliverer, tried)
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = web.get(place, params={"limit": 2, **cursor}, headers=admin).json()
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert [row["event"] for row in seen] == told[::-1]
    assert {row["last_error"] for row in seen} == {"It answered 500."}
    assert web.get(place, params={"state": "delivered"}, headers=admin).json()["items"] == []
    assert web.get(place, params={"state": "lost"}, headers=admin).status_code == 422
    assert web.get(place, params={"cursor": "bm8"}, headers=admin).status_code == 422


def test_a_test_event_arrives_at_one_webhook_alone(
    web: "TestClient",
    admin: dict[str, str],
    receiver: Receiver,
    deliverer: "Deliverer",
) -> None:
    hook = subscribe(web, admin, receiver.url, types=["cn.street-issues.case"])
    other = subscribe(web, admin, receiver.url + "/other")
    event = web.post(f"{HOOKS}/{hook['id']}/test", headers=admin).json()["event"]
    work(deliverer, lambda: receiver.ids == [event])
    assert receiver.received[0].path == "/hook"
    listed = web.get(f"{HOOKS}/{other['id']}/deliveries", headers=admin).json()
    assert listed["items"] == []


def test_disabling_holds_events_and_replays_bring_them(
    web: "TestClient",
    admin: dict[str, str],
    local: Services,
    receiver: Receiver,
    deliverer: "Deliverer",
) -> None:
    hook = subscribe(web, admin, receiver.url)
    place = f"{HOOKS}/{hook['id']}"
    first = tell(local, "cases/1")
    disabled = web.patch(place, json={"enabled": False}, headers=admin).json()
    assert disabled["state"] == "disabled"
    assert disabled["disabled_why"].startswith("Disabled by key:")
    missed = tell(local, "cases/2")
    for path, body in (("test", None), ("replay", {"since": "2026-01-01T00:00:00Z"})):
        refused = web.post(f"{place}/{path}", json=body, headers=admin)
        assert (refused.status_code, refused.json()["code"]) == (409, "webhook_disabled")
    assert web.patch(place, json={"enabled": True}, headers=admin).json()["state"] == "enabled"
    since = {"since": "2026-03-02T09:00:00+08:00"}
    replayed = web.post(f"{place}/replay", json=since, headers=admin)
    assert (replayed.status_code, replayed.json()) == (202, {"events": 2, "more": False})

    def arrived() -> list[int]:
        page = web.get(f"{place}/deliveries", params={"state": "delivered"}, headers=admin).json()
        return [row["id"] for row in page["items"]]

    work(deliverer, lambda: len(arrived()) == 2)
    assert sorted(receiver.ids) == sorted([first, missed])
    chosen = {"deliveries": arrived()[:1]}
    again = web.post(f"{place}/replay", json=chosen, headers=admin)
    assert again.json() == {"events": 1, "more": False}
    work(deliverer, lambda: len(receiver.ids) == 3)
    missing = web.post(f"{place}/replay", json={"deliveries": [10**15]}, headers=admin)
    assert missing.status_code == 404
    both = {**chosen, **since}
    assert web.post(f"{place}/replay", json=both, headers=admin).status_code == 422


def test_a_rotation_answers_with_the_new_secret_and_the_end_of_the_old(
    web: "TestClient", admin: dict[str, str], clock: "SetClock"
) -> None:
    hook = subscribe(web, admin)
    place = f"{HOOKS}/{hook['id']}"
    answer = web.post(f"{place}/rotate", json={"old_valid_hours": 2}, headers=admin)
    assert answer.headers["cache-control"] == "no-store"
    rotated = answer.json()
    assert rotated["secret"] != hook["secret"]
    assert rotated["old_secrets_until"] == "2026-03-02T03:00:00Z"
    clock.advance(hours=2)
    assert web.get(place, headers=admin).json()["old_secrets_until"] is None
    too_long = web.post(f"{place}/rotate", json={"old_valid_hours": 169}, headers=admin)
    assert too_long.status_code == 422


def test_a_deleted_webhook_keeps_its_history_and_comes_never_back(
    web: "TestClient", admin: dict[str, str], local: Services
) -> None:
    hook = subscribe(web, admin)
    place = f"{HOOKS}/{hook['id']}"
    tell(local)
    assert web.delete(place, headers=admin).status_code == 204
    assert web.get(place, headers=admin).json()["state"] == "deleted"
    assert len(web.get(f"{place}/deliveries", headers=admin).json()["items"]) == 1
    for answer in (
        web.patch(place, json={"enabled": True}, headers=admin),
        web.post(f"{place}/rotate", headers=admin),
        web.post(f"{place}/test", headers=admin),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "webhook_deleted")


def test_an_unknown_webhook_is_not_found(web: "TestClient", admin: dict[str, str]) -> None:
    place = f"{HOOKS}/01890a5d-ac96-774b-bcce-b302099a8057"
    assert web.get(place, headers=admin).status_code == 404
    assert web.get(f"{place}/deliveries", headers=admin).status_code == 404
    assert web.patch(place, json={}, headers=admin).status_code == 404
    assert web.delete(place, headers=admin).status_code == 404


def test_a_key_limited_to_a_district_manages_that_district(
    web: "TestClient", admin: dict[str, str], make_key: "MakeKey"
) -> None:
    district = make_key("admin", grids=("3101",))
    everywhere = subscribe(web, admin)
    own = subscribe(web, district)
    assert own["grids"] == ["3101"]
    assert subscribe(web, district, grids=["310105"])["grids"] == ["310105"]
    beyond = web.post(HOOKS, json={"url": "http://127.0.0.1/", "grids": ["31"]}, headers=district)
    assert (beyond.status_code, beyond.json()["code"]) == (403, "grids_beyond_key")
    place = f"{HOOKS}/{everywhere['id']}"
    assert web.get(place, headers=district).status_code == 404
    assert web.delete(place, headers=district).status_code == 404
    assert len(web.get(HOOKS, headers=district).json()["items"]) == 2
    widened = web.patch(f"{HOOKS}/{own['id']}", json={"grids": []}, headers=district)
    assert widened.json()["grids"] == ["3101"]
    assert len(web.get(HOOKS, headers=admin).json()["items"]) == 3


def test_webhooks_are_listed_by_pages(web: "TestClient", admin: dict[str, str]) -> None:
    made = [subscribe(web, admin)["id"] for _ in range(5)]
    first = web.get(HOOKS, params={"limit": 3}, headers=admin).json()
    rest = web.get(HOOKS, params={"limit": 3, "cursor": first["next"]}, headers=admin).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == made
    assert rest["next"] is None


def test_there_is_an_end_to_the_number_of_webhooks(
    web: "TestClient", admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.delivery.subscriptions.MOST_ENABLED", 2)
    first = subscribe(web, admin)
    subscribe(web, admin)
    refused = web.post(HOOKS, json={"url": "http://127.0.0.1/"}, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_webhooks")
    web.delete(f"{HOOKS}/{first['id']}", headers=admin)
    subscribe(web, admin)
