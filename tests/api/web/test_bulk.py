"""One move for many cases: what worked, what did not and why."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from api.casework.bulk import MOST_CASES, SeenCase, move_cases
from api.casework.moving import MoveOrder
from api.errors import ForbiddenError, InvalidError, StorageError
from api.ids import new_id
from api.principal import Principal
from api.store.cases import get_cases, list_events
from api.store.database import Database
from api.store.tables import cases

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

MOVES = "/console/ledger/moves"
OPERATOR = Principal(id="k" * 36, name="desk", role="operator")


def _states(services: "Services", ids: list[str]) -> list[str]:
    with services.database.read() as connection:
        found = get_cases(connection, ids)
    return [found[one].state for one in ids]


def test_the_rest_goes_on_where_some_are_refused(
    services: "Services", write_case: Callable[..., str]
) -> None:
    good, other_state, changed, last = [
        write_case(state=state) for state in ("filed", "collected", "filed", "sent_back")
    ]
    gone = new_id()
    with services.database.write() as connection:
        connection.execute(update(cases).where(cases.c.id == changed).values(version=2))
    order = MoveOrder("dispatch", details={"unit": "环卫三队"})
    asked = [good, other_state, changed, gone, good, last]
    outcomes = move_cases(services, OPERATOR, [SeenCase(one, 1) for one in asked], order)
    assert [(one.case_id, one.error and one.error.code) for one in outcomes] == [
        (good, None),
        (other_state, "illegal_move"),
        (changed, "case_changed"),
        (gone, "not_found"),
        (last, None),
    ]
    assert [one.case and one.case.state for one in outcomes] == [
        *("dispatched", "collected", "filed", None, "dispatched"),
    ]
    assert _states(services, [good, other_state, changed, last]) == [
        *("dispatched", "collected", "filed", "dispatched"),
    ]
    with services.database.read() as connection:
        (event,) = list_events(connection, last)
    assert (event.action, event.details, event.actor) == (
        "dispatch",
        {"unit": "环卫三队"},
        OPERATOR.actor,
    )


def test_a_case_outside_the_cells_stays_unknown(
    services: "Services", write_case: Callable[..., str]
) -> None:
    hidden = write_case(state="filed", grid_code="310101001")
    local = Principal(id="k" * 36, name="desk", role="operator", grids=("3205",))
    (outcome,) = move_cases(services, local, [SeenCase(hidden, 1)], MoveOrder("dispatch"))
    assert outcome.case is None and outcome.error is not None
    assert outcome.error.code == "not_found"
    assert _states(services, [hidden]) == ["filed"]


def test_a_role_that_may_not_is_refused_before_anything_is_tried(
    services: "Services", write_case: Callable[..., str]
) -> None:
    handler = Principal(id="k" * 36, name="h", role="handler")
    one = write_case(state="filed")
    with pytest.raises(ForbiddenError):
        move_cases(services, handler, [SeenCase(one, 1)], MoveOrder("dispatch"))
    assert _states(services, [one]) == ["filed"]


@pytest.mark.parametrize("count", [0, MOST_CASES + 1])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_batch_has_one_to_two_hundred_cases(services: "Services", count: int) -> None:
    seen = [SeenCase(new_id(), 1) for _ in range(count)]
    with pytest.raises(InvalidError, match="200"):
        move_cases(services, OPERATOR, seen, MoveOrder("file"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_once_the_database_fails_the_rest_is_not_tried(
    services: "Services", write_case: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [write_case(state="filed") for _ in range(3)]
    real, calls = Database.write, []

    def write(self: Database):  # type: ignore[no-untyped-def]  # As the real one
        calls.append(1)
        if len(calls) == 2:
            raise StorageError("database_unavailable", "The database does not answer.")
        return real(self)

    monkeypatch.setattr(Database, "write", write)
    outcomes = move_cases(
        services, OPERATOR, [SeenCase(one, 1) for one in ids], MoveOrder("dispatch")
    )
    assert len(calls) == 2
    assert [one.failed for one in outcomes] == [False, True, True]
    assert _states(services, ids) == ["dispatched", "filed", "filed"]


def _send(
    client: "TestClient", token: str, ids: list[str], *, version: int = 1, **fields: str
) -> str:
    answer = client.post(
        MOVES,
        data={"csrf": token, "case": [f"{one}:{version}" for one in ids], **fields},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_form_answers_a_table_of_what_came_of_it(
    client: "TestClient",
    services: "Services",
    enter: Callable[..., str],
    write_case: Callable[..., str],
) -> None:
    good, bad = write_case(state="filed"), write_case(state="closed", ended_at=services.clock())
    token = enter()
    text = _send(client, token, [good, bad], move="dispatch", unit="环卫<b>三队</b>")
    assert "派遣: 成功 1 件, 未成 1 件" in text and "<html" not in text
    assert re.findall('data-code="([a-z_]+)"', text) == ["illegal_move"]
    assert "不能再做这一步" in text
    assert _states(services, [good, bad]) == ["dispatched", "closed"]
    # Sent a second time, as a press of "reload" does, it changes nothing.
    assert "成功 0 件" in _send(client, token, [good], move="dispatch", unit="环卫")
    without = _send(client, token, [good], version=2, move="recall")
    assert "reason_missing" in without
    assert "成功 1 件" in _send(client, token, [good], version=2, move="recall", reason="派错")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_script_a_page_answers_and_leads_back(
    client: "TestClient", enter: Callable[..., str], write_case: Callable[..., str]
) -> None:
    token = enter()
    case = f"{write_case(state='verified')}:1"
    data = {"csrf": token, "case": case, "move": "file", "back": "/console/ledger?state=verified"}
    text = client.post(MOVES, data=data).text
    assert "<html" in text and 'href="/console/ledger?state=verified"' in text
    elsewhere = client.post(MOVES, data=data | {"back": "//evil.example"}).text
    assert "evil.example" not in elsewhere


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_may_not_moves_nothing(
    client: "TestClient",
    services: "Services",
    enter: Callable[..., str],
    write_case: Callable[..., str],
) -> None:
    one = write_case(state="filed")
    fields = {"case": f"{one}:1", "move": "dispatch", "unit": "环卫三队"}
    enter()
    assert client.post(MOVES, data=fields | {"csrf": "forged"}).status_code == 403
    assert client.post(MOVES, data=fields).status_code == 403
    for role in ("auditor", "handler"):
        token = enter(role)
        assert client.post(MOVES, data=fields | {"csrf": token}).status_code == 403
    assert _states(services, [one]) == ["filed"]
    token = enter()
    for wrong in ({"case": "x:1"}, {"move": "fly"}, {"case": f"{one}:0"}, {"unit": " "}):
        answer = client.post(MOVES, data=fields | {"csrf": token} | wrong)
        assert answer.status_code == 422
    assert "请填写处置单位" in answer.text
    assert _states(services, [one]) == ["filed"]
