"""The ledger page: filters against a plain filter, pages in both directions, scope, words."""

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from api.ids import new_id
from api.principal import Principal
from api.store.case_search import (
    turn_page,
)
from api.store.tables import case_reports, cases, reports
from api.web.ledger_query import (
    LedgerQuery,
    make_search,
    possible_moves,
)

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
LEDGER = "/console/ledger"


def _numbers(text: str) -> list[str]:
    return re.findall(r'href="/console/cases/[0-9a-f-]{36}">([0-9-]+)</a>', text)


def _hour(step: int) -> datetime:
    return NOW + timedelta(hours=step)


def test_cases_that_come_and_change_in_between_are_neither_skipped_nor_shown_twice(
    services: "Services", write_case: Callable[..., str]
) -> None:
    ids = [write_case(opened_at=_hour(-n), priority=n) for n in range(10)]
    search = make_search(LedgerQuery(), now=NOW, timezone=SHANGHAI, grids=())
    seen: list[str] = []
    after = None
    while True:
        with services.database.read() as connection:
            page = turn_page(connection, search, after=after, limit=3)
        seen += [one.id for one in page.cases]
        write_case(opened_at=_hour(1))  # A new one at the top,
        with services.database.write() as connection:  # and the others change.
            connection.execute(update(cases).values(state="filed", version=cases.c.version + 1))
        after = page.after
        if after is None:
            break
    assert seen == ids


def test_a_page_shows_its_rows_and_leads_on_and_back(
    client: "TestClient", enter: Callable[..., str], write_case: Callable[..., str]
) -> None:
    for n in range(120):
        write_case(opened_at=_hour(-n), address="<script>alert(1)</script>" if n == 0 else None)
    enter()
    first = client.get(LEDGER).text
    assert '<strong class="number">120</strong>' in first
    assert "<script>alert" not in first and "&lt;script&gt;alert" in first
    assert _numbers(first) == [f"2026-{n:06d}" for n in range(1, 51)]
    address = first
    shown = _numbers(first)
    pages = [first]
    while (link := re.search(r'id="page-after" rel="next" href="([^"]+)"', address)) is not None:
        address = client.get(html.unescape(link[1])).text
        pages.append(address)
        shown += _numbers(address)
    assert shown == [f"2026-{n:06d}" for n in range(1, 121)]
    link = re.search(r'id="page-before" rel="prev" href="([^"]+)"', address)
    assert link is not None
    assert _numbers(client.get(html.unescape(link[1])).text) == _numbers(pages[-2])
    assert len(_numbers(client.get(f"{LEDGER}?size=100").text)) == 100


def test_htmx_gets_the_rows_and_the_address_to_remember(
    client: "TestClient", enter: Callable[..., str], write_case: Callable[..., str]
) -> None:
    write_case(state="filed")
    write_case(state="closed", ended_at=NOW)
    enter()
    answer = client.get(
        f"{LEDGER}?q=&state=filed&grid=&order=newest", headers={"HX-Request": "true"}
    )
    assert answer.headers["HX-Push-Url"] == f"{LEDGER}?state=filed"
    assert "<html" not in answer.text and _numbers(answer.text) == ["2026-000001"]
    again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in client.get(f"{LEDGER}?state=filed", headers=again).text


def test_words_are_found_in_address_and_notes_and_numbers_by_their_end(
    client: "TestClient",
    services: "Services",
    enter: Callable[..., str],
    write_case: Callable[..., str],
) -> None:
    by_address = write_case(address="浦东新区 Garden Road 5")
    by_note = write_case()
    by_house = write_case(address="延安西路1228-2号")
    report = {"id": new_id(), "received_at": NOW, "source": "citizen", "state": "unscored"}
    with services.database.write() as connection:
        connection.execute(insert(reports).values(**report, note="在 garden 门口，100% 满了"))
        connection.execute(
            insert(case_reports).values(
                case_id=by_note, report_id=report["id"], joined_at=NOW, why="opened", findings=[]
            )
        )
    enter()

    def find(text: str) -> list[str]:
        answer = client.get(LEDGER, params={"q": text, "order": "oldest"})
        assert answer.status_code == 200
        return re.findall(r'href="/console/cases/([0-9a-f-]{36})">', answer.text)

    assert find("GARDEN") == [by_address, by_note]
    assert find("0% 满") == [by_note]
    assert find("100_") == []
    assert find("2026-000002") == [by_note]
    assert find("2026-00000") == [by_address, by_note, by_house]
    assert find(" 2 ") == [by_note, by_house]
    assert find("1228-2") == [by_house]


def test_a_key_of_other_cells_finds_nothing(
    client: "TestClient", enter: Callable[..., str], write_case: Callable[..., str]
) -> None:
    write_case(grid_code="310101001", address="here")
    write_case(grid_code="320500001", address="there")
    write_case(address="nowhere")
    enter(grids=("3205",))
    assert _numbers(client.get(LEDGER).text) == ["2026-000002"]
    assert _numbers(client.get(f"{LEDGER}?q=here&grid=3101").text) == []
    nothing = client.get(f"{LEDGER}?q=nowhere").text
    assert "没有符合条件的案件" in nothing and "3205" in nothing


def test_overdue_rows_are_red_and_say_so(
    client: "TestClient", enter: Callable[..., str], write_case: Callable[..., str]
) -> None:
    write_case(state="dispatched", due_at=_hour(-30))
    write_case(state="dispatched", due_at=_hour(2))
    write_case(state="closed", due_at=_hour(-30), ended_at=_hour(-40))
    enter()
    page = client.get(f"{LEDGER}?overdue=1").text
    assert _numbers(page) == ["2026-000001"]
    assert '<span class="overdue">超时1天6小时</span>' in page
    due = client.get(f"{LEDGER}?order=due").text
    assert _numbers(due) == ["2026-000001", "2026-000002"]
    assert due.count('aria-sort="ascending"') == 1


def test_columns_tell_how_they_are_sorted(
    client: "TestClient", enter: Callable[..., str], write_case: Callable[..., str]
) -> None:
    write_case()
    enter()
    newest = client.get(LEDGER).text
    link = re.search(r'aria-sort="descending">\s*<a id="sort-opened" href="([^"]+)"', newest)
    assert link is not None
    oldest = client.get(html.unescape(link[1])).text
    assert re.search(r'aria-sort="ascending">\s*<a id="sort-opened" href="/console/ledger"', oldest)


@pytest.mark.parametrize(
    "query",
    [
        *("order=upward", "state=lost", "opened_from=soon", "opened_from=0001-01-01"),
        *("colour=red", "q=%00", "size=7", "after=xx", "after=WyJzb29uIiwgImEiXQ"),
        "order=priority&after=WyIyMDI2LTAzLTAyVDAxOjAwOjAwKzAwOjAwIiwgImEiXQ",
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_address_that_means_nothing_is_refused(
    client: "TestClient", enter: Callable[..., str], query: str
) -> None:
    enter()
    assert client.get(f"{LEDGER}?{query}").status_code == 422


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stranger_is_led_to_the_door_and_back(client: "TestClient") -> None:
    answer = client.get(f"{LEDGER}?state=filed", follow_redirects=False)
    assert answer.headers["location"] == "/console/login?next=/console/ledger%3Fstate%3Dfiled"


def test_moves_of_many_are_those_of_the_role() -> None:
    handler = Principal(id="k", name="h", role="handler")
    assert possible_moves(handler) == ("handle", "report_back")
    assert possible_moves(Principal(id="k", name="a", role="auditor")) == ()
    operator = possible_moves(Principal(id="k", name="o", role="operator"))
    assert "merge" not in operator and "dispatch" in operator
