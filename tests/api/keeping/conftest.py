"""Reports, cases and photos as the service itself makes them."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update

from api.intake.accepting import Accepted, NewReport, accept_report
from api.intake.scoring import score_step
from api.photos.folder import FolderPhotoStore
from api.scoring.fake import FakePool
from api.services import Services
from api.store.tables import cases
from detector.detections import Finding


def jpeg(colour: tuple[int, int, int] = (200, 120, 40), side: int = 64) -> bytes:
    out = BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "JPEG", quality=90)
    return out.getvalue()


def finding(number: int = 0, label: str = "overflowing_bin") -> Finding:
    return Finding(
        id=f"0123456789abcdef-{number}",
        label=label,
        score=0.9,
        box_xyxy=(100.0, 200.0, 400.0, 500.0),
        flagged=True,
        severity="medium",
    )


MakeReport = Callable[..., Accepted]


@pytest.fixture
def make_report(services: Services, pool: FakePool) -> MakeReport:
    """Return a function that hands in a report and scores it."""

    def make(*found: Finding, score: bool = True, **fields: Any) -> Accepted:
        pool.findings = lambda _: found
        fields.setdefault("photo", jpeg())
        accepted = accept_report(services, NewReport(source="citizen", **fields))
        if score:
            score_step(services)
        return accepted

    return make


@pytest.fixture
def end_cases(services: Services) -> Callable[[datetime], None]:
    """Return a function that ends every case without moving it through its states."""

    def end(at: datetime) -> None:
        with services.database.write() as connection:
            connection.execute(update(cases).values(ended_at=at, state="closed"))

    return end


@pytest.fixture
def folder(services: Services) -> FolderPhotoStore:
    assert isinstance(services.photos, FolderPhotoStore)
    return services.photos
