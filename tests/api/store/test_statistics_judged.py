"""What is counted of verdicts, checks and citizens' words: the newest, in span and scope."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from api.cases.spans import last_days
from api.ids import new_id
from api.store.database import Database
from api.store.people_tables import citizen_words
from api.store.statistics import Wanted
from api.store.statistics_judged import (
    WordCount,
    count_added,
    count_checks,
    count_findings,
    count_words,
)
from api.store.tables import case_reports, closing_checks, photos, reports, verdicts
from tests.api.store.counted_rows import NOW, ZONES, add_case, undone

SHA256 = "cd" * 32


def add_verdict(
    connection: Connection, case_id: str, sha256: str, at: datetime, *said: tuple[str, str]
) -> None:
    box = [0.0, 0.0, 9.0, 9.0]
    connection.execute(
        verdicts.insert().values(
            id=new_id(),
            case_id=case_id,
            photo_sha256=sha256,
            at=at,
            actor="key:1",
            role="operator",
            body={
                "model": None if len(said) == 1 else {"name": "m", "version": "1"},
                "findings": [
                    {"label": label, "score": 0.5, "box_xyxy": box, "verdict": word}
                    for label, word in said
                ],
                "added": [{"label": "illegal_poster", "box_xyxy": box}],
                "reviewed": [],
            },
        )
    )


def test_of_each_photo_in_each_case_the_newest_verdict_counts(database: Database) -> None:
    wanted = Wanted(last_days(7, NOW.date(), ZONES[0]))
    bin_, dust = "overflowing_bin", "site_dust"
    with undone(database) as connection:
        for letter in "ab":
            connection.execute(
                photos.insert().values(
                    sha256=letter * 64, size_bytes=1, media_type="image/jpeg", stored_at=NOW
                )
            )
        one, other = add_case(connection), add_case(connection, "B1")
        day = timedelta(days=1)
        add_verdict(connection, one, "a" * 64, NOW - day, (bin_, "true"), (bin_, "true"))
        add_verdict(connection, one, "a" * 64, NOW, (bin_, "false"), (bin_, "moved"))
        add_verdict(connection, one, "b" * 64, NOW - 30 * day, (bin_, "true"), (bin_, "true"))
        add_verdict(connection, other, "a" * 64, NOW, (dust, "wrong_label"))
        found = {
            (of.label, of.verdict, of.model): of.findings
            for of in count_findings(connection, wanted)
        }
        assert found == {
            (bin_, "false", "m 1"): 1,
            (bin_, "moved", "m 1"): 1,
            (dust, "wrong_label", ""): 1,
        }
        assert count_added(connection, wanted) == {"illegal_poster": 2}
        scoped = replace(wanted, grids=("B",))
        assert [of.label for of in count_findings(connection, scoped)] == [dust]
        assert count_added(connection, scoped) == {"illegal_poster": 1}
        labelled = replace(wanted, label=bin_)
        assert sum(of.findings for of in count_findings(connection, labelled)) == 2
        assert count_added(connection, labelled) == {}


def test_checks_and_citizens_words_keep_to_span_and_scope(database: Database) -> None:
    wanted = Wanted(last_days(7, NOW.date(), ZONES[0]))
    with undone(database) as connection:
        connection.execute(
            photos.insert().values(
                sha256=SHA256, size_bytes=1, media_type="image/jpeg", stored_at=NOW
            )
        )
        for code, outcome, days in (
            ("A1", "resolved", 0),
            ("B1", "unsure", 1),
            ("A1", "unsure", 9),
        ):
            case_id, at = add_case(connection, code), NOW - timedelta(days=days)
            connection.execute(
                closing_checks.insert().values(
                    id=new_id(),
                    case_id=case_id,
                    at=at,
                    actor="key:1",
                    photo_sha256=SHA256,
                    outcome=outcome,
                    reasons=[],
                )
            )
            report = {"id": case_id, "received_at": at, "source": "citizen", "state": "scored"}
            connection.execute(reports.insert(), report)
            joined = {"case_id": case_id, "report_id": case_id, "joined_at": at, "why": "opened"}
            connection.execute(case_reports.insert(), joined | {"findings": []})
            word = {"report_id": case_id, "finding_id": "1", "label": "site_dust", "at": at}
            connection.execute(citizen_words.insert(), word | {"is_right": outcome == "resolved"})
        assert count_checks(connection, wanted) == {"resolved": 1, "unsure": 1}
        assert count_words(connection, wanted) == {"site_dust": WordCount(1, 1)}
        for scoped in (replace(wanted, grids=("B",)), replace(wanted, grid_prefix="B")):
            assert count_checks(connection, scoped) == {"unsure": 1}
            assert count_words(connection, scoped) == {"site_dust": WordCount(0, 1)}
        other = replace(wanted, label="overflowing_bin")
        assert count_words(connection, other) == {}
        assert count_checks(connection, other) == {}
