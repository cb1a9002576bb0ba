"""The statistics page: filters, words, scope, export, the map's data."""

import csv
import html
import io
import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.cases.grid import Grid, GridCell
from api.ids import new_id
from api.store.people_tables import citizen_words
from api.store.tables import case_events, cases, photos, reports, verdicts

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services
    from tests.api.conftest import MakeKey, SetClock

PAGE = "/console/statistics"
EVIL = '<script>alert("x")</script>'
SQUARE = [[[121.0, 31.0], [121.01, 31.0], [121.01, 31.01], [121.0, 31.01], [121.0, 31.0]]]


def sign_in(client: "TestClient", headers: dict[str, str]) -> "TestClient":
    key = headers["Authorization"].removeprefix("Bearer ")
    answer = client.post("/console/login", data={"key": key}, follow_redirects=False)
    assert answer.status_code == 303
    client.headers["Accept-Language"] = "en"
    return client


def seed(services: "Services", opened_at: datetime, **values: Any) -> str:
    """Write a case without all that leads to one."""
    case_id = new_id()
    row: dict[str, Any] = {
        "id": case_id,
        "number": case_id[-24:],
        "label": "overflowing_bin",
        "state": "collected",
        "source": "citizen",
        "lat": 31.005,
        "lon": 121.005,
        "grid_code": "A1",
        "priority": 0,
        "reports_count": 1,
        "reporters_count": 1,
        "opened_at": opened_at,
        "state_since": opened_at,
        "version": 1,
    }
    with services.database.write() as connection:
        connection.execute(cases.insert().values(row | values))
    return case_id


@pytest.fixture
def reader(client: "TestClient", make_key: "MakeKey") -> "TestClient":
    return sign_in(client, make_key("operator"))


@pytest.fixture
def grid(services: "Services") -> None:
    geometry = {"type": "Polygon", "coordinates": SQUARE}
    services.grid = Grid.from_rows([GridCell("A1", EVIL, geometry), GridCell("B1", None, geometry)])


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


def judge(services: "Services", case_id: str, at: datetime, *said: str, added: int = 0) -> None:
    box = [1.0, 2.0, 30.0, 40.0]
    sha256 = new_id().replace("-", "") * 2
    findings = [
        {"label": "overflowing_bin", "score": 0.9, "box_xyxy": box, "verdict": one} for one in said
    ]
    with services.database.write() as connection:
        connection.execute(
            photos.insert().values(
                sha256=sha256, size_bytes=1, media_type="image/jpeg", stored_at=at
            )
        )
        connection.execute(
            verdicts.insert().values(
                id=new_id(),
                case_id=case_id,
                photo_sha256=sha256,
                at=at,
                actor="key:1",
                role="operator",
                body={
                    "model": {"name": "street", "version": "1.2"},
                    "findings": findings,
                    "added": [{"label": "site_dust", "box_xyxy": box}] * added,
                    "reviewed": [],
                },
            )
        )


def test_judgements_say_what_they_rest_on(
    reader: "TestClient", services: "Services", clock: "SetClock"
) -> None:
    at = clock.now - timedelta(hours=3)
    case_id = seed(services, at)
    judge(services, case_id, at, *["true"] * 15, "moved", "false", "wrong_label", added=2)
    page = reader.get(f"{PAGE}/judged").text
    assert "88.9 %" in page
    assert "(16/18)" in page
    assert "under 20, a hint only" in page
    assert "67.2 % – 96.9 %" in page
    assert "street 1.2 (18)" in page
    clock.advance(seconds=61)  # Until then the figures are those of before.
    judge(services, case_id, at, "true", "true")
    page = reader.get(f"{PAGE}/judged").text
    assert "(18/20)" in page
    assert "under 20" not in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestWords:
    def test_figures_are_kept_for_a_minute(
        self, reader: "TestClient", services: "Services", clock: "SetClock"
    ) -> None:
        form = '<dt>Not looked at yet</dt><dd class="number">{}</dd>'
        assert form.format(0) in reader.get(f"{PAGE}/judged").text
        seed(services, clock.now - timedelta(hours=1))
        clock.advance(seconds=59)
        assert form.format(0) in reader.get(f"{PAGE}/judged").text
        assert form.format(1) in reader.get(f"{PAGE}/judged", params={"span": "7"}).text
        clock.advance(seconds=1)
        page = reader.get(f"{PAGE}/judged").text
        assert form.format(1) in page
        assert "Counted at 2026-03-02 09:01" in page

    @pytest.mark.usefixtures("grid")
    def test_names_of_cells_are_text(
        self, reader: "TestClient", services: "Services", clock: "SetClock"
    ) -> None:
        seed(services, clock.now - timedelta(hours=1))
        page = reader.get(PAGE)
        assert EVIL not in page.text
        assert "&lt;script&gt;" in page.text
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page.text)
        heat = reader.get(f"{PAGE}/heat")
        assert heat.headers["Content-Type"] == "application/json"
        assert heat.headers["X-Content-Type-Options"] == "nosniff"
        assert heat.headers["Cache-Control"] == "no-store"
        assert heat.json()["cells"]["features"][0]["properties"]["name"] == EVIL
        asked = reader.get(PAGE, params={"grid": '"><b>'}).text
        assert "<b>" not in asked

    def test_it_speaks_chinese(self, reader: "TestClient") -> None:
        reader.headers["Accept-Language"] = "zh-CN"
        assert "时段内没有案件。" in reader.get(PAGE).text
        assert "时段内没有判断。" in reader.get(f"{PAGE}/judged").text

    @pytest.mark.usefixtures("grid")
    def test_the_export_holds_every_figure(
        self, reader: "TestClient", services: "Services", clock: "SetClock"
    ) -> None:
        at = clock.now - timedelta(days=1)
        case_id = seed(services, at, state="closed", ended_at=at + timedelta(hours=5))
        seed(services, at, grid_code="=1+1")
        with services.database.write() as connection:
            for action, hours in (("verify", 1), ("dispatch", 2), ("dispatch", 3), ("close", 5)):
                connection.execute(
                    case_events.insert().values(
                        id=new_id(),
                        case_id=case_id,
                        at=at + timedelta(hours=hours),
                        actor="key:1",
                        action=action,
                        to_state="closed",
                        details={},
                    )
                )
            connection.execute(
                reports.insert().values(
                    id=case_id, received_at=at, source="citizen", state="scored"
                )
            )
            for number, is_right in enumerate((True, True, False)):
                connection.execute(
                    citizen_words.insert().values(
                        report_id=case_id,
                        finding_id=str(number),
                        label="site_dust",
                        is_right=is_right,
                        at=at,
                    )
                )
        answer = reader.get(f"{PAGE}/figures.csv", params={"span": "7"})
        assert answer.headers["Content-Disposition"] == (
            'attachment; filename="statistics-2026-02-24-2026-03-02.csv"'
        )
        assert answer.text.startswith("\ufeff")
        lines = list(csv.reader(io.StringIO(answer.text[1:])))
        assert lines[0] == ["figure", "item", "measure", "value"]
        said = {(figure, item, measure): value for figure, item, measure, value in lines[1:]}
        assert len(said) == len(lines) - 1
        assert said["totals", "Opened", "cases"] == "2"
        assert said["by day", "2026-03-01", "opened"] == "2"
        assert said["by day", "2026-02-24", "opened"] == "0"
        assert said["by grid cell", "'=1+1", "opened"] == "1"
        assert said["handling time", "all", "median, minutes"] == "120"
        assert said["first look", "", "median, minutes"] == "60"
        assert said["first look", "", "not looked at yet"] == "1"
        assert said["citizens", "site dust", "right"] == "2"
        assert said["citizens", "site dust", "right / share"] == "0.6667"

    @pytest.mark.usefixtures("grid")
    def test_the_map_has_limits_for_its_colours(
        self, reader: "TestClient", services: "Services", clock: "SetClock"
    ) -> None:
        at = clock.now - timedelta(days=1)
        for number in range(4):
            for _ in range(number + 1):
                seed(services, at, lat=31.0005 + number * 0.001, lon=121.0005)
        seed(services, at, lat=None, lon=None)
        heat = json.loads(reader.get(f"{PAGE}/heat").text)
        assert [one[4] for one in heat["squares"]] == [4, 3, 2, 1]
        south, west, north, east, _ = heat["squares"][0]
        assert south <= 31.0035 < north
        assert west <= 121.0005 < east
        assert heat["square_limits"] == [1, 2, 3, 4]
        assert heat["squares_left_out"] is False
