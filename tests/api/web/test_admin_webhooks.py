"""Webhooks on the administrator's pages."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from api.ids import new_id
from api.store.side_tables import deliveries
from api.store.webhooks import list_webhooks

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

HOOKS = "/console/admin/webhooks"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{32,}")


@pytest.fixture
def near(services: "Services") -> None:
    """Let webhooks lead to this machine."""
    services.settings = services.settings.model_copy(update={"webhook_networks": ("127.0.0.0/8",)})


@pytest.fixture
def hook(client: "TestClient", enter: Callable[..., str], near: None) -> tuple[str, str]:
    """A webhook's address on the pages, and the token of an administrator's session."""
    del near
    token = enter("admin")
    answer = client.post(
        HOOKS, data={"csrf": token, "url": "http://127.0.0.1:9/hook", "new": new_id()}
    )
    assert answer.status_code == 200, answer.text
    found = re.search(rf"{HOOKS}/[0-9a-f-]{{36}}", answer.text)
    assert found
    return found[0], token


def _seen(page: str) -> str:
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]{64})"', page)
    return str(seen)


@pytest.mark.usefixtures("near")
def test_a_form_sent_twice_makes_one_webhook(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    token = enter("admin")
    (new,) = re.findall(r'name="new" value="([0-9a-f-]{36})"', client.get(HOOKS).text)
    form = {"csrf": token, "url": "http://127.0.0.1:9/hook", "new": new}
    assert SECRET.search(client.post(HOOKS, data=form).text)
    again = client.post(HOOKS, data=form)
    assert again.status_code == 409
    assert 'data-code="webhook_made_already"' in again.text
    with services.database.read() as connection:
        assert [one.id for one in list_webhooks(connection, after=None, limit=9)] == [new]


def test_a_webhooks_secret_is_shown_once(
    client: "TestClient", enter: Callable[..., str], near: None
) -> None:
    del near
    token = enter("admin")
    url = "http://127.0.0.1:9/<script>alert(1)</script>?token=t"
    answer = client.post(
        HOOKS,
        data={
            "csrf": token,
            "new": new_id(),
            "url": url,
            "areas": ["cn.street-issues.case", "cn.street-issues.camera"],
            "types": "cn.street-issues.report.received",
            "grids": "310101 310102",
        },
        follow_redirects=False,
    )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (secret,) = set(SECRET.findall(answer.text))
    assert "<script>alert" not in answer.text
    here = re.search(rf"{HOOKS}/[0-9a-f-]{{36}}", answer.text)
    assert here
    for page in (client.get(HOOKS), client.get(here[0])):
        assert page.status_code == 200
        assert secret not in page.text
        assert "<script>alert" not in page.text
        assert "310101 310102" in page.text
    assert 'value="cn.street-issues.case" checked' in client.get(here[0]).text
    assert 'value="cn.street-issues.report.received"' in client.get(here[0]).text
    rotated = client.post(f"{here[0]}/rotate", data={"csrf": token, "old_valid_hours": "1"})
    (other,) = set(SECRET.findall(rotated.text))
    assert other != secret
    assert other not in client.get(here[0]).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"url": "http://127.0.0.1/x"}, 422, "webhook_address_refused"),
        ({"url": "ftp://example.org/x"}, 422, "invalid_request"),
        ({"url": "https://192.0.2.1/x", "types": "case"}, 422, "event_type_unknown"),
        ({"url": "https://192.0.2.1/x", "grids": "x" * 65}, 422, "bad_grid_prefix"),
    ],
)
def test_what_does_not_fit_is_told(
    client: "TestClient", enter: Callable[..., str], fields: dict[str, str], status: int, code: str
) -> None:
    token = enter("admin")
    answer = client.post(HOOKS, data={"csrf": token, "new": new_id(), **fields})
    assert answer.status_code == status
    assert f'data-code="{code}"' in answer.text


def test_a_webhook_is_tested_switched_changed_and_deleted(
    client: "TestClient", hook: tuple[str, str]
) -> None:
    here, token = hook
    assert "测试事件已排队" in client.post(f"{here}/test", data={"csrf": token}).text
    assert "测试事件" in client.get(f"{here}?state=waiting").text
    off = client.post(f"{here}/state", data={"csrf": token, "enabled": "false"})
    assert "停用" in off.text
    refused = client.post(f"{here}/test", data={"csrf": token})
    assert 'data-code="webhook_disabled"' in refused.text
    client.post(f"{here}/state", data={"csrf": token, "enabled": "true"})
    seen = _seen(client.get(here).text)
    wanted = {"csrf": token, "url": "http://127.0.0.1:9/other", "grids": "4401", "seen": seen}
    changed = client.post(here, data=wanted)
    assert "已保存" in changed.text
    assert "http://127.0.0.1:9/other" in changed.text
    late = client.post(here, data={**wanted, "url": "http://127.0.0.1:9/late"})
    assert late.status_code == 409
    assert 'data-code="webhook_changed"' in late.text
    assert "http://127.0.0.1:9/other" in client.get(here).text
    gone = client.post(f"{here}/delete", data={"csrf": token})
    assert "推送已删除" in gone.text
    assert "已删除" in client.get(here).text


def test_failed_events_are_sent_again(
    client: "TestClient", services: "Services", hook: tuple[str, str]
) -> None:
    here, token = hook
    client.post(f"{here}/test", data={"csrf": token})
    with services.database.write() as connection:
        connection.execute(update(deliveries).values(state="failed", last_error="<b>no</b>"))
    failed = client.get(f"{here}?state=failed").text
    assert "&lt;b&gt;no" in failed
    delivery = re.search(r'name="delivery" value="(\d+)"', failed)
    assert delivery
    again = client.post(f"{here}/replay", data={"csrf": token, "delivery": delivery[1]})
    assert "已重新排队 1 个事件" in again.text
    since = client.post(f"{here}/replay", data={"csrf": token, "since": "2026-03-01T00:00"})
    assert "已重新排队 0 个事件" in since.text  # A test event is not among those of a time.
    for wrong in ({}, {"since": "soon"}, {"delivery": "0"}):
        answer = client.post(f"{here}/replay", data={"csrf": token, **wrong})
        assert answer.status_code == 422, wrong


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_deliveries_come_in_pages(client: "TestClient", hook: tuple[str, str]) -> None:
    here, token = hook
    for _ in range(31):
        client.post(f"{here}/test", data={"csrf": token}, follow_redirects=False)
    first = client.get(here).text
    older = re.search(r'href="([^"]+before=\d+)"', first)
    assert older
    assert client.get(older[1].replace("&amp;", "&")).text.count("测试事件</td>") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_limited_administrator_sees_no_wider_webhook(
    client: "TestClient", hook: tuple[str, str], enter: Callable[..., str]
) -> None:
    here, _ = hook
    token = enter("admin", grids=("3101",))
    assert here not in client.get(HOOKS).text
    assert client.get(here).status_code == 404
    assert client.post(f"{here}/test", data={"csrf": token}).status_code == 404
    wider = {"csrf": token, "url": "http://127.0.0.1:9/x", "grids": "44", "new": new_id()}
    assert client.post(HOOKS, data=wider).status_code == 403
