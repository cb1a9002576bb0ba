"""Each incident reaches the service once as it opened and once as it cleared, or is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from detector.archive.filing import Filed, FiledLog, Filing, FilingSettings, revisions_of
from detector.camera.fake_service import FakeService
from detector.camera.incident import Incident, Peak
from detector.errors import ServiceError, StreamError

AT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
SERVICE = "https://issues.example.gov.cn"


def make_incident(number: int = 0, **changes: Any) -> Incident:
    peak = Peak(0.9, (1.0, 2.0, 30.0, 40.0), "medium", (1920, 1080), "a/b.mp4", 4.0, AT)
    incident = Incident(
        id=f"inc-{number:020x}",
        camera="HP-1",
        label="overflowing_bin",
        state="cleared",
        revision=5,
        started_s=AT.timestamp(),
        last_seen_s=AT.timestamp() + 90,
        started_at=AT,
        last_seen_at=AT + timedelta(seconds=90),
        frames=12,
        median_score=0.8,
        peak=peak,
        end_reason="gone",
    )
    return replace(incident, **changes)


class Desk:
    """Files with a service in memory, and notes how long it waited."""

    def __init__(self, folder: Path) -> None:
        self.service = FakeService()
        self.path = folder / "filed.jsonl"
        self.waits: list[float] = []
        self.read: list[str] = []

    def photo(self, incident: Incident) -> bytes:
        self.read.append(incident.id)
        return incident.id.encode()

    def file(
        self,
        *incidents: Incident,
        read_photo: Callable[[Incident], bytes | None] | None = None,
        url: str = SERVICE,
    ) -> list[tuple[str, str]]:
        told: list[Filed] = []
        settings = FilingSettings(tries=3, sleep=self.waits.append)
        with FiledLog(self.path, url) as log:
            done = Filing(self.service, log, settings).file_incidents(
                incidents, read_photo or self.photo, told.append
            )
        assert tuple(told) == done
        assert [one.incident for one in done] == list(incidents)
        return [(one.result, one.reason) for one in done]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def failure(
    *, again: bool, status: int | None = None, after_s: float | None = None
) -> ServiceError:
    return ServiceError(
        "refused", "It was refused.", "Ask.", again=again, status=status, retry_after_s=after_s
    )


def test_a_cleared_incident_is_told_as_open_first_with_its_picture(desk: Desk) -> None:
    assert desk.file(make_incident()) == [("filed", "")]
    (opened, photo), (cleared, none) = desk.service.sent
    assert (opened.state, opened.end_reason, opened.ended_at) == ("open", None, None)
    assert photo == opened.id.encode()
    assert (cleared, none) == (make_incident(), None)
    assert opened.revision < cleared.revision


def test_an_open_incident_is_told_once(desk: Desk) -> None:
    still = make_incident(state="open", end_reason=None)
    desk.file(still)
    assert [news for news, _ in desk.service.sent] == [still]


@pytest.mark.parametrize("revision", [1, 2, 7])
def test_revisions_rise_and_are_the_same_each_time(revision: int) -> None:
    opened, cleared = revisions_of(make_incident(revision=revision))
    assert 1 <= opened.revision < cleared.revision
    assert revisions_of(make_incident(revision=revision)) == (opened, cleared)


def test_what_was_acknowledged_is_not_sent_again(desk: Desk) -> None:
    desk.file(make_incident(0), make_incident(1))
    sent = len(desk.service.sent)
    assert (
        desk.file(make_incident(0), make_incident(1), make_incident(2))[:2] == [("known", "")] * 2
    )
    assert len(desk.service.sent) == sent + 2
    assert desk.read.count(make_incident(0).id) == 1


def test_another_service_knows_nothing_of_it(desk: Desk) -> None:
    desk.file(make_incident())
    assert desk.file(make_incident(), url="https://test.example") == [("filed", "")]
    assert desk.file(make_incident()) == [("known", "")]


def test_an_incident_that_went_on_is_told_further(desk: Desk) -> None:
    desk.file(make_incident(state="open", end_reason=None, revision=4))
    assert desk.file(make_incident(revision=5)) == [("filed", "")]
    assert [(one.state, one.revision) for one, _ in desk.service.sent] == [
        ("open", 4),
        ("cleared", 5),
    ]


def test_after_a_death_in_the_middle_only_the_rest_is_sent(desk: Desk) -> None:
    desk.service.refusals.extend([None, failure(again=False)])
    assert desk.file(make_incident())[0][0] == "unfiled"
    assert desk.file(make_incident()) == [("filed", "")]
    assert [one.state for one, _ in desk.service.sent] == ["open", "cleared"]


def test_a_line_that_was_cut_off_is_passed_over(desk: Desk) -> None:
    desk.file(make_incident(0))
    desk.path.write_bytes(desk.path.read_bytes() + b'{"service": "https://iss')
    desk.file(make_incident(1))
    assert desk.file(make_incident(0), make_incident(1)) == [("known", "")] * 2


def test_an_incident_without_a_time_is_named(desk: Desk) -> None:
    timeless = make_incident(0, started_at=None, last_seen_at=None)
    (result, reason), other = desk.file(timeless, make_incident(1))
    assert result == "unfiled"
    assert "time" in reason
    assert other == ("filed", "")
    assert desk.read == [make_incident(1).id]


def test_a_refusal_is_named_and_not_repeated(desk: Desk) -> None:
    desk.service.refusals.append(failure(again=False, status=404))
    assert desk.file(make_incident(0), make_incident(1)) == [
        ("unfiled", "It was refused. Ask."),
        ("filed", ""),
    ]
    assert desk.waits == []


def test_what_may_help_is_tried_again_with_longer_waits(desk: Desk) -> None:
    desk.service.refusals.extend([failure(again=True), failure(again=True)])
    assert desk.file(make_incident()) == [("filed", "")]
    assert desk.waits == [1.0, 2.0]


def test_the_service_says_how_long_to_wait_within_a_limit(desk: Desk) -> None:
    desk.service.refusals.extend([failure(again=True, after_s=7), failure(again=True, after_s=9e9)])
    desk.file(make_incident())
    assert desk.waits == [7, 60.0]


def test_a_service_that_is_down_is_left_alone_and_nothing_is_lost(desk: Desk) -> None:
    incidents = [make_incident(one) for one in range(50)]
    desk.service.down = failure(again=True)
    results = desk.file(*incidents)
    assert {result for result, _ in results} == {"unfiled"}
    assert len(desk.waits) == 3 * 2
    assert "Not tried" in results[-1][1]
    desk.service.down = None
    assert {result for result, _ in desk.file(*incidents)} == {"filed"}
    assert len(desk.service.opened) == 50


def test_a_key_that_is_refused_is_not_tried_with_each(desk: Desk) -> None:
    desk.service.down = failure(again=False, status=401)
    desk.file(*[make_incident(one) for one in range(50)])
    assert len(desk.read) == 1


def test_a_picture_that_cannot_be_read_holds_up_no_other(desk: Desk) -> None:
    def read(incident: Incident) -> bytes:
        if incident.id == make_incident(0).id:
            raise StreamError("unreadable", "a/b.mp4 is gone.")
        return b"jpeg"

    first, second = desk.file(make_incident(0), make_incident(1), read_photo=read)
    assert first == ("unfiled", "Its picture cannot be read: a/b.mp4 is gone.")
    assert second == ("filed", "")


def test_a_caller_may_send_no_pictures(desk: Desk) -> None:
    desk.file(make_incident(), read_photo=lambda _: None)
    assert [photo for _, photo in desk.service.sent] == [None, None]


@pytest.mark.parametrize("status", [413, 415, 422])
def test_a_picture_that_the_service_does_not_take_is_left_out(desk: Desk, status: int) -> None:
    still = make_incident(state="open", end_reason=None)
    desk.service.refusals.append(failure(again=False, status=status))
    assert desk.file(still) == [("filed", "")]
    assert desk.service.sent == [(still, None)]


def test_news_that_are_refused_without_a_picture_too_are_named(desk: Desk) -> None:
    desk.service.refusals.extend([failure(again=False, status=422)] * 2)
    ((result, reason),) = desk.file(make_incident(state="open", end_reason=None))
    assert result == "unfiled" and "It was refused." in reason
    assert desk.service.sent == []


@pytest.mark.parametrize("camera", ["site/ch01", "gate 3", "a#b", "", "x" * 65])
def test_a_code_that_the_service_does_not_take_is_told_without_asking(
    desk: Desk, camera: str
) -> None:
    ((result, reason),) = desk.file(make_incident(camera=camera))
    assert result == "unfiled" and "--cameras" in reason
    assert desk.read == [] and desk.service.sent == []
