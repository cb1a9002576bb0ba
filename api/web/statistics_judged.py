"""The statistics page's slower half: times, deadlines, and what people judged."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Connection

from api.cases.closing import Outcome
from api.store.statistics import Wanted
from api.store.statistics_judged import (
    FindingCount,
    count_added,
    count_checks,
    count_findings,
    count_words,
)
from api.store.statistics_times import (
    DueCount,
    HandledCount,
    LookCount,
    count_due,
    count_first_looks,
    count_handled,
)
from api.web.figures import Share, quantile

K = TypeVar("K")
T = TypeVar("T")

OUTCOME_NAMES: Final[tuple[tuple[Outcome, str, str], ...]] = (
    ("resolved", "已解决", "resolved"),
    ("not_resolved", "未解决", "not resolved"),
    ("unsure", "无法确定", "unsure"),
)
RIGHT: Final = frozenset({"true", "moved"})
"""A box that had to be moved showed the right thing all the same."""


@dataclass(frozen=True, slots=True)
class HandlingRow:
    """How long closed cases of a label took."""

    label: str | None
    cases: int
    median_min: int | None
    ninth_min: int | None
    """Nine in ten took no longer."""
    in_time: Share


@dataclass(frozen=True, slots=True)
class DueRow:
    """How many of the cases that were due were late."""

    label: str | None
    late: Share


@dataclass(frozen=True, slots=True)
class FirstLook:
    """How soon somebody looked."""

    cases: int
    median_min: int | None
    ninth_min: int | None
    waiting: int
    """Nobody has looked at yet."""


@dataclass(frozen=True, slots=True)
class PrecisionRow:
    """What people said of a label's findings."""

    label: str
    right: Share
    moved: int
    wrong: int
    wrong_label: int
    added: int
    """Boxes that people drew, because no finding showed the object."""


@dataclass(frozen=True, slots=True)
class WordRow:
    """What citizens said of a label's findings."""

    label: str
    right: Share


@dataclass(frozen=True, slots=True)
class Judged:
    """All of it, for one span, filter and scope; without words, so that it serves everybody."""

    at: datetime
    """When it was counted."""
    handling: tuple[HandlingRow, ...]
    """By label; `handling_all` is of all together."""
    handling_all: HandlingRow
    first_look: FirstLook
    due: tuple[DueRow, ...]
    due_all: DueRow
    precision: tuple[PrecisionRow, ...]
    models: tuple[tuple[str, int], ...]
    """Whose findings were judged, and how many."""
    words: tuple[WordRow, ...]
    checks: tuple[tuple[Outcome, Share], ...]


def gather_judged(connection: Connection, wanted: Wanted, now: datetime) -> Judged:
    """Count it."""
    handled = count_handled(connection, wanted)
    due = count_due(connection, wanted, now)
    findings = count_findings(connection, wanted)
    checks = count_checks(connection, wanted)
    every_check = sum(checks.values())
    words = count_words(connection, wanted)
    models = _groups((one.model, one) for one in findings)
    return Judged(
        at=now,
        handling=tuple(
            _handling(label, of)
            for label, of in _groups((one.label, one) for one in handled).items()
        ),
        handling_all=_handling(None, handled),
        first_look=_first_look(count_first_looks(connection, wanted)),
        due=tuple(DueRow(one.label, Share(one.late, one.cases)) for one in due),
        due_all=_all_due(due),
        precision=_precision(findings, count_added(connection, wanted)),
        models=tuple(
            (model, sum(one.findings for one in of)) for model, of in sorted(models.items())
        ),
        words=tuple(
            WordRow(label, Share(said.right, said.right + said.wrong))
            for label, said in words.items()
        ),
        checks=tuple(
            (outcome, Share(checks.get(outcome, 0), every_check)) for outcome, _, _ in OUTCOME_NAMES
        ),
    )


def _handling(label: str | None, counts: Iterable[HandledCount]) -> HandlingRow:
    counts = tuple(counts)
    took = [(one.minutes, one.cases) for one in counts]
    return HandlingRow(
        label,
        sum(one.cases for one in counts),
        quantile(took, 0.5),
        quantile(took, 0.9),
        Share(sum(one.in_time for one in counts), sum(one.timed for one in counts)),
    )


def _first_look(counts: Iterable[LookCount]) -> FirstLook:
    counts = tuple(counts)
    seen = [(one.minutes, one.cases) for one in counts if one.minutes is not None]
    looked = sum(cases for _, cases in seen)
    return FirstLook(
        looked,
        quantile(seen, 0.5),
        quantile(seen, 0.9),
        sum(one.cases for one in counts) - looked,
    )


def _all_due(due: Iterable[DueCount]) -> DueRow:
    due = tuple(due)
    return DueRow(None, Share(sum(one.late for one in due), sum(one.cases for one in due)))


def _precision(findings: Iterable[FindingCount], added: dict[str, int]) -> tuple[PrecisionRow, ...]:
    of_label = _groups((one.label, one) for one in findings)
    rows = []
    for label in sorted({*of_label, *added}):
        said: dict[str, int] = {}
        for one in of_label.get(label, ()):
            said[one.verdict] = said.get(one.verdict, 0) + one.findings
        right = sum(count for verdict, count in said.items() if verdict in RIGHT)
        rows.append(
            PrecisionRow(
                label,
                Share(right, sum(said.values())),
                said.get("moved", 0),
                said.get("false", 0),
                said.get("wrong_label", 0),
                added.get(label, 0),
            )
        )
    return tuple(rows)


def _groups(pairs: Iterable[tuple[K, T]]) -> dict[K, list[T]]:
    groups: dict[K, list[T]] = {}
    for key, one in pairs:
        groups.setdefault(key, []).append(one)
    return groups
