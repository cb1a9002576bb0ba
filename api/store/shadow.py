"""What a candidate model says of the photos that came in; nobody acts on it."""

from datetime import datetime

from sqlalchemy import Connection

from api.store.side_tables import shadow_scores
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
