"""Keys on the administrator's pages: who makes what, what is shown once, what revoking ends."""

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from api.errors import ConflictError, ForbiddenError, NotFoundError
from api.ids import new_id
from api.principal import Principal
from api.security.granting import grant_key, list_granted, withdraw_key
from api.security.keys import WantedKey, authenticate, create_key, revoke
from api.store.keys import list_keys
from api.store.side_tables import audit

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

KEYS = "/console/admin/keys"
TABS = (
    *("/console/admin", KEYS, "/console/admin/webhooks", "/console/admin/rules"),
    *("/console/admin/imports/grid", "/console/admin/imports/toilets", "/console/admin/audit"),
)
SECRET = re.compile(r"sid_[A-Za-z0-9_-]{43}")
SCRIPT = "<script>alert(1)</script>"


def _make(services: "Services", name: str, **values: object) -> Principal:
    wanted = WantedKey(**{"name": name, "role": "admin", "originals": True, **values})  # type: ignore[arg-type]  # as the test says
    made, _ = create_key(services, wanted, actor="system:test")
    return made


@pytest.mark.parametrize("tab", TABS)
def test_a_stranger_is_led_to_the_sign_in(client: "TestClient", tab: str) -> None:
    answer = client.get(tab, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/login?next=/console/admin")


@pytest.mark.parametrize("role", ["operator", "handler"])
@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_others_than_administrators_see_none_of_it(
    client: "TestClient", enter: Callable[..., str], role: str, tab: str
) -> None:
    enter(role)
    assert client.get(tab).status_code == 403


def test_every_tab_opens_for_an_administrator(
    client: "TestClient", enter: Callable[..., str]
) -> None:
    enter("admin")
    for tab in TABS:
        for language in ("zh", "en"):
            client.get(f"/language?to={language}&back=/console/queue", follow_redirects=False)
            answer = client.get(tab)
            assert answer.status_code == 200, answer.text
            assert answer.headers["cache-control"] == "no-store"
            assert 'aria-current="page"' in answer.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_auditor_reads_the_audit_log_alone(
    client: "TestClient", enter: Callable[..., str]
) -> None:
    enter("auditor")
    answer = client.get("/console/admin/audit")
    assert answer.status_code == 200
    assert "/console/admin/keys" not in answer.text
    enter("auditor", grids=("3101",))
    assert client.get("/console/admin/audit").status_code == 403


def test_a_new_key_is_shown_once_and_found_nowhere_after(
    client: "TestClient",
    services: "Services",
    enter: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    form = {"csrf": enter("admin"), "new": new_id(), "role": "handler"}
    answer = client.post(
        KEYS,
        data={**form, "name": SCRIPT, "grids": "310101\n310102，310103"},
        follow_redirects=False,
    )
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    found = set(SECRET.findall(answer.text))
    assert len(found) == 1
    secret = found.pop()
    assert SCRIPT not in answer.text
    made = authenticate(services, secret)
    assert (made.role, made.name) == ("handler", SCRIPT)
    assert made.grids == ("310101", "310102", "310103")
    assert secret not in str(answer.headers)
    assert secret not in str(answer.url)
    for tab in TABS:
        page = client.get(tab).text
        assert secret not in page
        assert SCRIPT not in page
    assert secret not in caplog.text
    with services.database.read() as connection:
        assert secret not in str(list(connection.execute(audit.select())))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_sent_twice_makes_one_key(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    token = enter("admin")
    (new,) = re.findall(r'name="new" value="([0-9a-f-]{36})"', client.get(KEYS).text)
    form = {"csrf": token, "new": new, "name": "乙", "role": "handler"}
    assert SECRET.search(client.post(KEYS, data=form).text)
    again = client.post(KEYS, data=form)
    assert again.status_code == 409
    assert not SECRET.search(again.text)
    assert 'data-code="key_made_already"' in again.text
    with services.database.read() as connection:
        assert [one.principal.id for one in list_keys(connection)].count(new) == 1
        assert len(list_keys(connection)) == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_without_the_token_makes_no_key(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    enter("admin")
    for data in ({}, {"csrf": "forged"}):
        answer = client.post(KEYS, data={**data, "name": "x", "role": "admin"})
        assert answer.status_code == 403
    with services.database.read() as connection:
        assert len(list_keys(connection)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_revoking_ends_the_keys_session_at_once(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    enter("operator")
    theirs = dict(client.cookies)
    with services.database.read() as connection:
        (operator,) = list_keys(connection)
    token = enter("admin")
    mine = dict(client.cookies)
    answer = client.post(
        f"{KEYS}/revoke",
        data={"csrf": token, "key": operator.principal.id},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert "已停用" in client.get(answer.headers["location"]).text
    client.cookies.clear()
    client.cookies.update(theirs)
    ended = client.get("/console/queue", follow_redirects=False)
    assert ended.headers["location"].startswith("/console/login")
    client.cookies.clear()
    client.cookies.update(mine)
    with services.database.read() as connection:
        own = next(key for key in list_keys(connection) if key.revoked_at is None)
    refused = client.post(f"{KEYS}/revoke", data={"csrf": token, "key": own.principal.id})
    assert refused.status_code == 409
    assert 'data-code="last_admin_key"' in refused.text


def test_the_last_administrator_cannot_be_revoked(services: "Services") -> None:
    first = _make(services, "first")
    limited = _make(services, "limited", grids=("3101",))
    _make(services, "operator", role="operator")
    with pytest.raises(ConflictError, match="last"):
        withdraw_key(services, first, first.id)
    second = _make(services, "second")
    assert withdraw_key(services, first, first.id).revoked_at == services.clock()
    assert withdraw_key(services, first, first.id).revoked_at == services.clock()  # Twice is fine.
    withdraw_key(services, limited, limited.id)  # The second one manages those cells, too.
    with pytest.raises(ConflictError):
        withdraw_key(services, second, second.id)
    revoke(services, second.id, actor="system:command-line")  # Who has the server may.


def test_a_limited_administrator_gives_no_more_than_it_has(services: "Services") -> None:
    wide = _make(services, "wide")
    limited = _make(services, "limited", originals=False, grids=("310101",))
    with pytest.raises(ForbiddenError, match="grids"):
        grant_key(services, limited, WantedKey("x", "operator", grids=("310101", "310102")))
    with pytest.raises(ForbiddenError, match="grids"):
        grant_key(services, limited, WantedKey("x", "operator", grids=("3101",)))
    with pytest.raises(ForbiddenError, match="unblurred"):
        grant_key(services, limited, WantedKey("x", "operator", originals=True))
    made, _ = grant_key(services, limited, WantedKey("x", "admin"))
    assert made.grids == ("310101",)
    narrower, _ = grant_key(services, limited, WantedKey("y", "handler", grids=("3101010",)))
    listed = [key.principal.id for key in list_granted(services, limited)]
    assert listed == [limited.id, made.id, narrower.id]
    with pytest.raises(NotFoundError):
        withdraw_key(services, limited, wide.id)
    withdraw_key(services, limited, narrower.id)
    assert len(list_granted(services, wide)) == 4


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_limited_administrator_is_told_in_words(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    wide = _make(services, "the widest of all")
    token = enter("admin", grids=("310101",))
    assert wide.name not in client.get(KEYS).text
    form = {"csrf": token, "new": new_id(), "name": "x", "role": "admin", "grids": "310102"}
    answer = client.post(KEYS, data=form)
    assert answer.status_code == 403
    assert 'data-code="grids_beyond_key"' in answer.text
    assert client.post(f"{KEYS}/revoke", data={"csrf": token, "key": wide.id}).status_code == 404
