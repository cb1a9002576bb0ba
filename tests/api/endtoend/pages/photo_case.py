"""A case of two reports, each with a photo and boxes on it, open in the console."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page

from api.casework.feedback import SYSTEM_PRINCIPAL, read_page
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.store.reports import list_cases_of
from detector.detections import Finding

if TYPE_CHECKING:
    from api.services import Services

SCENE = Path(__file__).parents[4] / "demo" / "scenes" / "bin_and_posters.jpg"
NOTE = "桶满了 <script>alert(1)</script>"
MakeKey = Callable[..., dict[str, str]]
SignIn = Callable[..., Page]


def finding(number: int, label: str, box: tuple[float, ...], flagged: bool = True) -> Finding:
    x1, y1, x2, y2 = box
    score = 0.9 - number / 10
    return Finding(f"0123456789abcdef-{number}", label, score, (x1, y1, x2, y2), flagged, "medium")


BIN = finding(0, "overflowing_bin", (100.25, 200.0, 400.25, 500.0))
POSTER = finding(1, "illegal_poster", (600.0, 120.0, 800.0, 320.0))
MAYBE = finding(2, "site_dust", (500.0, 600.0, 900.0, 950.0), flagged=False)


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case with photos, and how to open it."""

    url: str
    path: str
    key: str
    services: "Services"

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in read_page(self.services, SYSTEM_PRINCIPAL).lines]


def encode(colour: int) -> bytes:
    scene = cv2.imread(str(SCENE))
    assert scene is not None
    done, data = cv2.imencode(".jpg", cv2.resize(scene, (1000, 1000)) // colour)
    assert done
    return data.tobytes()


def open_case(
    app_url: str,
    services: "Services",
    pool: FakePool,
    make_key: MakeKey,
    monkeypatch: pytest.MonkeyPatch,
) -> OpenCase:
    """Two reports of one bin, each with a photo."""

    def show(data: bytes, request: PictureRequest) -> Future[bytes]:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        side = min(request.longest_side_px, 1000)
        done, picture = cv2.imencode(".jpg", cv2.resize(image, (side, side)))
        assert done
        answer: Future[bytes] = Future()
        answer.set_result(picture.tobytes())
        return answer

    monkeypatch.setattr(pool, "picture", show)
    first = encode(1)
    pool.findings = lambda data: (BIN, POSTER, MAYBE) if data == first else (BIN,)
    told = NewReport(source="citizen", photo=first, note=NOTE, lat=31.2304, lon=121.4737)
    report = accept_report(services, told)
    accept_report(services, replace(told, source="inspector", photo=encode(2), note=None))
    while score_step(services) == 0.0:
        pass
    with services.database.read() as connection:
        case_id = next(
            one
            for one in list_cases_of(connection, report.report.id)
            if _label_of(services, one) == "overflowing_bin"
        )
    key = make_key("operator", originals=True)["Authorization"].removeprefix("Bearer ")
    return OpenCase(app_url, f"/console/cases/{case_id}", key, services)


def _label_of(services: "Services", case_id: str) -> str | None:
    from api.store.cases import get_case

    with services.database.read() as connection:
        case = get_case(connection, case_id)
    assert case is not None
    return case.label
