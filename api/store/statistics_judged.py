"""What people said of the model's findings, and the closing check of after-photos: counted."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    TableValuedAlias,
    and_,
    case,
    column,
    exists,
    func,
    or_,
    select,
)

from api.cases.closing import Outcome
from api.store.case_list import conditions_of
from api.store.people_tables import citizen_words
from api.store.statistics import Wanted
from api.store.tables import case_reports, cases, closing_checks, verdicts
from api.store.types import Json


@dataclass(frozen=True, slots=True)
class FindingCount:
    """Findings of one label that people said the same of."""

    label: str
    """As the model said."""
    verdict: str
    """true, false, wrong_label or moved."""
    model: str
    """Name and version; empty: unknown."""
    findings: int


@dataclass(frozen=True, slots=True)
class WordCount:
    """How many findings of a label reporters called right, and how many wrong."""

    right: int
    wrong: int


def count_findings(connection: Connection, wanted: Wanted) -> tuple[FindingCount, ...]:
    """Count the judged findings by label and verdict.

    Of each photo in each case the newest verdict counts, as in the export
    (`api.store.verdicts.list_for_export`), if it was given in the span.

    Args:
        connection: In a transaction.
        wanted: `label` is the finding's own, not the case's.
    """
    finding = _elements(connection, "findings")
    label = finding.c.value["label"].as_string()
    verdict = finding.c.value["verdict"].as_string()
    name = verdicts.c.body["model"]["name"].as_string()
    version = verdicts.c.body["model"]["version"].as_string()
    query = (
        select(label, verdict, name, version, func.count())
        .select_from(verdicts.join(cases, cases.c.id == verdicts.c.case_id), finding)
        .where(*_newest_judged(wanted))
        .group_by(label, verdict, name, version)
    )
    if wanted.label is not None:
        query = query.where(label == wanted.label)
    counts = [
        FindingCount(of, said, f"{model or ''} {release or ''}".strip(), count)
        for of, said, model, release, count in connection.execute(query)
    ]
    return tuple(sorted(counts, key=lambda one: (one.label, one.verdict, one.model)))


def count_added(connection: Connection, wanted: Wanted) -> dict[str, int]:
    """Count the boxes that people added, by label: what no finding showed."""
    added = _elements(connection, "added")
    label = added.c.value["label"].as_string()
    query = (
        select(label, func.count())
        .select_from(verdicts.join(cases, cases.c.id == verdicts.c.case_id), added)
        .where(*_newest_judged(wanted))
        .group_by(label)
    )
    if wanted.label is not None:
        query = query.where(label == wanted.label)
    return {of: count for of, count in sorted(tuple(row) for row in connection.execute(query))}


def count_checks(connection: Connection, wanted: Wanted) -> dict[Outcome, int]:
    """Count the closing checks of the span by outcome."""
    query = (
        select(closing_checks.c.outcome, func.count())
        .join(cases, cases.c.id == closing_checks.c.case_id)
        .where(
            *conditions_of(wanted.filter()),
            closing_checks.c.at >= wanted.span.start,
            closing_checks.c.at < wanted.span.end,
        )
        .group_by(closing_checks.c.outcome)
    )
    return {outcome: count for outcome, count in connection.execute(query)}


def count_words(connection: Connection, wanted: Wanted) -> dict[str, WordCount]:
    """Count what citizens said of findings in the span, by the findings' label."""
    words = citizen_words.c
    query = (
        select(words.label, func.count(case((words.is_right, 1))), func.count())
        .where(words.at >= wanted.span.start, words.at < wanted.span.end)
        .group_by(words.label)
    )
    if wanted.label is not None:
        query = query.where(words.label == wanted.label)
    if wanted.grids or wanted.grid_prefix is not None:
        query = query.where(
            exists().where(
                case_reports.c.report_id == words.report_id,
                case_reports.c.case_id == cases.c.id,
                *conditions_of(_of_any_label(wanted).filter()),
            )
        )
    found = sorted(tuple(row) for row in connection.execute(query))
    return {label: WordCount(right, said - right) for label, right, said in found}


def _of_any_label(wanted: Wanted) -> Wanted:
    """A finding has a label of its own, whatever its case was called in the end."""
    return replace(wanted, label=None)


def _elements(connection: Connection, name: str) -> TableValuedAlias:
    """Return the elements of a list in a verdict's body, as rows with one column, `value`."""
    if connection.dialect.name == "sqlite":
        listed = func.json_each(verdicts.c.body, f"$.{name}")
    else:
        listed = func.jsonb_array_elements(verdicts.c.body[name])
    return listed.table_valued(column("value", Json), name=name, joins_implicitly=True)


def _newest_judged(wanted: Wanted) -> list[ColumnElement[Any]]:
    later = verdicts.alias("later")
    replaced = exists().where(
        later.c.photo_sha256 == verdicts.c.photo_sha256,
        later.c.case_id == verdicts.c.case_id,
        or_(
            later.c.at > verdicts.c.at,
            and_(later.c.at == verdicts.c.at, later.c.id > verdicts.c.id),
        ),
    )
    return [
        *conditions_of(_of_any_label(wanted).filter()),
        verdicts.c.at >= wanted.span.start,
        verdicts.c.at < wanted.span.end,
        ~replaced,
    ]
