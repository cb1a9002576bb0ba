"""A watcher of a video that plays like a camera, and the real service: each incident once."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from detector.camera.incident import Incident
from detector.camera.service import Answer, ServiceCameraState, ServiceClient
from detector.errors import ServiceError
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from detector.watch.config import read_config
from detector.watch.watching import Watching, WatchParts
from tests.api.endtoend.conftest import Server, StartServer
from tests.api.endtoend.magenta_watch import QUICK
from tests.detector.watch.scripted_scene import Stay, draw_scene, make_magenta_detector

PROGRAM = Path(__file__).with_name("magenta_watch.py")
SECONDS, RATE = 9, 10
STAYS = (
    Stay(0.5, 4, (30, 60, 90, 130)),
    Stay(3, 7, (130, 70, 190, 140)),
    Stay(6, 8.5, (230, 60, 290, 120)),
)
"""Three bins, one after the other; the video is played again and again."""
RULES = {
    "overflowing_bin": {
        "open_hits": 2,
        "open_window": 4,
        "dwell_s": 0.3,
        "clear_looks": 2,
        "clear_after_s": 0.5,
        "rejoin_s": 3600,
        "ask_scenery": False,
    }
}


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of three bins that come and go."""
    import av

    path = tmp_path_factory.mktemp("street") / "street.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 192, "yuv420p"
        stream.codec_context.gop_size = 2
        for index in range(SECONDS * RATE):
            image = draw_scene(index / RATE, STAYS)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def write_config(tmp_path: Path, street: Path) -> Callable[[Server], Path]:
    """Register a camera, make its key, and write the watcher's configuration."""

    def write(server: Server) -> Path:
        body = {"code": "HP-0137", "name": "Depot 3", "position": {"lat": 31.23, "lng": 121.47}}
        answer = server.client().post("/v1/cameras", json=body)
        assert answer.status_code == 201, answer.text
        (tmp_path / "key").write_text(server.make_key("camera"))
        content = {
            "service": {"url": server.url, "key_file": "key"},
            "state": "watch",
            "cameras": [{"code": "HP-0137", "url": str(street), "every_s": 0.2}],
            "rules": RULES,
        }
        path = tmp_path / "watch.json"
        path.write_text(json.dumps(content))
        return path

    return write


class MovingService:
    """The client of a service that may be away, or come back at another address."""

    def __init__(self, client: ServiceClient) -> None:
        self.client = client
        self.failures = 0

    def send_incident(self, news: Incident, photo: bytes | None = None) -> Answer:
        try:
            return self.client.send_incident(news, photo)
        except ServiceError:
            self.failures += 1
            raise

    def send_heartbeat(
        self, camera: str, state: ServiceCameraState, at: Any = None, frame: bytes | None = None
    ) -> None:
        self.client.send_heartbeat(camera, state, at, frame)

    def close(self) -> None:
        self.client.close()


def list_incidents(server: Server) -> list[dict[str, Any]]:
    answer = server.client().get("/v1/incidents", params={"camera": "HP-0137"})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def place_of(incident: dict[str, Any]) -> int:
    """Which of the three bins it is, by where its peak was."""
    x1, _, x2, _ = incident["peak"]["box_xyxy"]
    middle = (x1 + x2) / 2
    return min(range(3), key=lambda k: abs(sum(STAYS[k].box_xyxy[::2]) / 2 - middle))


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.2)
    assert condition()


@pytest.mark.faults
def test_after_the_service_was_away_each_incident_is_there_once(
    start_server: StartServer, write_config: Callable[[Server], Path]
) -> None:
    server = start_server()
    config = read_config(write_config(server))
    service = MovingService(ServiceClient(config.service.url, config.service.key))
    server.kill()
    detector = make_magenta_detector(load_bundle(DEFAULT_BUNDLE).manifest)
    with Watching(config, WatchParts(detector, service, settings=QUICK)) as watching:
        # Ten minutes away, three hundred times as fast as a watcher's waits of a minute.
        wait_for(lambda: service.failures >= 10 and spooled(watching) >= 3)
        server = start_server(data=server.data)
        service.client.close()
        service.client = ServiceClient(server.url, config.service.key)
        wait_for(lambda: len(list_incidents(server)) >= 3)
    incidents = list_incidents(server)
    assert sorted(map(place_of, incidents)) == [0, 1, 2]
    assert {one["label"] for one in incidents} == {"overflowing_bin"}
    assert all(one["photo_sha256"] and one["report_id"] for one in incidents)
    camera = server.client().get("/v1/cameras/HP-0137").json()
    assert camera["state"] == "live"
    assert camera["frame_sha256"]
    service.close()
    detector.close()


@pytest.mark.faults
def test_killed_at_any_moment_no_incident_comes_twice(
    start_server: StartServer, write_config: Callable[[Server], Path], tmp_path: Path
) -> None:
    server = start_server()
    config = write_config(server)
    moments = random.Random(5)
    log = tmp_path / "watch.log"
    for started in range(1, 7):
        with running(config, log) as process:
            wait_for(lambda count=started: log.read_text().count("watching 1 camera") == count)  # type: ignore[misc]  # its default is its type
            time.sleep(moments.uniform(0.5, 4))
            assert process.poll() is None, log.read_text()
            process.send_signal(signal.SIGKILL)
            process.wait()
    with running(config, log) as process:
        wait_for(lambda: len(list_incidents(server)) >= 3)
        time.sleep(SECONDS)  # Once more through the whole street: nothing new may come of it.
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    assert sorted(map(place_of, list_incidents(server))) == [0, 1, 2]
    assert "Traceback" not in log.read_text()


def test_check_says_what_each_camera_shows(
    start_server: StartServer, write_config: Callable[[Server], Path], tmp_path: Path
) -> None:
    server = start_server()
    config = write_config(server)
    content = json.loads(config.read_text())
    content["cameras"].append({"code": "gone", "url": str(tmp_path / "none.mp4")})
    config.write_text(json.dumps(content))
    done = check(config)
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"service: {server.url} takes the key"
    assert lines[1].startswith("HP-0137: 320x192")
    assert lines[2].startswith("gone: ")
    (tmp_path / "key").write_text("sid_a-key-that-nobody-made-before")
    del content["cameras"][1]
    config.write_text(json.dumps(content))
    done = check(config)
    assert done.returncode == 1
    assert "401" in done.stdout.splitlines()[0]
    assert list_incidents(server) == []
    assert server.client().get("/v1/cameras/HP-0137").json()["heartbeat_at"] is None


def check(config: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(PROGRAM), str(config), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@contextmanager
def running(config: Path, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a watcher in a process of its own."""
    command = [sys.executable, str(PROGRAM), str(config), "--verbose"]
    with log.open("a") as words:
        process = subprocess.Popen(command, stderr=words, stdout=words)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def spooled(watching: Watching) -> int:
    read = watching.metrics.read_spool()
    return 0 if read is None else read[0].news
