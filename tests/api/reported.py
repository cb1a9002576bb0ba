"""A report as a citizen without a key hands it in, and holds it afterwards."""

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from api.casework.closing_check import AfterPhoto, check_after_photo
from api.casework.moving import MoveOrder, move_case
from api.principal import Principal
from api.scoring.fake import FakePool
from api.services import Services
from api.store.reports import list_cases_of
from detector.detections import Finding

BIN = Finding("f1", "overflowing_bin", 0.9, (100, 100, 400, 500), True, "medium")
FAINT = Finding("f2", "illegal_poster", 0.1, (10, 10, 40, 50), False, "small")
JPEG = b"\xff\xd8\xff\xe0 a photo of a bin"
CLEAN = b"\xff\xd8\xff\xe0 a clean street"
PLACE = {"lat": "31.2304", "lng": "121.4737"}
OPERATOR = Principal("op", "an operator", "operator")


class Reported:
    """A report, as its sender holds it."""

    def __init__(self, client: TestClient, services: Services, body: dict[str, Any]) -> None:
        self.client, self.services, self.body = client, services, body
        self.id: str = body["id"]
        self.path = f"/v1/reports/{self.id}"
        self.token = {"X-Follow-Token": body["follow_token"]}

    @property
    def number(self) -> str:
        number: str = self.body["cases"][0]["number"]
        return number

    @property
    def case_id(self) -> str:
        with self.services.database.read() as connection:
            return list_cases_of(connection, self.id)[0]

    def read(self) -> Any:
        answer = self.client.get(self.path, headers=self.token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def say(self, finding: str, right: object) -> Any:
        return self.client.put(
            f"{self.path}/findings/{finding}/word", json={"right": right}, headers=self.token
        )

    def object(self, note: str | None = None, number: str | None = None) -> Any:
        body = {"number": number or self.number, "note": note}
        return self.client.post(f"{self.path}/objections", json=body, headers=self.token)

    def move(self, *names: Any, reason: str | None = "because") -> None:
        for name in names:
            move_case(self.services, OPERATOR, self.case_id, MoveOrder(name, reason))

    def close(self) -> None:
        self.move("verify", "file", "dispatch", "handle", "report_back", "check", "close")

    def hand_in(self, photo: bytes) -> None:
        check_after_photo(self.services, OPERATOR, self.case_id, AfterPhoto(photo))


def report(client: TestClient, services: Services, pool: FakePool) -> Callable[..., Reported]:
    pool.findings = lambda data: () if data.startswith(CLEAN) else (BIN, FAINT)

    def make(photo: bytes = JPEG, **fields: str) -> Reported:
        files = {"photo": ("bin.jpg", photo, "image/jpeg")}
        answer = client.post("/v1/reports", files=files, data=PLACE | fields)
        assert answer.status_code == 202, answer.text
        return Reported(client, services, answer.json())

    return make


Report = Callable[..., Reported]
