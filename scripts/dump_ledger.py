"""Write a small ledger of this release as SQL, for the next release's upgrade test.

Usage: scripts/dump_ledger.py > tests/api/store/ledger-VERSION.sql  (once, when a release is made)
"""

import sqlite3
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.cases.grid import Grid
from api.cases.rules import load_rules
from api.cases.workdays import WorkCalendar
from api.casework.moving import MoveOrder, move_case
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.metrics import Metrics
from api.photos.store import open_photo_store
from api.scoring.fake import FakePool
from api.security.keyring import Keyring
from api.security.keys import WantedKey, create_key
from api.services import Services
from api.settings import Settings
from api.store import schema
from api.store.case_list import CaseFilter, list_cases
from api.store.database import Database
from detector.detections import Finding

BIN = Finding("f1", "overflowing_bin", 0.9, (100, 100, 400, 500), True, "medium")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'ledger.db'}")
        schema.upgrade(database)
        now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
        rules = load_rules(None)
        services = Services(
            settings=Settings(data=folder),
            clock=lambda: now,
            database=database,
            photos=open_photo_store(None, folder / "photos"),
            pool=FakePool(lambda data: (BIN,) if data.endswith(b"bin") else ()),
            rules=rules,
            calendar=WorkCalendar.from_rules(rules),
            grid=Grid.empty(),
            keyring=Keyring(b"the secret of the ledger that is dumped"),
            metrics=Metrics(),
        )
        principal, _ = create_key(services, WantedKey("desk", "admin"), actor="system:dump")
        for number, content in enumerate((b"a bin", b"another bin", b"a street")):
            photo = b"\xff\xd8\xff\xe0" + content
            lon = 121.47 + number // 2
            accept_report(services, NewReport("citizen", photo, note="满了", lat=31.23, lon=lon))
            while score_step(services) == 0.0:
                now += timedelta(minutes=1)
        with database.read() as connection:
            (first, _second) = list_cases(connection, CaseFilter(), "oldest")
        for move in ("verify", "file", "dispatch"):
            now += timedelta(minutes=1)
            move_case(services, principal, first.id, MoveOrder(move))
        database.close()
        with sqlite3.connect(folder / "ledger.db") as connection:
            sys.stdout.writelines(f"{line}\n" for line in connection.iterdump())


if __name__ == "__main__":
    main()
