"""The ledger as a file: what stands in it, that nothing runs, and who took it."""

import csv
import io
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from sqlalchemy import insert

from api.ids import new_id
from api.store.audit import AuditRow, list_audit
from api.store.tables import case_reports, cases, reports
from api.web import exports
from api.web.cells import guard_cell
from api.web.exports import COLUMNS
from api.web.routes import ledger

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from api.services import Services

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CSV, XLSX = "/console/ledger/export.csv", "/console/ledger/export.xlsx"
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"]


def _read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _read_xlsx(data: bytes) -> list[list[str]]:
    """Return the cells of the first sheet as they are stored."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert book.testzip() is None
        root = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert root.find(f".//{SHEET}f") is None, "there is a formula"
        assert root.find(f".//{SHEET}pane") is not None, "the head does not stay"
        assert root.find(f"{SHEET}autoFilter") is not None
        assert b"hyperlink" not in book.read("xl/worksheets/sheet1.xml")
        shared: list[str] = []
        if "xl/sharedStrings.xml" in book.namelist():
            strings = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
            shared = ["".join(one.itertext()) for one in strings.iter(f"{SHEET}si")]
    rows = []
    for row in root.iter(f"{SHEET}row"):
        cells = [""] * len(COLUMNS)
        for cell in row.iter(f"{SHEET}c"):
            at = re.match("[A-Z]+", cell.attrib["r"])
            assert at is not None
            text = "".join(cell.itertext())
            kind = cell.attrib.get("t", "n")
            cells[ord(at[0]) - ord("A")] = shared[int(text)] if kind == "s" else text
        rows.append(cells)
    return rows


def _audit(services: "Services") -> list[AuditRow]:
    with services.database.read() as connection:
        rows = list_audit(connection)
    return [row for row in rows if row.action == "ledger.exported"]


def test_csv_opens_in_excel_and_runs_nothing(
    client: "TestClient", enter: Callable[..., str], write_case: Callable[..., str]
) -> None:
    for n, text in enumerate([*DANGEROUS, '花园路 "东"，12 号\n二楼', None]):
        write_case(address=text, opened_at=NOW - timedelta(hours=n), lat=-31.5, lon=121.25)
    enter()
    answer = client.get(CSV)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert 'filename="ledger.csv"' in answer.headers["content-disposition"]
    assert "%E5%8F%B0%E8%B4%A6-20260302-0900.csv" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = _read_csv(answer.content)
    assert [row["地址"] for row in rows] == [
        *(f"'{text}" for text in DANGEROUS),
        '花园路 "东"，12 号\n二楼',
        "",
    ]
    assert (rows[0]["案件号"], rows[0]["发现时间"]) == ("2026-000001", "2026-03-02 09:00")
    assert float(rows[0]["纬度(WGS-84)"]) == -31.5  # A number, and not a formula.
    assert rows[0]["问题类别"] == "垃圾满溢"


def test_a_workbook_holds_dates_by_the_bureaus_clock_and_text_as_text(
    client: "TestClient", enter: Callable[..., str], write_case: Callable[..., str]
) -> None:
    for n, text in enumerate([*DANGEROUS, "http://evil.example/", "0123"]):
        write_case(address=text, opened_at=NOW - timedelta(hours=n), priority=7, lat=31.5, lon=1.0)
    enter()
    client.cookies.set("street_issues_language", "en")
    answer = client.get(XLSX)
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert int(answer.headers["content-length"]) == len(answer.content)
    head, *rows = _read_xlsx(answer.content)
    assert head == [column.en for column in COLUMNS]
    address, opened = head.index("address"), head.index("opened")
    shown = [row[address].replace("_x000D_", "\r") for row in rows]
    assert shown == [*DANGEROUS, "http://evil.example/", "0123"]
    epoch = datetime(1899, 12, 30)
    days = float(rows[0][opened])
    assert abs(epoch + timedelta(days=days) - datetime(2026, 3, 2, 9, 0)) < timedelta(seconds=1)
    assert rows[0][head.index("priority")] == "7"


def test_the_whole_filtered_list_within_the_cells_is_handed_out_and_noted(
    client: "TestClient",
    services: "Services",
    enter: Callable[..., str],
    write_case: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports, "PAGE_ROWS", 3)
    for n in range(10):
        write_case(
            grid_code="320500001" if n < 8 else "310101001",
            state="filed" if n else "closed",
            address="secret lane",
            opened_at=NOW - timedelta(hours=n),
        )
    enter(grids=("3205",))
    rows = _read_csv(client.get(f"{CSV}?state=filed&q=lane&order=priority").content)
    assert [row["案件号"] for row in rows] == [f"2026-{n:06d}" for n in range(2, 9)]
    assert len(_read_xlsx(client.get(f"{XLSX}?grid=3101").content)) == 1
    assert len(_read_xlsx(client.get(XLSX).content)) == 9
    whole, none, some = _audit(services)
    assert (some.target, some.details) == (
        "cases",
        {
            "count": 7,
            "form": "csv",
            "filter": {"state": ["filed"], "q": "…", "order": "priority"},
        },
    )
    assert (none.details["count"], whole.details["count"]) == (0, 8)
    assert some.actor.startswith("key:")


def test_nothing_personal_is_handed_out(
    client: "TestClient",
    services: "Services",
    enter: Callable[..., str],
    write_case: Callable[..., str],
) -> None:
    case_id = write_case()
    report_id = new_id()
    with services.database.write() as connection:
        connection.execute(
            insert(reports).values(
                id=report_id,
                received_at=NOW,
                source="citizen",
                state="unscored",
                note="my-secret-note",
                contact={"phone": "13800000000"},
                reporter_hash="f" * 64,
            )
        )
        connection.execute(
            insert(case_reports).values(
                case_id=case_id, report_id=report_id, joined_at=NOW, why="opened", findings=[]
            )
        )
    enter()
    text = client.get(CSV).text
    assert "2026-000001" in text
    for personal in ("my-secret-note", "13800000000", "f" * 64):
        assert personal not in text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_order_of_deadlines_keeps_its_cases(
    client: "TestClient", enter: Callable[..., str], write_case: Callable[..., str]
) -> None:
    write_case(state="dispatched", due_at=NOW)
    write_case(state="closed", due_at=NOW, ended_at=NOW)
    enter()
    rows = _read_csv(client.get(f"{CSV}?order=due").content)
    assert [row["案件号"] for row in rows] == ["2026-000001"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_memory_stays_flat(
    client: "TestClient", services: "Services", enter: Callable[..., str], kind: str
) -> None:
    enter()

    def fill(count: int) -> None:
        row = {
            "state": "filed",
            "source": "citizen",
            "priority": 0,
            "reports_count": 1,
            "reporters_count": 1,
            "opened_at": NOW,
            "state_since": NOW,
            "version": 1,
            "address": "花园路",
        }
        with services.database.write() as connection:
            ids = [new_id() for _ in range(count)]
            made = [row | {"id": one, "number": one[-12:]} for one in ids]
            connection.execute(cases.insert(), made)

    def peak() -> int:
        tracemalloc.start()
        with client.stream("GET", f"/console/ledger/export.{kind}") as answer:
            assert answer.status_code == 200
            for _ in answer.iter_raw():
                break
        taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    fill(600)
    peak()
    small = peak()
    fill(12_000)
    # It grew by 0.4 MB when this was written; 500 bytes of each case kept would be 6 MB.
    assert peak() - small < 3_000_000


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_download_that_breaks_off_leaves_no_open_file(
    client: "TestClient",
    enter: Callable[..., str],
    write_case: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[io.BytesIO] = []

    def open_file() -> io.BytesIO:
        opened.append(io.BytesIO())
        return opened[-1]

    monkeypatch.setattr(exports, "_open_file", open_file)
    monkeypatch.setattr(ledger, "CHUNK_BYTES", 16)
    write_case()
    enter()
    with client.stream("GET", CSV) as answer:
        assert next(answer.iter_raw()) == b"\xef\xbb\xbf" + "案件号,事件".encode()[:13]
    assert opened[0].closed
    assert client.get(CSV).content.startswith(b"\xef\xbb\xbf")
    assert opened[1].closed


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stranger_gets_no_file_and_leaves_no_note(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    answer = client.get(CSV, follow_redirects=False)
    assert answer.headers["location"].startswith("/console/login")
    enter()
    assert client.get("/console/ledger/export.exe").status_code == 422
    assert client.get(f"{CSV}?size=50").status_code == 422
    assert _audit(services) == []


@pytest.mark.parametrize("text", ["花园路", "a=1", "'=1", " =1", ""])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert guard_cell(text) == text


def test_no_more_than_two_are_written_at_once(
    client: "TestClient", app: "FastAPI", enter: Callable[..., str]
) -> None:
    enter()
    asking = {"Accept": "application/json"}
    with app.state.export_room, app.state.export_room:
        refused = client.get("/console/ledger/export.csv", headers=asking)
    assert (refused.status_code, refused.json()["code"]) == (503, "exports_full")
    for _ in range(3):  # Each gives its place back.
        assert client.get("/console/ledger/export.csv").status_code == 200
