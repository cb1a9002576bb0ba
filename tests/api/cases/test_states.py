"""The life cycle: any sequence of moves is refused whole or lands where the table says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from api.cases.case import Case, make_move
from api.cases.states import ENDED, MOVES, STATES, CaseState, MoveName, allowed_moves, find_move
from api.errors import IllegalMoveError, InvalidError

NAMES: tuple[MoveName, ...] = tuple(MOVES)
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def make_case(state: CaseState = "collected") -> Case:
    return Case(
        id="0197c0de-0000-7000-8000-000000000001",
        number="2026-000001",
        label="overflowing_bin",
        event_code="200102",
        state=state,
        source="citizen",
        lat=31.23,
        lon=121.47,
        address=None,
        grid_code="310101001001001",
        severity="medium",
        priority=300,
        reports_count=1,
        reporters_count=1,
        photo_sha256=None,
        opened_at=START,
        state_since=START,
        review_due_at=None,
        due_at=None,
        due_note=None,
        ended_at=START if state in ENDED else None,
        merged_into=None,
        version=1,
    )


def reachable_from(state: CaseState) -> set[CaseState]:
    seen: set[CaseState] = {state}
    edge: list[CaseState] = [state]
    while edge:
        here = edge.pop()
        targets = {MOVES[name].target for name in allowed_moves(here)} - seen
        seen |= targets
        edge += targets
    return seen


class LifeCycle(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.case = make_case()
        self.now = START
        self.moves_made = 0

    @rule(
        name=st.sampled_from(NAMES),
        reason=st.sampled_from((None, "", "  ", "下雨 it rained")),
        minutes=st.integers(-60, 600),  # The clock may jump back
    )
    def move(self, name: MoveName, reason: str | None, minutes: int) -> None:
        before, move = self.case, MOVES[name]
        self.now += timedelta(minutes=minutes)
        legal = before.state in move.sources
        if not legal:
            with pytest.raises(IllegalMoveError, match=name) as refusal:
                make_move(before, name, at=self.now, reason=reason)
            assert all(one in refusal.value.hint for one in allowed_moves(before.state))
        elif move.needs_reason and not (reason or "").strip():
            with pytest.raises(InvalidError, match="reason"):
                make_move(before, name, at=self.now, reason=reason)
        else:
            self.case = make_move(before, name, at=self.now, reason=reason)
            self.moves_made += 1
            assert self.case.state == move.target
            assert self.case.state_since == self.now
            assert self.case.version == before.version + 1
            assert (self.case.id, self.case.number, self.case.opened_at) == (
                before.id,
                before.number,
                before.opened_at,
            )

    @invariant()
    def ended_cases_have_an_end(self) -> None:
        assert (self.case.ended_at is not None) == (self.case.state in ENDED)

    @invariant()
    def version_counts_the_moves(self) -> None:
        assert self.case.version == 1 + self.moves_made


TestLifeCycle = LifeCycle.TestCase


def test_every_state_is_reachable_from_the_first() -> None:
    assert reachable_from("collected") == set(STATES)


@pytest.mark.parametrize("state", sorted(set(STATES) - ENDED))
def test_every_open_case_can_end(state: CaseState) -> None:
    # Not by merging alone: without a twin, a case has to end in its own right.
    assert {"closed", "dismissed"} & reachable_from(state)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_an_ended_case_makes_only_the_moves_of_the_end(state: CaseState) -> None:
    assert set(allowed_moves(state)) <= {"reopen", "evaluate"}


def test_nothing_is_dispatched_unverified_or_closed_unchecked() -> None:
    """核实 before 立案 before 任务派遣, and 核查 before 结案."""
    for target, gate in (("filed", "verified"), ("dispatched", "filed"), ("closed", "checked")):
        sources = {
            source for move in MOVES.values() if move.target == target for source in move.sources
        }
        assert gate in sources
        assert "collected" not in sources
    assert MOVES["close"].sources == {"checked"}


def test_the_way_of_a_case_that_is_done_at_the_second_try() -> None:
    case = make_case()
    again: tuple[MoveName, ...] = ("dispatch", "handle", "report_back")
    ways: tuple[MoveName, ...] = ("verify", "file", *again, "send_back", *again, "check", "close")
    for name in (*ways, "evaluate"):
        case = make_move(case, name, at=START, reason="not done")
    assert case.state == "evaluated"
    assert case.version == 13


def test_moves_that_take_back_or_end_say_why() -> None:
    needing = {name for name, move in MOVES.items() if move.needs_reason}
    assert needing == {"dismiss", "recall", "send_back", "reopen"}


@given(st.sampled_from(NAMES), st.sampled_from(STATES))
def test_find_move_agrees_with_allowed_moves(name: MoveName, state: CaseState) -> None:
    if name in allowed_moves(state):
        assert find_move(name, state).name == name
    else:
        with pytest.raises(IllegalMoveError):
            find_move(name, state)


def test_handlers_only_handle() -> None:
    assert {name for name, move in MOVES.items() if move.right == "handle"} == {
        "handle",
        "report_back",
    }
