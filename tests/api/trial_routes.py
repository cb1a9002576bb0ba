"""Routes that go wrong in every way, and the problem that their answers must hold."""

from typing import TYPE_CHECKING

from fastapi import Depends
from pydantic import BaseModel

from api.errors import StorageFullError
from api.http.deps import key_or_none, limit_address, require
from api.schemas.types import Latitude, ShortText, UtcDatetime
from detector.errors import EvidenceError, PhotoError

if TYPE_CHECKING:
    from fastapi import FastAPI


class Sent(BaseModel):
    name: ShortText
    lat: Latitude
    at: UtcDatetime


def with_trial_routes(app: "FastAPI") -> "FastAPI":
    """The app with routes that go wrong in every way."""

    @app.get("/v1/test/broken")
    def fail() -> None:
        raise RuntimeError("password=hunter2 /etc/secret/path")

    @app.get("/v1/test/full")
    def fill() -> None:
        raise StorageFullError("storage_full", "No space is left.", "Come back.", retry_after_s=60)

    @app.get("/v1/test/photo")
    def show() -> None:
        raise PhotoError("truncated", "The photo ends too early.", "Send it again.")

    @app.get("/v1/test/evidence")
    def draw() -> None:
        raise EvidenceError("font", "/usr/share/fonts is broken")

    @app.post("/v1/test/sent")
    def take(sent: Sent) -> Sent:
        return sent

    @app.get("/v1/test/limited", dependencies=[Depends(limit_address)])
    def show_limited() -> str:
        return "in"

    @app.get("/v1/test/judge", dependencies=[Depends(require("judge"))])
    def show_judge() -> str:
        return "in"

    @app.get("/v1/test/either", dependencies=[Depends(key_or_none)])
    def show_either() -> str:
        return "in"

    return app


def problem(answer: "object") -> dict[str, object]:
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]  # a response
    content: dict[str, object] = answer.json()  # type: ignore[attr-defined]  # a response
    assert content["status"] == answer.status_code  # type: ignore[attr-defined]  # a response
    assert content["type"] == f"urn:street-issues:problem:{content['code']}"
    return content
