"""News on the wire: what is sent, what refusals mean, and that the key stays where it belongs."""

import json
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from detector.camera.fake_service import FakeService
from detector.camera.incident import Incident, Peak
from detector.camera.service import ServiceClient
from detector.camera.service_wire import check_key, check_service_url, parse_retry_after
from detector.errors import ServiceError, UsageError

KEY = "sid_a-key-of-a-watcher"
AT = datetime(2026, 3, 2, 0, 58, tzinfo=UTC)
Handler = Callable[[httpx2.Request], httpx2.Response]


def make_incident(**changes: object) -> Incident:
    peak = Peak(0.83, (120.0, 200.0, 340.0, 420.0), "medium", (1920, 1080), "cam", 7.0, AT)
    incident = Incident(
        id="inc-1",
        camera="HP 0137/北",
        label="overflowing_bin",
        state="open",
        revision=1,
        started_s=AT.timestamp(),
        last_seen_s=AT.timestamp() + 60,
        started_at=AT,
        last_seen_at=AT + timedelta(seconds=60),
        frames=3,
        median_score=0.8,
        peak=peak,
    )
    return replace(incident, **changes)  # type: ignore[arg-type]  # names of fields


def make_client(handler: Handler, url: str = "http://service.test/base/") -> ServiceClient:
    return ServiceClient(url, KEY + "\n", transport=httpx2.MockTransport(handler))


def answer(_: httpx2.Request, **more: object) -> httpx2.Response:
    return httpx2.Response(201, json={"id": "inc-1", "applied": True, "report_id": "r", **more})


def test_an_incident_goes_as_json_with_the_key_in_its_header() -> None:
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer(request, case_ids=["c"])

    said = make_client(handle).send_incident(make_incident())
    assert (said.applied, said.report_id, said.case_ids) == (True, "r", ("c",))
    (request,) = seen
    assert str(request.url) == "http://service.test/base/v1/incidents"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert json.loads(request.content) == {
        "id": "inc-1",
        "camera": "HP 0137/北",
        "label": "overflowing_bin",
        "state": "open",
        "revision": 1,
        "started_at": "2026-03-02T00:58:00Z",
        "frames": 3,
        "peak": {
            "score": 0.83,
            "box_xyxy": [120.0, 200.0, 340.0, 420.0],
            "severity": "medium",
            "image_wh": [1920, 1080],
            "at": "2026-03-02T00:58:00Z",
        },
    }


def test_a_cleared_incident_says_when_it_ended() -> None:
    bodies: list[dict[str, object]] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return answer(request, applied=False)

    cleared = make_incident(state="cleared", revision=2, end_reason="gone")
    assert make_client(handle).send_incident(cleared).applied is False
    assert bodies[0]["ended_at"] == "2026-03-02T00:59:00Z"


def test_a_photo_makes_it_a_form() -> None:
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer(request)

    make_client(handle).send_incident(make_incident(), b"\xff\xd8 a photo")
    (request,) = seen
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert b'name="photo"; filename="frame.jpg"' in request.content
    assert b"\xff\xd8 a photo" in request.content
    assert b'"box_xyxy": [120.0' in request.content


def test_a_heartbeat_escapes_the_camera_in_the_path() -> None:
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"heartbeat_at": "2026-03-02T00:58:00Z"})

    make_client(handle).send_heartbeat("HP 0137/北", "frozen", AT)
    (request,) = seen
    assert request.url.raw_path == b"/base/v1/cameras/HP%200137%2F%E5%8C%97/heartbeat"
    assert json.loads(request.content) == {"state": "frozen", "at": "2026-03-02T00:58:00Z"}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507])
def test_what_may_pass_is_to_be_tried_again(status: int) -> None:
    client = make_client(lambda _: httpx2.Response(status, headers={"Retry-After": "7"}))
    with pytest.raises(ServiceError) as caught:
        client.send_incident(make_incident())
    assert caught.value.again
    assert caught.value.status == status
    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 415, 422])
def test_what_will_not_change_is_final_and_in_the_services_words(status: int) -> None:
    problem = {
        "code": "validation",
        "detail": "It does not fit.",
        "hint": "Mend it.",
        "errors": [{"path": "body.label", "message": "unknown"}],
    }
    client = make_client(lambda _: httpx2.Response(status, json=problem))
    with pytest.raises(ServiceError) as caught:
        client.send_incident(make_incident())
    assert not caught.value.again
    assert caught.value.code == "validation"
    assert str(caught.value) == (
        f"The service answered {status}: It does not fit. body.label: unknown Mend it."
    )


@pytest.mark.parametrize("errors", [5, True, "x", {"a": 1}, [7]])
def test_a_proxys_own_words_are_a_refusal_too(errors: object) -> None:
    client = make_client(lambda _: httpx2.Response(502, json={"errors": errors}))
    with pytest.raises(ServiceError) as caught:
        client.send_incident(make_incident())
    assert (caught.value.again, caught.value.code) == (True, "http_502")


def test_redirects_are_not_followed() -> None:
    asked: list[str] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(307, headers={"Location": "http://elsewhere.test/"})

    with pytest.raises(ServiceError) as caught:
        make_client(handle).send_incident(make_incident())
    assert (caught.value.code, caught.value.again) == ("redirected", False)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, text="<html>Sign in to the hotel's network"),
        httpx2.Response(200, json=["a", "list"]),
        httpx2.Response(200, json={"id": "another"}),
        httpx2.Response(200, content=b"[" * 100_000),
    ],
)
def test_a_friendly_stranger_is_not_the_service(response: httpx2.Response) -> None:
    with pytest.raises(ServiceError) as caught:
        make_client(lambda _: response).send_incident(make_incident())
    assert (caught.value.code, caught.value.again) == ("not_the_service", True)


@pytest.mark.parametrize(
    "fault",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("slow"),
        httpx2.RemoteProtocolError("odd"),
        httpx2.InvalidURL("odd"),
        OSError("odd"),
    ],
)
def test_every_fault_of_the_network_is_translated_and_worth_another_try(fault: Exception) -> None:
    def handle(_: httpx2.Request) -> httpx2.Response:
        raise fault

    with pytest.raises(ServiceError) as caught:
        make_client(handle).send_heartbeat("c", "live")
    assert (caught.value.code, caught.value.again) == ("unreachable", True)
    assert KEY not in str(caught.value)


def test_a_certificate_that_is_not_trusted_is_named() -> None:
    def handle(_: httpx2.Request) -> httpx2.Response:
        inner = ssl.SSLCertVerificationError()
        inner.verify_message = "self-signed certificate"
        raise httpx2.ConnectError("tls") from inner

    with pytest.raises(ServiceError, match="certificate was not accepted"):
        make_client(handle).send_heartbeat("c", "live")


def test_an_incident_without_a_time_is_refused_before_it_is_sent() -> None:
    client = make_client(answer)
    with pytest.raises(ServiceError) as caught:
        client.send_incident(make_incident(started_at=None))
    assert (caught.value.code, caught.value.again) == ("time_unknown", False)


@pytest.mark.parametrize(
    "url",
    ["", "issues", "ftp://x", "http://", "http://u:p@x", "http://x/?a=1", "http://x:y", "//x"],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError):
        check_service_url(url)


@pytest.mark.parametrize("key", ["", " \n", "two words", "钥匙", "a\x00b"])
def test_keys_that_are_none_are_not_repeated_in_the_error(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_key(key)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("9" * 30, 3600.0),
        ("Mon, 02 Mar 2026 00:59:00 GMT", 60.0),
        ("Mon, 02 Mar 2020 00:59:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert parse_retry_after(text, AT) == seconds


def test_the_fake_takes_news_as_the_service_does() -> None:
    service = FakeService()
    assert service.send_incident(make_incident(revision=2), b"photo").applied
    assert not service.send_incident(make_incident(revision=1)).applied
    assert not service.send_incident(make_incident(revision=2)).applied
    assert service.send_incident(make_incident(revision=3)).applied
    assert service.incidents["inc-1"].revision == 3
    assert service.opened["inc-1"] == (make_incident(revision=2), b"photo")
    service.refusals.append(ServiceError("busy", "Busy.", again=True))
    with pytest.raises(ServiceError):
        service.send_heartbeat("c", "live")
    service.send_heartbeat("c", "live")
    assert [one.state for one in service.heartbeats] == ["live"]
