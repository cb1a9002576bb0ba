"""What people try who mean ill: each of these once worked, or must never."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from api.cases.rules import load_rules
from api.errors import BusyError, InvalidError
from api.ids import new_id
from api.photos import queueing
from api.photos.queueing import PictureLine
from api.principal import Principal
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.store.tables import case_events
from api.web.admin_rules import MOST_BYTES, check_rules
from api.web.case_view import MOST_LINES
from api.web.cells import guard_cell
from tests.api.conftest import MakeKey
from tests.api.web.conftest import SQLITE

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services
    from tests.api.web.conftest import WriteCase

OPERATOR = Principal("op", "an operator", "operator")


@SQLITE
def test_a_form_in_the_place_of_an_upload_is_not_parsed(
    client: "TestClient",
    enter: Callable[..., str],
    write_case: "WriteCase",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = enter("operator")
    case_id = write_case(state="dispatched")

    async def parse(*_: Any, **__: Any) -> None:
        raise AssertionError("25 MiB of & would stop every other request for seconds")

    monkeypatch.setattr("starlette.formparsers.FormParser.parse", parse)
    answer = client.post(
        f"/console/cases/{case_id}/after-photo",
        content=b"&" * 1000 + f"csrf={token}".encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")


@SQLITE
def test_signing_out_takes_a_small_body_only(client: "TestClient", enter: Any) -> None:
    enter("operator")
    answer = client.post(
        "/console/logout",
        content=b"&" * (2**20 + 1),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(
            ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
            + [f"a{i}: &a{i} [{', '.join(10 * [f'*a{i - 1}'])}]" for i in range(1, 12)]
        ),
        "a: &a\n  b: *a\n",
        "[" * 5000,
    ],
    ids=["laughs", "holds itself", "deep"],
)
@SQLITE
def test_a_rules_file_that_unfolds_is_refused(services: "Services", text: str) -> None:
    check = check_rules(services, text.encode(), "rules.yaml", "en")
    assert check.faults and not check.changes


@SQLITE
def test_a_huge_rules_file_is_not_read(services: "Services") -> None:
    with pytest.raises(InvalidError):
        check_rules(services, b"a" * (MOST_BYTES + 1), "rules.yaml", "en")
    assert load_rules(None) == services.rules


@SQLITE
def test_who_waits_too_long_for_a_picture_is_sent_away(
    services: "Services", pool: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2
    import numpy as np

    from api.photos.entry import enter_photo

    data = cv2.imencode(".png", np.full((8, 8, 3), 7, np.uint8))[1].tobytes()
    sha256 = services.photos.put(data)
    with services.database.write() as connection:
        enter_photo(connection, services.photos, sha256, data, at=services.clock())
    monkeypatch.setattr(queueing, "PATIENCE_S", 0.3)
    stuck, let_go = threading.Event(), threading.Event()

    def make(_: bytes, __: PictureRequest) -> "Future[bytes]":
        stuck.set()
        let_go.wait(20)
        done: Future[bytes] = Future()
        done.set_result(b"\xff\xd8 a picture")
        return done

    monkeypatch.setattr(pool, "picture", make)

    async def ask() -> None:
        line = PictureLine(services)
        places = services.settings.workers
        first = [
            asyncio.create_task(line.wait_for(OPERATOR, sha256, "small", draw=False))
            for _ in range(places)
        ]
        while not stuck.is_set():
            await asyncio.sleep(0.01)
        try:
            with pytest.raises(BusyError):
                await line.wait_for(OPERATOR, sha256, "large", draw=False)
        finally:
            let_go.set()
        assert len(await asyncio.gather(*first)) == places
        # Nobody's place was lost.
        await line.wait_for(OPERATOR, sha256, "medium", draw=False)

    asyncio.run(ask())


@pytest.mark.parametrize(
    "path",
    [
        "/console/admin/webhooks?after=%00",
        "/console/admin/audit?actor=%00",
        "/console/ledger?q=%00",
        "/console/ledger?q=%25%25%25%5F%5C",
        "/console/wall?q=%00",
        "/console/wall/sites/%00",
        "/console/wall/%00",
        "/console/queue?label=%00",
        "/console/statistics?grid=%00",
        "/console/statistics?span=dates&from=0001-01-01&to=0001-01-02",
        "/console/statistics?span=dates&from=9999-12-31&to=9999-12-31",
        "/console/ledger?opened_from=0001-01-01",
        "/console/ledger?opened_before=9999-12-31",
        "/console/ledger?order=priority&after=WzkyMjMzNzIwMzY4NTQ3NzU4MDYsIjIwMjYtMDEtMDEiLCIiXQ",
        "/console/queue/next?after=W10",
        "/console/cases/'%20OR%201=1--",
        "/static/0/..%2f..%2fsettings.py",
        "/static/0/%2e%2e/%2e%2e/settings.py",
        "/static/0//etc/passwd",
        "/console/admin/imports/grid?page=99999999999999",
        "/console/admin/webhooks?done=<script>",
    ],
)
def test_odd_addresses_are_answered(
    client: "TestClient", enter: Callable[..., str], path: str
) -> None:
    enter("admin")
    answer = client.get(path)
    assert answer.status_code in (200, 404, 422), answer.text
    assert "<script>" not in answer.text
    assert "root:" not in answer.text and "Settings" not in answer.text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_of_an_export_is_a_formula(text: str) -> None:
    assert guard_cell(text) == f"'{text}"
    assert guard_cell(f"桥下{text}") == f"桥下{text}"


@SQLITE
def test_a_limited_administrator_sees_nothing_of_others(
    client: "TestClient", enter: Callable[..., str], make_key: MakeKey
) -> None:
    everywhere = enter("admin")
    webhook = client.post(
        "/console/admin/webhooks",
        data={
            "csrf": everywhere,
            "new": new_id(),
            "url": "https://93.184.216.34/all",
            "grids": "4401",
        },
    )
    assert webhook.status_code == 200, webhook.text
    make_key("operator", grids=("4401",))
    token = enter("admin", grids=("3101",))
    for path in ("", "/keys", "/webhooks", "/rules", "/imports/grid", "/imports/toilets"):
        page = client.get(f"/console/admin{path}")
        assert page.status_code == 200, page.text
        assert "4401" not in page.text and "93.184.216.34" not in page.text, path
    for path in ("audit", "audit/check", "shadow"):
        assert client.get(f"/console/admin/{path}").status_code == 403
    for grids in ("4401", "31", "", "3101 4401"):
        made = client.post(
            "/console/admin/keys",
            data={
                "csrf": token,
                "new": new_id(),
                "name": "mine",
                "role": "admin",
                "grids": grids,
            },
        )
        assert made.status_code == (200 if grids == "" else 403), grids


@SQLITE
def test_a_history_without_end_makes_no_page_without_end(
    client: "TestClient",
    services: "Services",
    enter: Callable[..., str],
    write_case: "WriteCase",
) -> None:
    case_id = write_case()
    rows = [
        {
            "id": new_id(),
            "case_id": case_id,
            "at": services.clock(),
            "actor": "citizen",
            "action": "report_joined",
            "from_state": "collected",
            "to_state": "collected",
            "details": {"distance_m": float(number)},
        }
        for number in range(MOST_LINES + 50)
    ]
    with services.database.write() as connection:
        connection.execute(case_events.insert(), rows)
    enter("operator")
    page = client.get(f"/console/cases/{case_id}", headers={"Accept-Language": "en"}).text
    assert f">{MOST_LINES + 49} m away" in page and ">50 m away" in page
    assert ">49 m away" not in page
