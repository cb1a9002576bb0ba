"""Cases as citizens' reports make them, and a visitor who works on them in the console."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from api.cases.case import Case
from api.cases.states import MoveName
from api.casework.moving import MoveOrder, move_case
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.principal import Principal
from api.scoring.fake import FakePool
from api.services import Services
from api.store.cases import get_case
from api.store.reports import list_cases_of
from detector.detections import Finding

if TYPE_CHECKING:
    from starlette.testclient import TestClient

BIN = Finding("f1", "overflowing_bin", 0.9, (100, 100, 400, 500), True, "medium")
JPEG = b"\xff\xd8\xff\xe0 a photo of a bin"
LAT, LON = 31.2304, 121.4737
EAST_M = 111_320 * 0.855  # Metres of a degree of longitude there
OPERATOR = Principal("op", "an operator", "operator")
SCRIPT = "<script>alert('你好')</script>\"'><img src=x onerror=alert(1)>"
MakeKey = Callable[..., dict[str, str]]
Enter = Callable[..., "TestClient"]
Report = Callable[..., Case]


def enter(client: "TestClient", make_key: MakeKey) -> Enter:
    def sign_in(role: str = "operator", **options: Any) -> "TestClient":
        key = make_key(role, **options)["Authorization"].removeprefix("Bearer ")
        client.cookies.clear()
        client.headers["accept-language"] = "zh"
        answer = client.post("/console/login", data={"key": key}, follow_redirects=False)
        assert answer.status_code == 303
        return client

    return sign_in


def report(services: Services, pool: FakePool) -> Report:
    """Return a function that hands in a report and answers with its case."""
    pool.findings = lambda _: (BIN,)

    def hand_in(east_m: float = 0, photo: bytes | None = None, **fields: Any) -> Case:
        fields.setdefault("label", "overflowing_bin")
        new = NewReport("citizen", photo, lat=LAT, lon=LON + east_m / EAST_M, **fields)
        report_id = accept_report(services, new).report.id
        while score_step(services) == 0.0:
            pass
        return read(services, report_id=report_id)

    return hand_in


def read(services: Services, case_id: str = "", report_id: str = "") -> Case:
    with services.database.read() as connection:
        found = get_case(connection, case_id or list_cases_of(connection, report_id)[-1])
    assert found is not None
    return found


def form_of(page: str, case: Case, **fields: Any) -> dict[str, Any]:
    token = re.search(r'data-csrf="([0-9a-f]+)"', page)
    assert token
    return {"csrf": token[1], "version": str(case.version), **fields}


def act(client: "TestClient", case: Case, path: str = "moves", **fields: Any) -> Any:
    page = client.get(f"/console/cases/{case.id}")
    fields = form_of(page.text, case) | fields
    address = f"/console/cases/{case.id}/{path}"
    return client.post(address, data=fields, follow_redirects=False)


def keys_in(page: str) -> set[str]:
    bar = re.search(r'<section class="actions".*?</section>', page, re.S)
    return set(re.findall(r'data-key="(\w)"', bar[0])) if bar else set()


def go(services: Services, case: Case, *moves: MoveName) -> Case:
    for move in moves:
        case = move_case(services, OPERATOR, case.id, MoveOrder(move, "because"))
    return case
