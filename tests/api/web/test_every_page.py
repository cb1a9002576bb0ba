"""Every route of the pages, found by itself: who gets in, what is refused, what may be kept."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.principal import RIGHTS_OF, ROLES, Right, Role
from api.web.rooms import PAGES
from api.web.visitor import visit

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

    from api.services import Services
    from tests.api.conftest import SetClock

MakeKey = Callable[..., dict[str, str]]

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ROUTES: Final = tuple(
    route for module in PAGES for route in module.router.routes if isinstance(route, APIRoute)
)
SIGNING_IN: Final = "/console/login"
PUBLIC: Final = frozenset(
    {
        "/",
        "/language",
        "/manifest.webmanifest",
        "/offline",
        "/r/{report_id}",
        "/static/{release}/{name:path}",
        "/sw.js",
    }
)
"""Pages and files that anybody may read; they show nothing of anybody."""
PEOPLE: Final = tuple(role for role in ROLES if "read" in RIGHTS_OF[role])
PARTS: Final = {
    "sha256": 64 * "0",
    "camera": "cam-1",
    "site": "a site",
    "form": "csv",
    "release": "0",
    "name": "css/base.css",
}
"""What stands in addresses; all else is an id."""
PICTURES: Final = "/console/photos/{sha256}"
_CHECK: Final = visit("read").__code__  # Of every right's


def find_rights(dependant: Dependant) -> Iterator[Right]:
    """Return the rights that a route asks for with `visit`."""
    for one in dependant.dependencies:
        if getattr(one.call, "__code__", None) is _CHECK:
            cells: Any = one.call.__closure__  # type: ignore[union-attr]
            yield dict(zip(_CHECK.co_freevars, cells, strict=True))["right"].cell_contents
        yield from find_rights(one)


def right_of(route: APIRoute) -> Right | None:
    rights = set(find_rights(route.dependant))
    assert len(rights) <= 1, f"{route.path} asks for {rights}"
    return next(iter(rights), None)


CASES: Final = tuple(
    (method, route)
    for route in ROUTES
    for method in sorted(route.methods or ())
    if method != "HEAD"
)
CONSOLE: Final = tuple(
    (method, route)
    for method, route in CASES
    if route.path.startswith("/console") and route.path != SIGNING_IN
)
CHANGING: Final = tuple((method, route) for method, route in CONSOLE if method != "GET")


def name_case(value: Any) -> str:
    return value.path if isinstance(value, APIRoute) else str(value)


def address(route: APIRoute) -> str:
    def fill(match: re.Match[str]) -> str:
        return PARTS.get(match[1], str(UUID(int=7)))

    return re.sub(r"\{(\w+)(?::\w+)?\}", fill, route.path)


@pytest.fixture
def enter(client: "TestClient", make_key: MakeKey) -> Callable[..., str]:
    """Return a function that signs the client in and answers with its CSRF token."""

    def sign_in(role: Role = "operator", **options: Any) -> str:
        key = make_key(role, **options)["Authorization"].removeprefix("Bearer ")
        client.cookies.clear()
        answer = client.post(SIGNING_IN, data={"key": key, "next": "/console/ledger"})
        assert answer.status_code == 200, answer.text
        return answer.text.split('data-csrf="', 1)[1].split('"', 1)[0]

    return sign_in


def ask(client: "TestClient", method: str, route: APIRoute, **headers: str) -> "Response":
    return client.request(method, address(route), headers=headers, follow_redirects=False)


def check_turned_away(client: "TestClient", method: str, route: APIRoute) -> None:
    """Check that all three kinds of askers are led to the sign-in, and told nothing else."""
    page = ask(client, method, route)
    assert page.status_code == 303, page.text
    assert page.headers["location"].startswith(f"{SIGNING_IN}?next=/console")
    assert page.content == b""
    assert page.headers["cache-control"] == "no-store"
    part = ask(client, method, route, **{"HX-Request": "true"})
    assert (part.status_code, part.content) == (401, b"")
    assert part.headers["hx-redirect"].startswith(SIGNING_IN)
    script = ask(client, method, route, Accept="application/json")
    assert script.status_code == 401
    assert script.json()["code"] in ("signed_out", "session_ended")
    assert script.headers["cache-control"] == "no-store"


def test_every_route_is_the_console_s_or_meant_for_everybody() -> None:
    for route in ROUTES:
        assert route.include_in_schema is False, route.path
        if route.path.startswith("/console"):
            assert (right_of(route) is None) == (route.path == SIGNING_IN), route.path
        else:
            assert route.path in PUBLIC, f"{route.path}: who may read it?"
            assert route.methods == {"GET"}, route.path


def test_what_changes_something_asks_for_more_than_reading() -> None:
    allowed = {"/console/logout", "/console/cases/{case_id}/photos/{sha256}/original"}
    by_service = {"/console/cases/{case_id}/moves"}  # Each move has a right of its own.
    for _, route in CHANGING:
        assert right_of(route) != "read" or route.path in allowed | by_service, route.path


@pytest.mark.parametrize(("method", "route"), CONSOLE, ids=name_case)
@SQLITE
def test_a_stranger_is_led_to_the_sign_in(
    client: "TestClient", method: str, route: APIRoute
) -> None:
    check_turned_away(client, method, route)
    client.cookies.set("street_issues_session", "ses_" + 43 * "A", path="/console")
    check_turned_away(client, method, route)


@SQLITE
def test_an_ended_session_opens_nothing(
    client: "TestClient", enter: Callable[..., str], clock: "SetClock", services: "Services"
) -> None:
    token = enter("admin")
    clock.advance(minutes=services.settings.session_idle_minutes)
    for method, route in CONSOLE:
        check_turned_away(client, method, route)
        again = ask(client, method, route, **{"X-CSRF-Token": token})
        assert again.status_code == 303, route.path


@SQLITE
def test_a_revoked_key_ends_its_sessions(
    client: "TestClient", enter: Callable[..., str], services: "Services"
) -> None:
    from api.security.keys import revoke
    from api.store.keys import list_keys

    enter("admin")
    with services.database.read() as connection:
        (key,) = list_keys(connection)
    revoke(services, key.principal.id, actor="system:test")
    for method, route in CONSOLE:
        check_turned_away(client, method, route)


@SQLITE
def test_what_changes_something_needs_the_session_s_token_before_anything_else(
    client: "TestClient", enter: Callable[..., str]
) -> None:
    others = enter("admin")
    token = enter("admin")
    for method, route in CHANGING:
        where = address(route)

        def refused(**sent: Any) -> None:
            answer = client.request(method, where, follow_redirects=False, **sent)  # noqa: B023
            assert answer.status_code == 403, f"{where}: {answer.text}"  # noqa: B023
            plain = answer.headers["content-type"].startswith("application/problem+json")
            assert not plain or answer.json()["code"] == "csrf", where  # noqa: B023

        as_script = {"Accept": "application/json"}
        refused(headers=as_script)
        refused()
        refused(data={"csrf": others}, headers=as_script)
        refused(data={"csrf": ""}, headers=as_script)
        refused(params={"csrf": token}, headers=as_script)
        refused(headers=as_script | {"X-CSRF-Token": others})
        refused(headers=as_script | {"X-CSRF-Token": token[:-1]})
        refused(headers=as_script | {"X-CSRF-Token": "密".encode("latin-1", "replace").decode()})
        refused(files={"csrf": (None, token)}, headers=as_script)  # As uploads are forged.
        refused(content=f"csrf={token}", headers=as_script | {"Content-Type": "text/plain"})
        for site in ("cross-site", "same-site"):
            refused(headers=as_script | {"X-CSRF-Token": token, "Sec-Fetch-Site": site})


@pytest.mark.parametrize("role", PEOPLE)
@SQLITE
def test_a_role_without_the_right_is_refused(
    client: "TestClient", enter: Callable[..., str], role: Role
) -> None:
    token = enter(role)
    for method, route in CONSOLE:
        right = right_of(route)
        assert right is not None
        if right in RIGHTS_OF[role] or route.path == "/console/logout":
            continue
        answer = ask(client, method, route, **{"Accept": "application/json", "X-CSRF-Token": token})
        assert answer.status_code == 403, f"{route.path}: {answer.text}"
        assert answer.json()["code"] == "right_missing"


@pytest.mark.parametrize("role", ["citizen-intake", "camera"])
@SQLITE
def test_a_machine_s_key_opens_no_console(
    client: "TestClient", make_key: MakeKey, role: Role
) -> None:
    key = make_key(role)["Authorization"].removeprefix("Bearer ")
    assert client.post(SIGNING_IN, data={"key": key}).status_code == 403
    assert not client.cookies


@SQLITE
def test_no_answer_of_the_console_is_kept_or_loads_anything_foreign(
    client: "TestClient", enter: Callable[..., str]
) -> None:
    for path in (SIGNING_IN, "/console/nothing-here"):
        check_headers(client.get(path))
    token = enter("admin")
    for method, route in CONSOLE:
        if route.path != "/console/logout":
            check_headers(ask(client, method, route))
            check_headers(ask(client, method, route, **{"X-CSRF-Token": token}))
            check_headers(ask(client, method, route, Accept="application/json"))
    assert client.get("/console").status_code == 200, "still signed in"


def check_headers(answer: "Response") -> None:
    said = answer.headers
    where = f"{answer.request.method} {answer.request.url.path}: {answer.status_code}"
    assert said["cache-control"] == "no-store", where
    assert said["x-content-type-options"] == "nosniff"
    assert said["x-frame-options"] == "DENY"
    policy = said["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy
    if said.get("content-type", "").startswith("text/html"):
        assert "script-src 'self';" in policy, where
        assert "form-action 'self'" in policy and "base-uri 'none'" in policy


@SQLITE
def test_a_picture_is_kept_by_the_asker_alone_who_asks_again_each_time(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    import cv2
    import numpy as np

    from api.photos.entry import enter_photo

    data = cv2.imencode(".png", np.full((8, 8, 3), 7, np.uint8))[1].tobytes()
    sha256 = services.photos.put(data)
    with services.database.write() as connection:
        enter_photo(connection, services.photos, sha256, data, at=services.clock())
    enter("operator")
    shown = client.get(f"/console/photos/{sha256}")
    assert shown.status_code == 200
    assert "private" in shown.headers["cache-control"]
    assert "no-cache" in shown.headers["cache-control"]
    tag = shown.headers["etag"]
    client.cookies.clear()
    gone = client.get(
        f"/console/photos/{sha256}", headers={"If-None-Match": tag}, follow_redirects=False
    )
    assert gone.status_code == 303
