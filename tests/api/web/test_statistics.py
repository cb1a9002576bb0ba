"""The statistics page: its counts and their ways into the ledger, its filters, its scope."""

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.api.web import statistics_page
from tests.api.web.statistics_page import PAGE, seed, sign_in

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services
    from tests.api.conftest import MakeKey, SetClock

grid = pytest.fixture(statistics_page.grid)
reader = pytest.fixture(statistics_page.reader)


def totals(page: str) -> dict[str, str]:
    found = re.findall(
        r'class="what">([^<]+)</span>\s*<\w+ class="total number[^>]*>([\d,.% —]+)', page
    )
    return {name: number.strip() for name, number in found}


def test_strangers_are_sent_to_sign_in(client: "TestClient") -> None:
    for path in ("", "/judged", "/heat", "/figures.csv"):
        answer = client.get(PAGE + path, follow_redirects=False)
        assert (answer.status_code, "login" in answer.headers["Location"]) == (303, True)


@pytest.mark.usefixtures("grid")
def test_counts_and_their_ways_into_the_ledger(
    reader: "TestClient", services: "Services", clock: "SetClock"
) -> None:
    now = clock.now
    seed(services, now - timedelta(days=1))
    seed(services, now - timedelta(days=2), review_due_at=now - timedelta(days=1), label=None)
    seed(services, now - timedelta(days=3), state="closed", ended_at=now, reports_count=3)
    seed(services, now - timedelta(days=3), state="dismissed", ended_at=now, source="camera")
    seed(services, now - timedelta(days=40), state="closed", ended_at=now - timedelta(days=35))
    page = reader.get(PAGE).text
    assert totals(page) == {
        "Opened": "4",
        "Closed": "1",
        "Dismissed": "1",
        "Open now": "2",
        "Overdue now": "1",
        "Duplicates": "33.3 %",
    }
    links = {html.unescape(one) for one in re.findall(r'href="([^"]*/ledger\?[^"]*)"', page)}
    asked = [dict(parse_qsl(urlsplit(link).query)) for link in links]
    span = {"opened_from": "2026-02-01", "opened_before": "2026-03-03"}
    for query in (
        span,
        span | {"label": "overflowing_bin"},
        span | {"unlabelled": "1"},
        span | {"source": "camera"},
        span | {"grid": "A1"},
        {"overdue": "1"},
        {"ended": "0"},
        {"opened_from": "2026-03-01", "opened_before": "2026-03-02"},
    ):
        assert query in asked
    for link in links:
        assert reader.get(link).status_code == 200, link


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestFilters:
    @pytest.mark.parametrize(
        ("span", "first", "last"),
        [
            ({"span": "7"}, "2026-02-24", "2026-03-02"),
            ({"span": "90"}, "2025-12-03", "2026-03-02"),
            ({"span": "month"}, "2026-03-01", "2026-03-02"),
            ({"span": "last_month"}, "2026-02-01", "2026-02-28"),
            (
                {"span": "dates", "from": "2026-01-05", "to": "2026-01-06"},
                "2026-01-05",
                "2026-01-06",
            ),
            ({"span": "dates", "from": "", "to": ""}, "2026-02-01", "2026-03-02"),
        ],
    )
    def test_spans_are_days_of_the_bureau(
        self, reader: "TestClient", span: dict[str, str], first: str, last: str
    ) -> None:
        page = reader.get(PAGE, params=span).text
        assert f"{first} to {last}, by the calendar of Asia/Shanghai" in page

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"span": "dates", "from": "2026-02-02", "to": "2026-02-01"}, "before it begins"),
            ({"span": "dates", "from": "2024-01-01", "to": "2026-01-01"}, "more than 366 days"),
            ({"span": "dates", "from": "0001-01-01", "to": "0001-01-02"}, "years"),
            ({"span": "dates", "from": "", "to": "0001-01-05"}, "years"),
            ({"span": "dates", "from": "9999-12-30", "to": "9999-12-31"}, "years"),
            ({"span": "fortnight"}, "span"),
            ({"span": "dates", "from": "yesterday"}, "from"),
            ({"speed": "7"}, "speed"),
        ],
    )
    def test_what_makes_no_span_is_said_in_words(
        self, reader: "TestClient", wrong: dict[str, str], words: str
    ) -> None:
        for path in ("", "/judged", "/heat", "/figures.csv"):
            answer = reader.get(PAGE + path, params=wrong)
            assert answer.status_code == 422
            assert words in answer.text

    @pytest.mark.usefixtures("grid")
    def test_label_and_grid_hold_everywhere(
        self, reader: "TestClient", services: "Services", clock: "SetClock"
    ) -> None:
        at = clock.now - timedelta(hours=1)
        seed(services, at)
        seed(services, at, label="site_dust")
        seed(services, at, grid_code="B1", lat=31.5)
        for params, count in (
            ({"label": "site_dust"}, 1),
            ({"label": "", "grid": "A"}, 2),
            ({"label": "overflowing_bin", "grid": "B1"}, 1),
            ({"grid": "%"}, 0),
        ):
            assert totals(reader.get(PAGE, params=params).text)["Opened"] == str(count)
            heat = reader.get(f"{PAGE}/heat", params=params).json()
            assert sum(one[4] for one in heat["squares"]) == count
            cells = heat["cells"]["features"]
            assert sum(one["properties"]["cases"] for one in cells) == count

    @pytest.mark.usefixtures("grid")
    def test_a_key_sees_figures_of_its_cells_alone(
        self, client: "TestClient", make_key: "MakeKey", services: "Services", clock: "SetClock"
    ) -> None:
        at = clock.now - timedelta(hours=1)
        seed(services, at)
        seed(services, at, grid_code="B1", lat=31.5)
        seed(services, at, grid_code=None, lat=None, lon=None)
        first = sign_in(client, make_key("operator"))
        first.get(f"{PAGE}/judged")  # What is kept for a minute is kept for its scope alone.
        assert totals(first.get(PAGE).text)["Opened"] == "3"
        reader = sign_in(client, make_key("auditor", grids=("B",)))
        page = reader.get(PAGE).text
        assert totals(page)["Opened"] == "1"
        assert "A1" not in page
        assert "Only within your grid cells: B" in page
        heat = reader.get(f"{PAGE}/heat").json()
        assert [one["properties"]["code"] for one in heat["cells"]["features"]] == ["B1"]
        assert len(heat["squares"]) == 1
        judged = reader.get(f"{PAGE}/judged").text
        assert '<dt>Not looked at yet</dt><dd class="number">1</dd>' in judged

    def test_keys_without_the_right_to_read_get_nothing(
        self, client: "TestClient", make_key: "MakeKey"
    ) -> None:
        key = make_key("camera")["Authorization"].removeprefix("Bearer ")
        client.post("/console/login", data={"key": key})
        assert client.get(PAGE, follow_redirects=False).status_code in (303, 403)
