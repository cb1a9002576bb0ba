import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from api.store.audit import ChainHead, check_chain, list_audit, record_audit
from api.store.side_tables import audit

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services
    from api.store.database import Database

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def record(database: "Database", number: int, details: dict[str, Any] | None = None) -> ChainHead:
    with database.write() as connection:
        return record_audit(
            database,
            connection,
            at=AT,
            actor="system:test",
            action="test.done",
            target=f"things/{number}",
            details=details or {"number": number},
        )


@pytest.fixture
def chain(database: "Database") -> "Database":
    for number in range(1, 8):
        record(database, number)
    return database


def test_an_empty_chain_is_whole(database: "Database") -> None:
    with database.read() as connection:
        assert check_chain(connection).head == ChainHead(0, "0" * 64)


def test_a_chain_is_whole(chain: "Database") -> None:
    with chain.read() as connection:
        check = check_chain(connection)
    assert (check.rows, check.problem) == (7, None)
    assert check.head.seq == 7


@pytest.mark.parametrize("column", ["at", "actor", "action", "target", "details", "hash"])
def test_a_changed_row_is_found(chain: "Database", column: str) -> None:
    other = {"at": datetime(2020, 1, 1, tzinfo=UTC), "details": {"number": 40}, "hash": "f" * 64}
    with chain.write() as connection:
        value = other.get(column, "another")
        connection.execute(update(audit).where(audit.c.seq == 4).values({column: value}))
        assert check_chain(connection).broken_seq == 4


def test_a_row_taken_out_of_the_middle_is_found(chain: "Database") -> None:
    with chain.write() as connection:
        connection.execute(delete(audit).where(audit.c.seq == 3))
        check = check_chain(connection)
    assert check.broken_seq == 3
    assert check.problem is not None
    assert "missing" in check.problem


def test_rows_closed_up_over_a_gap_are_found(chain: "Database") -> None:
    with chain.write() as connection:
        connection.execute(delete(audit).where(audit.c.seq == 3))
        for seq in range(4, 8):
            connection.execute(update(audit).where(audit.c.seq == seq).values(seq=seq - 1))
        assert check_chain(connection).broken_seq == 3


def test_two_rows_that_changed_places_are_found(chain: "Database") -> None:
    with chain.write() as connection:
        for old, new in ((5, 100), (6, 5), (100, 6)):
            connection.execute(update(audit).where(audit.c.seq == old).values(seq=new))
        assert check_chain(connection).broken_seq == 5


def test_the_first_row_taken_away_is_found(chain: "Database") -> None:
    with chain.write() as connection:
        connection.execute(delete(audit).where(audit.c.seq == 1))
        assert check_chain(connection).broken_seq == 1


def test_a_cut_end_shows_only_against_a_noted_head(chain: "Database") -> None:
    with chain.read() as connection:
        head = check_chain(connection).head
    with chain.write() as connection:
        connection.execute(delete(audit).where(audit.c.seq > 5))
        assert check_chain(connection).problem is None
        check = check_chain(connection, head)
    assert check.broken_seq == 6
    assert check.problem is not None
    assert "cut off" in check.problem


def test_a_noted_head_stays_good_as_the_chain_grows(chain: "Database") -> None:
    with chain.read() as connection:
        head = check_chain(connection).head
    record(chain, 8)
    with chain.read() as connection:
        assert check_chain(connection, head).problem is None


def test_a_chain_written_anew_shows_against_a_noted_head(chain: "Database") -> None:
    with chain.read() as connection:
        head = check_chain(connection).head
    with chain.write() as connection:
        connection.execute(delete(audit))
    for number in range(10, 18):
        record(chain, number)
    with chain.read() as connection:
        assert check_chain(connection).problem is None
        check = check_chain(connection, head)
    assert check.broken_seq == 7


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), JSON_VALUES, max_size=3))
def test_whatever_json_a_row_holds_it_hashes_the_same_when_read(
    database: "Database", details: dict[str, Any]
) -> None:
    record(database, 1, details)
    with database.read() as connection:
        assert check_chain(connection).problem is None


def test_what_is_no_number_is_refused(database: "Database") -> None:
    with pytest.raises(ValueError, match="JSON"):
        record(database, 1, {"distance_m": float("nan")})


def test_threads_that_write_at_once_make_one_chain(database: "Database") -> None:
    def write_some(start: int) -> None:
        for number in range(start, start + 10):
            record(database, number)

    threads = [threading.Thread(target=write_some, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        check = check_chain(connection)
    assert (check.rows, check.problem) == (40, None)


def test_a_change_that_is_undone_leaves_no_row(database: "Database") -> None:
    record(database, 1)
    with pytest.raises(RuntimeError), database.write() as connection:
        record_audit(database, connection, at=AT, actor="a", action="b", target="c", details={})
        raise RuntimeError
    record(database, 2)
    with database.read() as connection:
        assert [row.target for row in list_audit(connection)] == ["things/2", "things/1"]
        assert check_chain(connection).rows == 2


def test_the_log_is_read_page_by_page(
    client: "TestClient", services: "Services", make_key: Callable[..., dict[str, str]]
) -> None:
    headers = make_key("auditor")  # Its making is the first row.
    for number in range(2, 8):
        record(services.database, number)
    seen: list[int] = []
    query: dict[str, str | int] = {"limit": 3}
    for _ in range(3):
        page = client.get("/v1/audit", params=query, headers=headers).json()
        seen += [row["seq"] for row in page["items"]]
        query["cursor"] = page["next"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert page["next"] is None


def test_only_auditors_and_administrators_read_the_log(
    client: "TestClient", make_key: Callable[..., dict[str, str]]
) -> None:
    statuses = {
        role: client.get("/v1/audit", headers=make_key(role)).status_code
        for role in ("citizen-intake", "operator", "handler", "consumer", "auditor", "admin")
    }
    assert {role for role, status in statuses.items() if status == 200} == {"auditor", "admin"}
    assert set(statuses.values()) == {200, 403}


@pytest.mark.parametrize(
    "cursor", ["AAAA", "W10", "WyJhIl0", "WzFd" * 90, "WzFlMzBd", "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd"]
)
def test_page_tokens_that_we_did_not_make_are_refused(
    client: "TestClient", make_key: Callable[..., dict[str, str]], cursor: str
) -> None:
    answer = client.get("/v1/audit", params={"cursor": cursor}, headers=make_key("auditor"))
    assert answer.status_code == 422


def test_rows_are_as_they_were_written(database: "Database") -> None:
    head = record(database, 1, {"role": "admin"})
    with database.read() as connection:
        (row,) = list_audit(connection)
    assert (row.at, row.actor, row.action, row.details) == (
        AT,
        "system:test",
        "test.done",
        {"role": "admin"},
    )
    assert row.hash == head.hash


def test_a_key_limited_to_grids_does_not_read_what_was_done_everywhere(
    client: "TestClient", make_key: Callable[..., dict[str, str]]
) -> None:
    for role in ("auditor", "admin"):
        answer = client.get("/v1/audit", headers=make_key(role, grids=("310",)))
        assert (answer.status_code, answer.json()["code"]) == (403, "limited_to_grids")
