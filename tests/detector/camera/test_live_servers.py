"""Live streams of servers that are not ours: GStreamer, FFmpeg, and Python's plain HTTP server."""

import contextlib
import itertools
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("av", reason="the extra 'camera' is not installed")

from detector.camera.frames import Frame
from tests.detector.camera.test_live import (
    assert_forward,
    frames,
    lasted_s,
    outage,
    watching,
)

RATE = 20
SEGMENT_S = 1
SYSTEM_PYTHON = "/usr/bin/python3"


class Cameras(BaseHTTPRequestHandler):
    """Serves a folder's files, a sliding playlist, an endless FLV and motion JPEG."""

    folder: Path
    began_s: float
    jpeg: bytes
    flv: bytes
    seconds: float
    protocol_version = "HTTP/1.0"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        with contextlib.suppress(OSError):
            if path == "/live.m3u8":
                self._send("application/vnd.apple.mpegurl", self._playlist().encode())
            elif path == "/live.flv":
                self._head("video/x-flv")
                self._trickle(self.flv)
            elif path == "/live.mjpg":
                self._head("multipart/x-mixed-replace; boundary=frame")
                while not self._stopped():
                    head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
                    self.wfile.write(head % len(self.jpeg) + self.jpeg + b"\r\n")
            elif path == "/page.html":
                self._send("text/html", b"<html>Log in first</html>" * 100)
            elif (file := self.folder / path.lstrip("/")).is_file():
                self._send("video/mp2t", file.read_bytes())
            else:
                self.send_error(404)

    def _head(self, kind: str, size: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if size is not None:
            self.send_header("Content-Length", str(size))
        self.end_headers()

    def _send(self, kind: str, body: bytes) -> None:
        self._head(kind, len(body))
        self.wfile.write(body)

    def _stopped(self) -> bool:
        stopping: threading.Event = self.server.stopping  # type: ignore[attr-defined] # ours
        return stopping.wait(1 / RATE)

    def _trickle(self, data: bytes) -> None:
        step = max(1, round(len(data) / self.seconds / RATE))
        for at in range(0, len(data), step):
            if self._stopped():
                return
            self.wfile.write(data[at : at + step])

    def _playlist(self) -> str:
        """Name the three newest segments, as a camera's own server does; the video starts again."""
        first = int((time.monotonic() - self.began_s) / SEGMENT_S)
        count = len(list(self.folder.glob("*.ts")))
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{SEGMENT_S}"]
        lines += [f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        for number in range(first, first + 3):
            if number and number % count == 0:
                lines.append("#EXT-X-DISCONTINUITY")
            lines += [f"#EXTINF:{SEGMENT_S}.0,", f"part{number % count}.ts"]
        return "\n".join(lines) + "\n"


class Server(ThreadingHTTPServer):
    """Ends with all its connections."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[Cameras]) -> None:
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), handler)


@contextlib.contextmanager
def serving(handler: type[Cameras], port: int = 0) -> Iterator[Server]:
    server = Server(port, handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture(scope="module")
def clip(write_video: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_video(path, seconds=4, rate=RATE, gop=4)


@pytest.fixture(scope="module")
def cameras(
    write_video: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> type[Cameras]:
    folder = tmp_path_factory.mktemp("http")
    options = {
        "hls_time": str(SEGMENT_S),
        "hls_list_size": "0",
        "hls_segment_filename": str(folder / "part%d.ts"),
    }
    write_video(
        folder / "recorded.m3u8", seconds=4, rate=RATE, gop=4, container="hls",
        container_options=options,
    )  # fmt: skip
    flv = write_video(folder / "clip.flv", seconds=4, rate=RATE, gop=4)
    _, jpeg = cv2.imencode(".jpg", np.full((64, 96, 3), 120, np.uint8))

    class Prepared(Cameras):
        pass

    Prepared.folder, Prepared.began_s, Prepared.seconds = folder, time.monotonic(), 4.0
    Prepared.flv, Prepared.jpeg = flv.read_bytes(), jpeg.tobytes()
    return Prepared


def test_hls_that_slides_on_outlives_its_server(cameras: type[Cameras]) -> None:
    with serving(cameras) as server:
        url = f"http://me:Zx9@127.0.0.1:{server.server_port}/live.m3u8?token=Zx9"
        with watching(url) as (stream, items):
            before = frames(items, 12)
            server.stopping.set()
            server.shutdown()
            server.server_close()
            lost = outage(items)
            with serving(cameras, server.server_port):
                after = frames(items, 5)

    assert_forward(before + after)
    # Segments come at once and are given out in their own time.
    assert lasted_s(before) >= 1.5
    assert "Zx9" not in lost.message + stream.source


def test_hls_that_ends_is_an_outage(cameras: type[Cameras]) -> None:
    with (
        serving(cameras) as server,
        watching(f"http://127.0.0.1:{server.server_port}/recorded.m3u8") as (_, items),
    ):
        seen = list(itertools.takewhile(lambda one: isinstance(one, Frame), items))

    assert len(seen) >= 15
    assert lasted_s(seen) >= 3


def test_flv_over_http(cameras: type[Cameras]) -> None:
    with (
        serving(cameras) as server,
        watching(f"http://127.0.0.1:{server.server_port}/live.flv") as (_, items),
    ):
        before = frames(items, 8)
        assert outage(items, "ended").attempt == 0
        after = frames(items, 4)

    assert_forward(before + after)
    assert after[0].timestamp_s > 3


def test_motion_jpeg_over_http_counts_by_arrival(cameras: type[Cameras]) -> None:
    with (
        serving(cameras) as server,
        watching(f"http://127.0.0.1:{server.server_port}/live.mjpg") as (_, items),
    ):
        seen = frames(items, 8)

    assert_forward(seen)
    assert seen[-1].timestamp_s - seen[0].timestamp_s == pytest.approx(lasted_s(seen), abs=0.5)
    assert abs(int(seen[-1].luma.mean()) - 120) < 10


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/none.flv", "unreadable", "has no such stream"),
        ("/page.html", "not_a_video", "sends no video"),
    ],
)
def test_what_is_no_stream_is_said_to_be_none(
    cameras: type[Cameras], path: str, code: str, words: str
) -> None:
    with (
        serving(cameras) as server,
        watching(f"http://127.0.0.1:{server.server_port}{path}") as (_, items),
    ):
        problem = outage(items)

    assert problem.code == code
    assert words in problem.message


def test_a_playlist_does_not_lead_to_files_of_this_machine(
    cameras: type[Cameras], clip: Path, tmp_path: Path
) -> None:
    class Evil(cameras):  # type: ignore[misc, valid-type] # a class made by a fixture
        folder = tmp_path

    (tmp_path / "evil.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\nfile://{clip}\n#EXT-X-ENDLIST\n"
    )
    with (
        serving(Evil) as server,
        watching(f"http://127.0.0.1:{server.server_port}/evil.m3u8") as (_, items),
    ):
        assert not isinstance(next(items), Frame)


@contextlib.contextmanager
def running(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program; end it as a power cut would."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


GSTREAMER_CHECK = """
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst
Gst.init(None)
assert all(Gst.ElementFactory.find(name) for name in ("qtdemux", "rtph264pay"))
"""


def _has_gstreamer() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    command = (SYSTEM_PYTHON, "-c", GSTREAMER_CHECK)
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_gstreamers_rtsp_server_killed_and_started_again(clip: Path) -> None:
    if not _has_gstreamer():
        pytest.skip("needs gir1.2-gst-rtsp-server-1.0, python3-gi, gstreamer1.0-plugins-good")
    script = str(Path(__file__).with_name("gst_camera.py"))
    with running(SYSTEM_PYTHON, script, "0", str(clip)) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        with watching(f"rtsp://127.0.0.1:{port}/live") as (_, items):
            before = frames(items, 5)
            server.kill()
            lost = outage(items)
            with running(SYSTEM_PYTHON, script, port, str(clip)):
                after = frames(items, 5)

    assert_forward(before + after)
    assert (lost.attempt, before[0].wh) == (0, (96, 64))


def test_ffmpegs_rtmp_server_killed_and_started_again(clip: Path) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs the program ffmpeg")
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"rtmp://127.0.0.1:{free.getsockname()[1]}/live/street"
    command = (
        ffmpeg, "-loglevel", "quiet", "-re", "-stream_loop", "-1", "-i", str(clip),
        "-c", "copy", "-f", "flv", "-listen", "1", url,
    )  # fmt: skip
    with watching(url) as (_, items):
        with running(*command) as server:
            before = frames(items, 5)
            server.kill()
            lost = outage(items)
        with running(*command):
            after = frames(items, 5)

    assert_forward(before + after)
    assert lost.message.startswith(url)
