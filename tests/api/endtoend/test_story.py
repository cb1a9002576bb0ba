"""One bin from five citizens' photos to a closed case, on the real server and both databases."""

import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from detector.arrays import Image
from detector.models import load_detector
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from detector.pipeline import Pipeline

if TYPE_CHECKING:
    from tests.api.endtoend.conftest import Receiver

StartServer = Callable[..., Any]
LAT, LNG = 31.2304, 121.4737
PATIENCE_S = 30


@pytest.fixture(params=["demo", pytest.param("shared", marks=pytest.mark.shared)])
def photos(request: pytest.FixtureRequest) -> tuple[tuple[bytes, ...], bytes]:
    """Five photos of one overflowing bin, and one of the place without it."""
    if request.param == "demo":
        return request.getfixturevalue("bin_photos"), request.getfixturevalue("clean_photo")
    return _real_photos(request.getfixturevalue("shared_data"))


def _real_photos(shared_data: Path) -> tuple[tuple[bytes, ...], bytes]:
    detector = load_detector(load_bundle(DEFAULT_BUNDLE))
    pipeline = Pipeline(detector)
    for path in sorted((shared_data / "val/bins_montevideo/images").iterdir()):
        image = cv2.imread(str(path))
        assert image is not None
        photo = image.astype(np.uint8, copy=False)
        crops = tuple(_encode(photo[: -2 - 2 * k, 2 * k :]) for k in range(5))
        cleaned = _encode(_paint_over(pipeline, photo))
        bins = [[_seen(pipeline, crop) for crop in crops], _seen(pipeline, cleaned)]
        if bins == [[{"overflowing_bin"}] * 5, set()]:
            detector.close()
            return crops, cleaned
    raise AssertionError("the model is sure of no bin among the held-out photos")


def _seen(pipeline: Pipeline, data: bytes) -> set[str]:
    return {one.label for one in pipeline.score_bytes(data).findings if one.flagged}


def _paint_over(pipeline: Pipeline, image: Image) -> Image:
    cleaned = image.copy()
    for finding in pipeline.score(image).findings:
        x1, y1, x2, y2 = (round(edge) for edge in finding.box_xyxy)
        cleaned[y1:y2, x1:x2] = np.median(image[y1:y2, x1:x2], axis=(0, 1))
    return cleaned


def _encode(image: Image) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert done
    return data.tobytes()


def test_from_five_photos_to_a_closed_case(
    start_server: StartServer,
    database_url: str,
    photos: tuple[tuple[bytes, ...], bytes],
    receiver: "Receiver",
) -> None:
    before, after = photos
    server = start_server(database_url, webhook_networks="127.0.0.0/8")
    keys = {
        role: server.make_key(role)
        for role in ("citizen-intake", "operator", "handler", "consumer")
    }
    admin, citizen = server.client(), server.client(keys["citizen-intake"])
    operator, handler = server.client(keys["operator"]), server.client(keys["handler"])
    consumer = server.client(keys["consumer"])

    hook = admin.post("/v1/webhooks", json={"url": receiver.url}).raise_for_status().json()
    receiver.secret = hook["secret"]

    # Five citizens report one overflowing bin; each is told what was seen, and gets a token.
    reports = [_report(citizen, photo, number) for number, photo in enumerate(before)]
    reports = [_follow(citizen, one) for one in reports]
    assert {one["message_zh"] for one in reports} == {"我们看到：垃圾满溢"}
    assert len({one["cases"][0]["number"] for one in reports}) == 1

    # One case with five reports, verified and filed.
    (case,) = operator.get("/v1/cases", params={"state": "collected"}).json()["items"]
    assert (case["label"], case["event_code"]) == ("overflowing_bin", "200102")
    assert (case["reports_count"], case["reporters_count"]) == (5, 5)
    path, subject = f"/v1/cases/{case['id']}", f"cases/{case['id']}"
    for move in ("verify", "file"):
        operator.post(f"{path}/moves", json={"move": move}).raise_for_status()

    # Dispatched with a deadline; the bureau's platform hears of it and leases it.
    dispatched = operator.post(
        f"{path}/moves", json={"move": "dispatch", "unit": "环卫三队"}
    ).json()
    assert dispatched["due_at"] > dispatched["state_since"]
    event = receiver.wait_for(subject, "case.dispatched")
    assert event["specversion"] == "1.0"
    assert event["data"]["case"]["due_at"] == dispatched["due_at"]
    (leased,) = consumer.post("/v1/queue/lease", json={"wait_s": 10}).json()["leased"]
    assert leased["case"]["id"] == case["id"]
    hold = {"items": [{"case_id": case["id"], "lease_token": leased["lease_token"]}]}
    acked = consumer.post("/v1/queue/ack", json=hold).raise_for_status().json()
    assert [one["outcome"] for one in acked["outcomes"]] == ["done"]
    assert consumer.post("/v1/queue/lease", json={}).json()["leased"] == []

    # An after-photo that still shows the bin is refused; a clean one is accepted.
    handler.post(f"{path}/moves", json={"move": "handle"}).raise_for_status()
    refused = _after_photo(handler, path, before[0])
    assert refused["outcome"] == "not_resolved"
    assert {one["code"] for one in refused["reasons"]} >= {"label_still_found", "same_picture"}
    handler.post(f"{path}/moves", json={"move": "report_back"}).raise_for_status()
    unreasoned = operator.post(f"{path}/moves", json={"move": "check"})
    assert unreasoned.status_code == 422
    accepted = _after_photo(handler, path, after)
    assert accepted["outcome"] in ("resolved", "unsure"), accepted
    assert "label_still_found" not in {one["code"] for one in accepted["reasons"]}
    for move in ("check", "close"):
        operator.post(f"{path}/moves", json={"move": move}).raise_for_status()

    # The platform, the citizens and an Open311 client see it closed.
    receiver.wait_for(subject, "case.closed")
    of_case = [one for one in receiver.events if one["subject"] == subject]
    states = [one["type"].rsplit(".", 1)[1] for one in of_case]
    assert states == [
        *("opened", *["report_joined"] * 4, "verified", "filed", "dispatched", "handled"),
        *("after_photo", "reported_back", "after_photo", "checked", "closed"),
    ]
    assert _follow(citizen, reports[0])["cases"][0]["state"] == "closed"
    found = ET.fromstring(citizen.get(f"/open311/v2/requests/{case['id']}.xml").text)
    assert found.findtext("request/status") == "closed"
    by_report = citizen.get(f"/open311/v2/requests/{reports[0]['id']}.json").json()
    assert by_report[0]["status"] == "closed"
    assert server.stop() == 0


def _report(citizen: Any, photo: bytes, number: int) -> dict[str, Any]:
    answer = citizen.post(
        "/v1/reports",
        files={"photo": (f"bin{number}.jpg", photo, "image/jpeg")},
        data={"lat": LAT + number * 2e-5, "lng": LNG, "phone": f"1380000000{number}"},
        headers={"Idempotency-Key": f"report-{number}"},
    )
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _follow(citizen: Any, report: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        token = {"X-Follow-Token": report["follow_token"]}
        followed = citizen.get(f"/v1/reports/{report['id']}", headers=token)
        body: dict[str, Any] = followed.raise_for_status().json()
        if body["state"] != "waiting" or time.monotonic() > deadline:
            return body | {"follow_token": report["follow_token"]}
        time.sleep(0.1)


def _after_photo(handler: Any, path: str, photo: bytes) -> dict[str, Any]:
    answer = handler.post(
        f"{path}/after-photo",
        files={"photo": ("after.jpg", photo, "image/jpeg")},
        data={"lat": LAT, "lng": LNG},
    )
    assert answer.status_code == 201, answer.text
    checked: dict[str, Any] = answer.json()
    return checked
