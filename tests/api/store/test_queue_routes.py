"""The queue as consumers use it."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from sqlalchemy import select

from api.casework.queueing import LeaseOrder, lease_cases
from api.ids import new_id
from api.principal import Principal
from api.schemas.queue import LONGEST_POLL_S
from api.services import Services
from api.store.cases import get_case
from api.store.queue import depths, put_work
from api.store.side_tables import outbox
from api.store.tables import case_events

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from tests.api.conftest import SetClock

Headers = dict[str, str]
MakeKey = Callable[..., Headers]
AddCase = Callable[..., str]
File = Callable[..., str]


@pytest.fixture
def file(services: Services, add_case: AddCase) -> File:
    """Return a function that writes a case which waits in the queue."""

    def file(
        *, state: str = "dispatched", grid_code: str | None = None, priority: int = 0, **work: Any
    ) -> str:
        now: datetime = services.clock()
        with services.database.write() as connection:
            case_id = add_case(connection, state=state, grid_code=grid_code, priority=priority)
            put_work(
                connection,
                case_id=case_id,
                state=state,
                label="overflowing_bin",
                grid_code=grid_code,
                priority=priority,
                since=now,
                at=now,
                **work,
            )
        return case_id

    return file


def _post(client: "TestClient", path: str, headers: Headers, **body: Any) -> Any:
    answer = client.post(f"/v1/queue/{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _item(leased: dict[str, Any]) -> dict[str, Any]:
    return {"case_id": leased["case"]["id"], "lease_token": leased["lease_token"]}


def test_lease_then_ack(client: "TestClient", make_key: MakeKey, file: File) -> None:
    key = make_key("consumer")
    case_id = file(priority=5)
    file(state="collected")
    (leased,) = _post(client, "lease", key)["leased"]
    assert leased["case"]["id"] == case_id
    assert leased["case"]["priority"] == 5
    assert leased["path"] == f"/v1/cases/{case_id}"
    assert leased["leased_until"] == "2026-03-02T01:05:00Z"
    assert (leased["attempts"], leased["last_error"]) == (1, None)
    assert _post(client, "lease", key)["leased"] == []
    item = _item(leased)
    stale = item | {"lease_token": item["lease_token"] - 1}
    outcomes = _post(client, "ack", key, items=[item, stale])["outcomes"]
    assert outcomes == [item | {"outcome": "done"}, stale | {"outcome": "lease_lost"}]
    (collected,) = _post(client, "lease", key, states=["collected"])["leased"]
    assert collected["case"]["state"] == "collected"


def test_nack_and_extend(
    client: "TestClient", make_key: MakeKey, file: File, clock: "SetClock"
) -> None:
    key = make_key("consumer")
    file()
    item = _item(_post(client, "lease", key, seconds=60)["leased"][0])
    extended = _post(client, "extend", key, items=[item], seconds=600)
    assert extended["outcomes"][0]["outcome"] == "done"
    clock.advance(seconds=599)
    assert _post(client, "lease", key)["leased"] == []
    given = _post(client, "nack", key, items=[item], pause_s=10, error="unit is closed")
    assert given["outcomes"][0]["outcome"] == "done"
    again = _post(client, "extend", key, items=[item])
    assert again["outcomes"][0]["outcome"] == "lease_lost"
    clock.advance(seconds=10)
    (leased,) = _post(client, "lease", key)["leased"]
    assert leased["last_error"] == "unit is closed"


def test_grids_and_rights(client: "TestClient", make_key: MakeKey, file: File) -> None:
    inside, outside = file(grid_code="310101"), file(grid_code="320000")
    (leased,) = _post(client, "lease", make_key("consumer", grids=("31",)))["leased"]
    assert leased["case"]["id"] == inside
    admin = make_key("admin")
    stolen = _post(client, "ack", admin, items=[_item(leased)])
    assert stolen["outcomes"][0]["outcome"] == "lease_lost"
    (rest,) = _post(client, "lease", admin, grid="32", labels=["overflowing_bin", None])["leased"]
    assert rest["case"]["id"] == outside
    for role in ("citizen-intake", "operator", "handler", "auditor"):
        refused = client.post("/v1/queue/lease", json={}, headers=make_key(role))
        assert refused.status_code == 403
    assert client.post("/v1/queue/lease", json={}).status_code == 401
    seen = client.get("/v1/queue", headers=make_key("handler", grids=("31",))).json()["depths"]
    assert [(one["state"], one["standing"], one["count"]) for one in seen] == [
        ("dispatched", "leased", 1)
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"n": 0},
        {"n": 101},
        {"seconds": 9},
        {"seconds": 3601},
        {"wait_s": 31},
        {"states": []},
        {"states": ["lost"]},
        {"grid": "3\x001"},
        {"unknown": 1},
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nonsense_is_refused(client: "TestClient", make_key: MakeKey, body: Any) -> None:
    answer = client.post("/v1/queue/lease", json=body, headers=make_key("consumer"))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_poison_is_parked_with_a_line_of_history_and_news(
    client: "TestClient",
    services: Services,
    make_key: MakeKey,
    file: File,
    clock: "SetClock",
) -> None:
    key = make_key("consumer")
    case_id = file(grid_code="310101")
    for _ in range(services.rules.queue_tries):
        (leased,) = _post(client, "lease", key, seconds=60)["leased"]
        clock.advance(seconds=60)
    _post(client, "nack", key, items=[_item(leased)], error="timeout")
    assert _post(client, "lease", key)["leased"] == []
    assert _post(client, "lease", key)["leased"] == []
    with services.database.read() as connection:
        (event,) = connection.execute(select(case_events)).all()
        (news,) = connection.execute(select(outbox)).all()
    assert (event.case_id, event.action, event.actor) == (case_id, "parked", "system:queue")
    assert event.details == {"attempts": services.rules.queue_tries, "last_error": "timeout"}
    assert (news.type, news.subject) == ("cn.street-issues.case.parked", f"cases/{case_id}")
    operator = make_key("operator")
    page = client.get("/v1/queue/parked", params={"limit": 1}, headers=operator).json()
    assert [(one["case_id"], one["last_error"]) for one in page["items"]] == [(case_id, "timeout")]
    rest = client.get(
        "/v1/queue/parked", params={"limit": 1, "cursor": page["next"]}, headers=operator
    )
    assert rest.json() == {"items": [], "next": None}

    elsewhere = make_key("operator", grids=("32",))
    hidden = _post(client, "unpark", elsewhere, case_ids=[case_id])
    assert hidden["outcomes"] == [{"case_id": case_id, "outcome": "not_parked"}]
    nobody = new_id()
    back = _post(client, "unpark", operator, case_ids=[nobody, case_id])
    assert [one["outcome"] for one in back["outcomes"]] == ["not_parked", "unparked"]
    assert client.get("/v1/queue/parked", headers=operator).json()["items"] == []
    (leased,) = _post(client, "lease", key)["leased"]
    assert leased["attempts"] == 1
    with services.database.read() as connection:
        actions = connection.scalars(select(case_events.c.action).order_by(case_events.c.seq))
        assert actions.all() == ["parked", "unparked"]


def test_a_bad_page_token_is_refused(client: "TestClient", make_key: MakeKey) -> None:
    answer = client.get(
        "/v1/queue/parked", params={"cursor": "WyJ4Il0"}, headers=make_key("operator")
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


def test_who_waits_gets_a_case_within_half_a_second(
    client: "TestClient", make_key: MakeKey, file: File
) -> None:
    key = make_key("consumer")
    put_at: list[float] = []

    def put_later() -> None:
        time.sleep(0.7)
        file()
        put_at.append(time.monotonic())

    thread = threading.Thread(target=put_later)
    thread.start()
    (leased,) = _post(client, "lease", key, wait_s=20)["leased"]
    got_at = time.monotonic()
    thread.join()
    assert leased["attempts"] == 1
    assert got_at - put_at[0] < 0.5 + 0.5  # Another half for a machine that others share.


def test_waiting_for_nothing_ends_in_time(client: "TestClient", make_key: MakeKey) -> None:
    started = time.monotonic()
    assert _post(client, "lease", make_key("consumer"), wait_s=1)["leased"] == []
    assert 0.9 < time.monotonic() - started < 5


def test_many_who_wait_hold_neither_thread_nor_connection(
    app: "FastAPI", make_key: MakeKey, file: File
) -> None:
    """More wait than there are threads (40) and connections (20); others are still served."""
    key = make_key("consumer")

    async def run() -> tuple[float, list[int]]:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:

            async def wait() -> int:
                body = {"wait_s": LONGEST_POLL_S, "n": 1}
                answer = await http.post("/v1/queue/lease", json=body, headers=key, timeout=60)
                return len(answer.json()["leased"])

            waiting = [asyncio.create_task(wait()) for _ in range(60)]
            await asyncio.sleep(1)
            started = time.monotonic()
            answer = await http.get("/v1/queue", headers=key)
            took_s = time.monotonic() - started
            assert answer.status_code == 200
            for _ in range(60):
                await asyncio.to_thread(file)
            return took_s, await asyncio.gather(*waiting)

    took_s, counts = asyncio.run(run())
    assert took_s < 2
    assert counts == [1] * 60


def test_parking_and_moving_at_once_block_each_other_not(
    services: Services, file: File, clock: "SetClock"
) -> None:
    """Poison is parked while people move the same cases: both lock, in the same order."""
    services.rules = replace(services.rules, queue_tries=1)
    ids = [file() for _ in range(12)]
    consumer = Principal("c" * 36, "consumer", "consumer")
    order = LeaseOrder(("dispatched", "filed"), (), None, 5, 10)
    stop = threading.Event()
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                while not stop.is_set():
                    work()
            except BaseException as error:
                failures.append(error)

        return run

    def consume() -> None:
        clock.advance(seconds=61)
        lease_cases(services, consumer, order)

    def move() -> None:
        state = "filed" if clock().minute % 2 else "dispatched"
        for case_id in ids:
            with services.database.write() as connection:
                assert get_case(connection, case_id, lock=True) is not None
                put_work(
                    connection,
                    case_id=case_id,
                    state=state,
                    label=None,
                    grid_code=None,
                    priority=0,
                    since=clock(),
                    at=clock(),
                )

    threads = [threading.Thread(target=guarded(one)) for one in (consume, consume, move)]
    for thread in threads:
        thread.start()
    time.sleep(3)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    with services.database.read() as connection:
        assert connection.scalars(select(case_events.c.action)).all()
        assert sum(one.count for one in depths(connection, clock())) == len(ids)
