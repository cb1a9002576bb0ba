"""What the statistics page says in words: judgements, names, the export, the map's data."""

import csv
import io
import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from api.ids import new_id
from api.store.people_tables import citizen_words
from api.store.tables import case_events, photos, reports, verdicts
from tests.api.web import statistics_page
from tests.api.web.statistics_page import EVIL, PAGE, seed

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services
    from tests.api.conftest import SetClock

grid = pytest.fixture(statistics_page.grid)
reader = pytest.fixture(statistics_page.reader)


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
