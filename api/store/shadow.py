"""What a candidate model says of the photos that came in; nobody acts on it."""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from api.store.side_tables import shadow_scores
from api.store.tables import reports
from api.store.upsert import upsert
from detector.detections import ImageScore
from detector.score_json import score_to_json


def insert_shadow_score(
    connection: Connection, report_id: str, at: datetime, score: ImageScore
) -> None:
    """Store a candidate's answer; the same model's answer of before is replaced."""
    content = score_to_json(score)
    statement = upsert(connection, shadow_scores).values(
        report_id=report_id,
        model=f"{score.model.name} {score.model.version}",
        at=at,
        score=content,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["report_id", "model"], set_={"score": content, "at": at}
        )
    )


@dataclass(frozen=True, slots=True)
class FlaggedBy:
    """In how many reports a label was flagged."""

    both: int = 0
    model: int = 0
    """By the model that was acted on, alone."""
    candidate: int = 0
    """By the candidate alone."""


@dataclass(frozen=True, slots=True)
class ShadowComparison:
    """A candidate beside the models whose findings were acted on."""

    model: str
    """The candidate's name and version."""
    reports: int
    """That both could score."""
    labels: Mapping[str, FlaggedBy]


def compare_shadows(connection: Connection) -> tuple[ShadowComparison, ...]:
    """Compare every candidate with what was acted on, in order of their names."""
    rows = connection.execute(
        select(shadow_scores.c.model, shadow_scores.c.score, reports.c.score.label("acted_on"))
        .join(reports, reports.c.id == shadow_scores.c.report_id)
        .where(reports.c.state == "scored")
        .order_by(shadow_scores.c.model)
        .execution_options(yield_per=1000)
    )
    compared = []
    for model, group in itertools.groupby(rows, key=lambda row: row.model):
        counts: dict[str, Counter[str]] = {}
        n_reports = 0
        for row in group:
            if row.score["error"] is not None:
                continue
            n_reports += 1
            acted, candidate = _flagged(row.acted_on), _flagged(row.score)
            for label in acted | candidate:
                who = "model" if label in acted else "candidate"
                both = label in acted and label in candidate
                counts.setdefault(label, Counter())["both" if both else who] += 1
        labels = {label: FlaggedBy(**count) for label, count in counts.items()}
        compared.append(ShadowComparison(model, n_reports, labels))
    return tuple(compared)


def _flagged(score: Mapping[str, Any]) -> set[str]:
    return {one["label"] for one in score["findings"] if one["flagged"]}
