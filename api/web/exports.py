"""The ledger as a file: every case found, in pages, so that memory stays flat."""

import csv
import errno
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any, Final, Literal

from xlsxwriter import Workbook
from xlsxwriter.exceptions import XlsxWriterException

from api.cases.case import Case
from api.cases.waiting import is_overdue
from api.errors import InvalidError, StorageError, StorageFullError
from api.principal import Principal
from api.services import Services
from api.store.audit import record_audit
from api.store.case_search import Search, turn_page
from api.web.cells import guard_cell
from api.web.shown import Showing

Kind = Literal["csv", "xlsx"]
Cell = str | int | float | datetime | None

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
PAGE_ROWS: Final = 500
MOST_ROWS: Final = 1_048_575
"""A sheet of Excel, less its head."""
_DATE_FORM: Final = "yyyy-mm-dd hh:mm"
_WIDTHS: Final[Mapping[type, int]] = {datetime: 17, int: 9, float: 12, str: 18}


@dataclass(frozen=True, slots=True)
class ExportForm:
    """Which kind of file, in whose language."""

    kind: Kind
    showing: Showing


@dataclass(frozen=True, slots=True)
class Exported:
    """A file that is ready to be sent; closing it deletes it."""

    file: IO[bytes]
    size_bytes: int
    count: int
    """Cases in it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file."""

    zh: str
    en: str
    kind: type
    read: Callable[[Case, Showing], Cell]


def _yes(showing: Showing, one: Case) -> str:
    return showing.choose("是", "yes") if is_overdue(one, showing.now) else ""


COLUMNS: Final = (
    Column("案件号", "number", str, lambda one, _: one.number),
    Column("事件编码", "event code", str, lambda one, _: one.event_code),
    Column("问题类别", "label", str, lambda one, to: to.label_name(one.label)),
    Column("状态", "state", str, lambda one, to: to.state_name(one.state)),
    Column("来源", "source", str, lambda one, to: to.source_name(one.source)),
    Column("严重程度", "severity", str, lambda one, to: to.severity_name(one.severity)),
    Column("优先级", "priority", int, lambda one, _: one.priority),
    Column("地址", "address", str, lambda one, _: one.address),
    Column("纬度(WGS-84)", "latitude (WGS-84)", float, lambda one, _: one.lat),
    Column("经度(WGS-84)", "longitude (WGS-84)", float, lambda one, _: one.lon),
    Column("网格", "grid cell", str, lambda one, _: one.grid_code),
    Column("上报数", "reports", int, lambda one, _: one.reports_count),
    Column("上报人数", "reporters", int, lambda one, _: one.reporters_count),
    Column("发现时间", "opened", datetime, lambda one, _: one.opened_at),
    Column("状态起始", "in this state since", datetime, lambda one, _: one.state_since),
    Column("核实期限", "review due", datetime, lambda one, _: one.review_due_at),
    Column("处置期限", "handling due", datetime, lambda one, _: one.due_at),
    Column("超时", "overdue", str, lambda one, to: _yes(to, one)),
    Column("办结时间", "ended", datetime, lambda one, _: one.ended_at),
)
"""Nothing of who reported, and nothing that they wrote but the place."""


def export_ledger(
    services: Services,
    principal: Principal,
    search: Search,
    form: ExportForm,
    filter_said: Mapping[str, Any],
) -> Exported:
    """Write every case found to a file, and who took it to the audit log.

    The order is that of opening, which no change moves, so that each case stands in it once
    however long the writing takes.

    Args:
        services: What the service works with.
        principal: Who asks; the search is within their grid cells.
        search: What is looked for.
        form: Of the file.
        filter_said: The filter as the audit log keeps it.

    Raises:
        InvalidError: More cases than a sheet holds.
        StorageError: The database does not answer, or no space is left for the file.
    """
    if search.order not in ("newest", "oldest"):
        search = replace(search, order="newest", running=search.running or search.order == "due")
    file = _open_file()
    try:
        write = _write_csv if form.kind == "csv" else _write_xlsx
        count = write(file, _read_cases(services, search), form.showing)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        with services.database.write() as connection:
            record_audit(
                services.database,
                connection,
                at=services.clock(),
                actor=principal.actor,
                action="ledger.exported",
                target="cases",
                details={"count": count, "form": form.kind, "filter": dict(filter_said)},
            )
    except BaseException as error:
        file.close()
        if isinstance(error, OSError | XlsxWriterException):
            raise _translate(error) from error
        raise
    return Exported(file, size, count)


def _read_cases(services: Services, search: Search) -> Iterator[Case]:
    after = None
    while True:
        # A transaction each: a long one would hold up the database's tidying.
        with services.database.read() as connection:
            page = turn_page(connection, search, after=after, limit=PAGE_ROWS)
        yield from page.cases
        after = page.after
        if after is None:
            return


def _write_csv(file: IO[bytes], found: Iterator[Case], showing: Showing) -> int:
    # With a BOM: without it Excel reads Chinese as the system's old code page.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([showing.choose(column.zh, column.en) for column in COLUMNS])
    count = 0
    for one in found:
        writer.writerow([_show_cell(column.read(one, showing), showing) for column in COLUMNS])
        count += 1
    text.flush()
    text.detach()
    return count


def _show_cell(value: Cell, showing: Showing) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return showing.local_time(value)
    return guard_cell(value) if isinstance(value, str) else value


def _write_xlsx(file: IO[bytes], found: Iterator[Case], showing: Showing) -> int:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = Workbook(file, options)
    try:
        count = _fill_sheet(book, found, showing)
    finally:
        book.close()
    return count


def _fill_sheet(book: Workbook, found: Iterator[Case], showing: Showing) -> int:
    head = book.add_format({"bold": True, "bg_color": "#DCEBEE", "bottom": 1})
    date = book.add_format({"num_format": _DATE_FORM})
    sheet = book.add_worksheet(showing.choose("台账", "Ledger"))
    for at, column in enumerate(COLUMNS):
        sheet.set_column(at, at, _WIDTHS[column.kind])
        sheet.write_string(0, at, showing.choose(column.zh, column.en), head)
    sheet.freeze_panes(1, 1)
    timezone = showing.rules.timezone
    row = 0
    for row, one in enumerate(found, start=1):
        if row > MOST_ROWS:
            raise InvalidError(
                "too_many_rows",
                f"A sheet holds {MOST_ROWS:,} cases; there are more.",
                "Filter by date, or export as CSV.",
            )
        for at, column in enumerate(COLUMNS):
            value = column.read(one, showing)
            if isinstance(value, datetime):
                # Excel knows no time zones: what it shows is the bureau's clock.
                local = value.astimezone(timezone).replace(tzinfo=None, second=0, microsecond=0)
                sheet.write_datetime(row, at, local, date)
            elif isinstance(value, str):
                sheet.write_string(row, at, value)
            elif value is not None:
                sheet.write_number(row, at, value)
    sheet.autofilter(0, 0, max(row, 1), len(COLUMNS) - 1)
    return row


def _open_file() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(prefix="street-issues-export-")
    except OSError as error:
        raise _translate(error) from error


def _translate(error: Exception) -> StorageError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFullError(
            "storage_full", "No space is left for the export's temporary file.", retry_after_s=60
        )
    return StorageError("export_failed", f"The export could not be written: {error}.")
