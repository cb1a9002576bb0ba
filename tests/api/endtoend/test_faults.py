"""What has been accepted is never lost: processes are killed, disks fill, databases go away."""

import itertools
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sqlalchemy import func, select

from api.photos.store import open_photo_store
from api.store.database import Database
from api.store.side_tables import outbox
from api.store.tables import case_events, case_reports, cases, jobs, photos, reports
from tests.api.endtoend.crowd import Crowd, Sent

StartServer = Callable[..., Any]
DRAIN_S = 300


@pytest.fixture
def small_photos() -> Iterator[bytes]:
    """Endless small photos, no two alike in bytes."""
    noise = np.random.default_rng(5).integers(0, 256, (9, 12, 3), np.uint8)
    picture = cv2.resize(noise, (96, 72), interpolation=cv2.INTER_CUBIC)
    done, data = cv2.imencode(".jpg", picture)
    assert done
    return (data.tobytes() + b"%d" % number for number in itertools.count())


def wait_until_scored(database: Database) -> None:
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline:
        with database.read() as connection:
            if connection.execute(select(func.count()).select_from(jobs)).scalar_one() == 0:
                return
        time.sleep(0.2)
    raise AssertionError("jobs are left over")


def check_ledger(database: Database, folder: Path, accepted: list[Sent]) -> None:
    """Every report that was answered is there once, with its photo, its news and its case."""
    store = open_photo_store(None, folder)
    with database.read() as connection:
        ids = list(connection.execute(select(reports.c.id)).scalars())
        rows = {
            row.id: row.photo_sha256
            for row in connection.execute(select(reports.c.id, reports.c.photo_sha256))
        }
        news = connection.execute(
            select(outbox.c.subject, func.count())
            .where(outbox.c.type == "cn.street-issues.report.received")
            .group_by(outbox.c.subject)
        ).all()
        of_cases = set(connection.execute(select(case_reports.c.report_id)).scalars())
        stored = connection.execute(select(photos.c.sha256)).scalars().all()
        counted = connection.execute(select(func.sum(cases.c.reports_count))).scalar_one()
        speaking = connection.execute(select(func.count()).select_from(case_reports)).scalar_one()
        opened = connection.execute(
            select(func.count()).select_from(case_events).where(case_events.c.action == "opened")
        ).scalar_one()
        n_cases = connection.execute(select(func.count()).select_from(cases)).scalar_one()
    assert sorted(ids) == sorted(one.answer["id"] for one in accepted if one.answer)
    for one in accepted:
        assert one.answer is not None
        digest = sha256(one.photo).hexdigest()
        assert rows[one.answer["id"]] == digest
        assert store.get(digest) == one.photo
    assert {subject: count for subject, count in news} == {f"reports/{one}": 1 for one in ids}
    assert of_cases == set(ids)
    assert set(stored) == {sha256(one.photo).hexdigest() for one in accepted}
    assert counted == speaking
    assert opened == n_cases


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.faults)])
def test_kill_9_at_random_moments(
    start_server: StartServer,
    database_url: str,
    small_photos: Iterator[bytes],
    kills: int,
) -> None:
    crowd = Crowd(small_photos)
    chance = random.Random(kills)
    for _ in range(kills):
        server = start_server(database_url, score_timeout_s="2", report_wait_s="1")
        headers = {"Authorization": server.client().headers["authorization"]}
        cut = threading.Timer(chance.uniform(0.05, 1.2), server.kill)
        cut.start()
        crowd.upload_for((server.url,), headers, lambda s=server: s.process.poll() is not None)
        cut.join()
    server = start_server(database_url, score_timeout_s="2", report_wait_s="1")
    client = server.client()
    for one in crowd.sent:
        if one.answer is None:
            crowd.hand_in(client, one)
    database = Database(ledger_of(server, database_url))
    wait_until_scored(database)
    assert crowd.refused == []
    assert len(crowd.sent) > kills
    check_ledger(database, server.data / "photos", crowd.sent)
    database.close()
    assert server.stop() == 0


def ledger_of(server: Any, database_url: str) -> str:
    if database_url.startswith("postgresql"):
        return database_url
    return f"sqlite:///{server.data / 'ledger.db'}"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_replicas_on_one_postgresql(
    start_server: StartServer, database_url: str, small_photos: Iterator[bytes]
) -> None:
    first = start_server(database_url)
    second = start_server(database_url)
    headers = {"Authorization": first.client().headers["authorization"]}
    crowd = Crowd(small_photos)
    end = time.monotonic() + 6
    crowd.upload_for((first.url, second.url), headers, lambda: time.monotonic() > end)
    database = Database(database_url)
    wait_until_scored(database)
    assert crowd.refused == []
    check_ledger(database, first.data / "photos", crowd.sent)
    with database.read() as connection:
        spots = connection.execute(select(cases.c.lat, cases.c.label)).all()
    database.close()
    # Seven spots with a bin each, however the two replicas were taking turns.
    assert len({(round(row.lat, 4), row.label) for row in spots}) == len(spots)


def test_one_idempotency_key_fifty_times_at_once(
    start_server: StartServer, database_url: str, small_photos: Iterator[bytes]
) -> None:
    server = start_server(database_url)
    photo = next(small_photos)
    answers: list[Any] = []

    def hand_in() -> None:
        answers.append(
            server.client().post(
                "/v1/reports",
                files={"photo": ("a.jpg", photo, "image/jpeg")},
                headers={"Idempotency-Key": "one"},
            )
        )

    threads = [threading.Thread(target=hand_in) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    database = Database(ledger_of(server, database_url))
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(reports)).scalar_one() == 1
    database.close()


def test_a_consumer_that_dies_with_its_lease(
    start_server: StartServer, database_url: str, small_photos: Iterator[bytes]
) -> None:
    server = start_server(database_url)
    client = server.client()
    client.post(
        "/v1/reports",
        files={"photo": ("a.jpg", next(small_photos), "image/jpeg")},
        data={"label": "site_dust"},
    ).raise_for_status()
    want = {"states": ["collected"], "seconds": 10, "wait_s": 10}
    (dead,) = client.post("/v1/queue/lease", json=want).json()["leased"]
    assert client.post("/v1/queue/lease", json=want | {"wait_s": 0}).json()["leased"] == []
    (mine,) = client.post("/v1/queue/lease", json=want | {"wait_s": 30}).json()["leased"]
    assert mine["case"]["id"] == dead["case"]["id"]
    assert mine["lease_token"] > dead["lease_token"]
    for lease, outcome in ((dead, "lease_lost"), (mine, "done")):
        item = {"case_id": lease["case"]["id"], "lease_token": lease["lease_token"]}
        answer = client.post("/v1/queue/ack", json={"items": [item]}).json()
        assert [one["outcome"] for one in answer["outcomes"]] == [outcome]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk takes root")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_for_photos(
    start_server: StartServer, database_url: str, small_disk: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "photos").symlink_to(small_disk)
    server = start_server(database_url, data=data)
    client = server.client()
    noise = np.random.default_rng(1)
    answers = []
    for _ in range(14):
        done, photo = cv2.imencode(".png", noise.integers(0, 256, (180, 240, 3), np.uint8))
        assert done
        files = {"photo": ("a.png", photo.tobytes(), "image/png")}
        answers.append((photo.tobytes(), client.post("/v1/reports", files=files)))
    statuses = [answer.status_code for _, answer in answers]
    assert set(statuses) == {202, 507}
    refused = next(answer for _, answer in answers if answer.status_code == 507)
    assert refused.json()["code"] == "storage_full"
    assert refused.headers["content-type"] == "application/problem+json"
    accepted = [
        Sent("", photo, 0, answer.json()) for photo, answer in answers if answer.status_code == 202
    ]
    database = Database(ledger_of(server, database_url))
    wait_until_scored(database)
    check_ledger(database, data / "photos", accepted)
    database.close()
    files_there = [path for path in small_disk.rglob("*") if path.is_file()]
    assert {path.name for path in files_there} == {
        sha256(one.photo).hexdigest() for one in accepted
    }


@pytest.mark.parametrize("restarts", [2, pytest.param(20, marks=pytest.mark.faults)])
def test_postgresql_restarts_under_load(
    start_server: StartServer,
    own_postgres: Any,
    small_photos: Iterator[bytes],
    restarts: int,
) -> None:
    server = start_server(own_postgres.url, score_timeout_s="3", report_wait_s="1")
    headers = {"Authorization": server.client().headers["authorization"]}
    crowd = Crowd(small_photos)
    end = time.monotonic() + 3 * restarts
    uploads = threading.Thread(
        target=crowd.upload_for, args=((server.url,), headers, lambda: time.monotonic() > end)
    )
    uploads.start()
    for _ in range(restarts):
        time.sleep(1.5)
        own_postgres.restart()
    uploads.join()
    # While the database is away an upload is refused with words, and the phone tries again.
    assert all(one.startswith("503 ") for one in crowd.refused), crowd.refused[:3]
    client = server.client()
    for one in crowd.sent:
        if one.answer is None:
            crowd.hand_in(client, one)
    database = Database(own_postgres.url)
    wait_until_scored(database)
    check_ledger(database, server.data / "photos", crowd.sent)
    database.close()
    assert server.stop() == 0
