"""A watcher put together, over scenes with known answers."""

import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from detector.arrays import Image
from detector.camera.fake_service import FakeService
from detector.camera.live import Outage
from detector.camera.service import ServiceCameraState
from detector.camera.view import CameraView
from detector.decode import decode_photo
from detector.errors import InferenceError, OutputError, ServiceError
from detector.models.fake import FakeDetector
from detector.models.manifest import ModelManifest
from detector.watch.camera_loop import LoopSettings
from detector.watch.config import CameraConfig, MetricsConfig, ServiceConfig, WatchConfig
from detector.watch.courier import CourierSettings
from detector.watch.heartbeat import HeartbeatSettings
from detector.watch.state import WatchState
from detector.watch.watching import Watching, WatchParts, WatchSettings
from tests.detector.watch.scripted_scene import (
    START,
    ScriptedStream,
    Stay,
    find_magenta,
    make_magenta_detector,
)

MakeManifest = Callable[..., ModelManifest]
QUICK = WatchSettings(
    loop=LoopSettings(tick_s=0.02, restart_s=0.01, every_frame=True),
    courier=CourierSettings(first_wait_s=0.01, most_wait_s=0.05, idle_s=0.01),
    flush_s=10,
)
BIN = Stay(100, 400, (40, 60, 100, 130))
OTHER = Stay(200, 5000, (220, 80, 290, 150))


def make_config(folder: Path, *codes: str, **changes: object) -> WatchConfig:
    cameras = tuple(
        CameraConfig(code, "rtsp://10.0.0.1/1", CameraView(code)) for code in codes or ("cam",)
    )
    config = WatchConfig(cameras, ServiceConfig("http://service.test", "sid_key"), folder)
    return replace(config, **changes)  # type: ignore[arg-type]  # names of fields


def moments(from_s: float, until_s: float, every_s: float = 2.0) -> list[float]:
    return [float(one) for one in np.arange(from_s, until_s, every_s)]


def play(
    config: WatchConfig,
    detector: FakeDetector,
    service: FakeService,
    script: Sequence[float | Outage],
    stays: Sequence[Stay],
    settings: WatchSettings = QUICK,
) -> Watching:
    """Watch a script to its end."""
    parts = WatchParts(
        detector,
        service,
        open_stream=lambda camera: ScriptedStream(script, stays, camera.code),
        settings=settings,
    )
    with Watching(config, parts) as watching:
        watching.wait(Event())
    return watching


def read(watching: Watching, name: str, **labels: str) -> float | None:
    return watching.metrics.registry.get_sample_value(f"street_issues_watch_{name}", labels)


def test_each_problem_becomes_one_incident_with_its_photo(
    tmp_path: Path, make_manifest: MakeManifest
) -> None:
    service = FakeService()
    detector = make_magenta_detector(make_manifest())
    watching = play(make_config(tmp_path), detector, service, moments(0, 1500), (BIN, OTHER))
    incidents = sorted(service.incidents.values(), key=lambda one: one.started_s)
    assert [(one.label, one.state) for one in incidents] == [
        ("overflowing_bin", "cleared"),
        ("overflowing_bin", "open"),
    ]
    assert [one.started_s - START.timestamp() for one in incidents] == [100, 200]
    assert all(one.camera == "cam" for one in incidents)
    for incident in incidents:
        first, photo = service.opened[incident.id]
        assert (first.revision, first.state) == (1, "open")
        assert photo is not None
        shown = find_magenta(decode_photo(photo).image, detector.manifest.classes)
        assert np.abs(shown.boxes_xyxy - np.array(first.peak.box_xyxy)).max(axis=1).min() <= 8
    assert [one.state for one in service.heartbeats][-1] == "live"
    assert read(watching, "open_incidents", camera="cam") == 1
    scored = read(watching, "frames_total", camera="cam", fate="scored")
    held = read(watching, "frames_total", camera="cam", fate="held")
    assert scored is not None
    assert held is not None
    assert scored + held == 750
    assert scored < 150


def test_a_restart_goes_on_with_open_incidents(tmp_path: Path, make_manifest: MakeManifest) -> None:
    service = FakeService()
    detector = make_magenta_detector(make_manifest())
    for from_s in range(0, 1530, 170):  # The bin goes before a restart, and is cleared after one.
        script = moments(from_s, from_s + 170)
        play(make_config(tmp_path), detector, service, script, (BIN, OTHER))
    assert sorted(one.state for one in service.incidents.values()) == ["cleared", "open"]
    assert sorted(one.started_s - START.timestamp() for one in service.incidents.values()) == [
        100,
        200,
    ]


def test_news_wait_for_a_service_that_is_away(tmp_path: Path, make_manifest: MakeManifest) -> None:
    service = FakeService(down=ServiceError("unreachable", "It is away.", again=True))
    detector = make_magenta_detector(make_manifest())
    quick = replace(QUICK, flush_s=0.1)
    play(make_config(tmp_path), detector, service, moments(0, 900), (BIN, OTHER), quick)
    assert service.sent == []
    service.down = None
    play(make_config(tmp_path), detector, service, moments(900, 910), (BIN, OTHER))
    assert sorted(one.state for one in service.incidents.values()) == ["cleared", "open"]
    assert {first.revision for first, _ in service.opened.values()} == {1}
    assert all(photo is not None for _, photo in service.opened.values())


def test_a_camera_that_goes_away_is_offline_and_comes_back(
    tmp_path: Path, make_manifest: MakeManifest
) -> None:
    service = FakeService()
    outage = Outage("ended", "It ended.", 0.0, 1, 1.0, START)
    beats = HeartbeatSettings(offline_after_s=0.0)
    settings = replace(QUICK, loop=replace(QUICK.loop, beats=beats))
    # The spool keeps the newest heartbeat only: each part is sent before the next is played.
    scripts: list[list[float | Outage]] = [[0.0, 2.0], [4.0, outage], [6.0]]
    for script in scripts:
        config = make_config(tmp_path)
        play(config, make_magenta_detector(make_manifest()), service, script, (), settings)
    states = [one.state for one in service.heartbeats]
    assert "offline" in states
    assert states[0] == states[-1] == "live"
    assert service.heartbeats[0].frame is not None


def test_one_cameras_error_is_not_the_others(
    tmp_path: Path, make_manifest: MakeManifest, caplog: pytest.LogCaptureFixture
) -> None:
    service = FakeService()
    tries: list[str] = []

    def open_stream(camera: CameraConfig) -> ScriptedStream:
        tries.append(camera.code)
        if camera.code == "odd" and tries.count("odd") < 3:
            raise RuntimeError("nobody foresaw this")
        return ScriptedStream(moments(0, 300), (BIN,), camera.code)

    detector = make_magenta_detector(make_manifest())
    parts = WatchParts(detector, service, open_stream, QUICK)
    with Watching(make_config(tmp_path, "odd", "well"), parts) as watching:
        watching.wait(Event())
    assert {one.camera for one in service.incidents.values()} == {"odd", "well"}
    assert read(watching, "restarts_total", camera="odd") == 2
    assert read(watching, "restarts_total", camera="well") == 0
    assert "nobody foresaw this" in caplog.text


def test_a_camera_that_fails_again_and_again_is_told_as_offline(
    tmp_path: Path, make_manifest: MakeManifest, caplog: pytest.LogCaptureFixture
) -> None:
    told = Event()

    class Listening(FakeService):
        def send_heartbeat(
            self,
            camera: str,
            state: ServiceCameraState,
            at: datetime | None = None,
            frame: bytes | None = None,
        ) -> None:
            super().send_heartbeat(camera, state, at, frame)
            told.set()

    def open_stream(_: CameraConfig) -> ScriptedStream:
        raise RuntimeError("nobody foresaw this")

    service = Listening()
    beats = HeartbeatSettings(offline_after_s=0.0)
    parts = WatchParts(
        make_magenta_detector(make_manifest()),
        service,
        open_stream,
        replace(QUICK, loop=replace(QUICK.loop, beats=beats, restart_s=60)),
    )
    with Watching(make_config(tmp_path), parts) as watching:
        assert told.wait(30)
    assert [one.state for one in service.heartbeats] == ["offline"]
    assert read(watching, "camera_state", camera="cam", state="offline") == 1
    assert read(watching, "restarts_total", camera="cam") == 1
    assert "nobody foresaw this" in caplog.text


def test_a_live_stream_that_is_over_is_opened_again(
    tmp_path: Path, make_manifest: MakeManifest
) -> None:
    opened: list[str] = []
    stop = Event()

    def open_stream(camera: CameraConfig) -> ScriptedStream:
        opened.append(camera.code)
        if len(opened) == 3:
            stop.set()
        return ScriptedStream([0.0, 2.0], (), camera.code)

    live = replace(QUICK, loop=replace(QUICK.loop, every_frame=False))
    parts = WatchParts(make_magenta_detector(make_manifest()), FakeService(), open_stream, live)
    with Watching(make_config(tmp_path), parts) as watching:
        assert stop.wait(30)
    restarts = read(watching, "restarts_total", camera="cam")
    assert restarts is not None
    assert restarts >= 2


def test_frames_that_the_model_fails_on_are_counted_and_nothing_is_made_of_them(
    tmp_path: Path, make_manifest: MakeManifest
) -> None:
    manifest = make_manifest()
    calls: list[int] = []

    def answer(image: Image):  # type: ignore[no-untyped-def]  # as the detector's
        calls.append(1)
        if len(calls) <= 20:
            raise InferenceError("broken", "It broke.")
        return find_magenta(image, manifest.classes)

    service = FakeService()
    always = Stay(0, 9999, BIN.box_xyxy)
    detector = FakeDetector(manifest, answer)
    watching = play(make_config(tmp_path), detector, service, moments(0, 300), (always,))
    assert read(watching, "frames_total", camera="cam", fate="failed") == 20
    (incident,) = service.incidents.values()
    assert incident.started_s - START.timestamp() == 40


def test_a_full_disk_stops_nobody_from_watching_and_loses_no_news(
    tmp_path: Path, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = FakeService()
    save = WatchState.save_camera
    calls: list[int] = []

    def fail_for_a_while(self: WatchState, *values: object, **named: object) -> None:
        calls.append(1)
        if 1 < len(calls) < 30:
            raise OutputError("watch.db", OSError(28, "No space left on device"))
        save(self, *values, **named)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(WatchState, "save_camera", fail_for_a_while)
    detector = make_magenta_detector(make_manifest())
    watching = play(make_config(tmp_path), detector, service, moments(0, 1500), (BIN, OTHER))
    assert sorted(one.state for one in service.incidents.values()) == ["cleared", "open"]
    assert all(photo is not None for _, photo in service.opened.values())
    assert read(watching, "save_failures_total") == 28


def test_state_that_cannot_be_understood_begins_anew(
    tmp_path: Path, make_manifest: MakeManifest, caplog: pytest.LogCaptureFixture
) -> None:
    with WatchState(tmp_path) as state:
        state.save_camera("cam", {"version": 99})
        state.save_camera("gone", {"version": 1})
    service = FakeService()
    detector = make_magenta_detector(make_manifest())
    play(make_config(tmp_path), detector, service, moments(0, 300), (BIN,))
    assert len(service.incidents) == 1
    assert "begins anew" in caplog.text
    assert "No longer watched: gone" in caplog.text


def test_outside_its_hours_a_camera_is_alive_and_nothing_is_made_of_it(
    tmp_path: Path, make_manifest: MakeManifest
) -> None:
    service = FakeService()
    config = make_config(tmp_path)
    asleep = replace(config.cameras[0], view=CameraView("cam", hours=(("20:00", "21:00"),)))
    config = replace(config, cameras=(asleep,))
    detector = make_magenta_detector(make_manifest())
    watching = play(config, detector, service, moments(0, 300), (BIN,))
    assert service.incidents == {}
    assert [one.state for one in service.heartbeats] == ["live"]
    assert read(watching, "frames_total", camera="cam", fate="off_hours") == 150


def test_prometheus_may_ask(tmp_path: Path, make_manifest: MakeManifest) -> None:
    config = make_config(tmp_path, metrics=MetricsConfig(0))
    stop = Event()
    service = FakeService(down=ServiceError("unreachable", "It is away.", again=True))
    parts = WatchParts(
        make_magenta_detector(make_manifest()),
        service,
        lambda camera: ScriptedStream(moments(0, 300), (BIN,), camera.code),
        replace(QUICK, flush_s=0.0),
    )
    with Watching(config, parts) as watching:
        watching.wait(stop)
        assert watching.metrics_server is not None
        url = f"http://127.0.0.1:{watching.metrics_server.port}/metrics"
        with urllib.request.urlopen(url) as answer:
            shown = answer.read().decode()
    assert "street_issues_watch_spool_news 1.0" in shown
    assert 'street_issues_watch_camera_state{camera="cam",state="live"} 1.0' in shown
    assert "10.0.0.1" not in shown
