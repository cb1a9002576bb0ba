"""What a candidate model says is kept beside what was acted on."""

from dataclasses import replace
from typing import TYPE_CHECKING

from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.scoring.base import Scored
from api.scoring.fake import FakePool, fake_score
from api.store.shadow import FlaggedBy, compare_shadows
from detector.detections import Finding, ModelReference

if TYPE_CHECKING:
    import pytest

    from api.services import Services

BIN = Finding("f1", "overflowing_bin", 0.9, (100, 100, 400, 500), True, "medium")
DUST = replace(BIN, id="f2", label="site_dust")
CANDIDATE = ModelReference("candidate", "0.3.0", "1" * 64)


def test_a_candidate_is_compared_and_changes_nothing(
    services: "Services", monkeypatch: "pytest.MonkeyPatch"
) -> None:
    said = iter([((BIN,), (BIN, DUST)), ((BIN,), ()), ((), (DUST,))])
    whole = FakePool.score

    def score(pool: FakePool, data: bytes, source: str = "") -> object:
        own, other = next(said)
        pool.findings = lambda _: own
        scored: Scored = whole(pool, data, source).result()
        shadow = replace(fake_score(data, source, other), model=CANDIDATE)
        future = whole(pool, data, source)
        future._result = replace(scored, shadow=shadow)
        return future

    monkeypatch.setattr(FakePool, "score", score)
    for number in range(3):
        accept_report(services, NewReport("citizen", b"\xff\xd8\xff\xe0%d" % number))
        while score_step(services) == 0.0:
            pass
    with services.database.read() as connection:
        (compared,) = compare_shadows(connection)
        assert (compared.model, compared.reports) == ("candidate 0.3.0", 3)
        assert compared.labels == {
            "overflowing_bin": FlaggedBy(both=1, model=1),
            "site_dust": FlaggedBy(candidate=2),
        }
