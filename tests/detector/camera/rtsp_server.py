"""A camera for tests: RTSP over TCP with H.264, that can be stopped, frozen, damaged and locked.

RFC 2326 (RTSP, interleaved), RFC 3550 (RTP), RFC 6184 (H.264 in RTP), RFC 2617 (digest).
"""

import base64
import contextlib
import hashlib
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

CLOCK_HZ = 90_000
PAYLOAD_BYTES = 1200
PAYLOAD_TYPE = 96
REALM = "camera"
NONCE = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Unit:
    """One picture in coded form."""

    is_key: bool
    nals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the camera shows, again and again."""

    units: Sequence[Unit]
    rate: float


def load_scene(path: Path, rate: float) -> Scene:
    """Read the coded pictures of an H.264 file without B-frames; each key carries SPS and PPS."""
    import av

    units = []
    with av.open(str(path)) as container:
        stream: Any = container.streams.video[0]
        headers = tuple(_headers(bytes(stream.codec_context.extradata)))
        for packet in container.demux(stream):
            if packet.size:
                nals = tuple(_nals(bytes(packet)))
                is_key = bool(packet.is_keyframe)
                units.append(Unit(is_key, headers + nals if is_key else nals))
    return Scene(units, rate)


class RtspServer:
    """Serves one scene to any number of clients, at the scene's own pace. A context manager."""

    def __init__(
        self, scene: Scene, *, port: int = 0, login: tuple[str, str] | None = None
    ) -> None:
        self.scene = scene
        """May be replaced while it plays: the next picture is the new scene's first."""
        self.frozen = threading.Event()
        """Set: sockets stay open, and nothing is sent."""
        self.clock_jump_s = 0.0
        """Added to the stream's clock from the next picture on."""
        self.garbage = threading.Event()
        """Set: pictures are sent with their bytes replaced."""
        self.silent = threading.Event()
        """Set: requests are read and never answered."""
        self.requests: list[str] = []
        """Methods that clients called."""
        self._login = login
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port), reuse_port=False)
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def url(self, path: str = "/live", login: tuple[str, str] | None = None) -> str:
        at = f"{login[0]}:{login[1]}@" if login else ""
        return f"rtsp://{at}127.0.0.1:{self.port}{path}"

    def stop(self) -> None:
        """End as if the power was cut: all sockets are closed."""
        self._stopping.set()
        for one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(10)

    def _spawn(self, target: Any, *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as lines:
                playing = False
                while not self._stopping.is_set():
                    request = self._read_request(lines)
                    if request is None:
                        return
                    method, url, headers = request
                    self.requests.append(method)
                    while self.silent.is_set() and not self._stopping.is_set():
                        time.sleep(0.02)
                    client.sendall(self._answer(method, url, headers))
                    if method == "TEARDOWN":
                        return
                    if method == "PLAY" and not playing:
                        playing = True
                        self._spawn(self._play, client)
        except OSError:
            return

    @staticmethod
    def _read_request(lines: Any) -> tuple[str, str, dict[str, str]] | None:
        first = lines.readline()
        while first[:1] == b"$":  # The client's RTCP: '$', channel, length of two bytes.
            head = first + lines.read(max(0, 4 - len(first)))
            rest = struct.unpack(">H", head[2:4])[0] - (len(head) - 4)
            first = (lines.read(rest), lines.readline())[1] if rest >= 0 else lines.readline()
        if not first.strip():
            return None
        method, url, _ = first.decode("latin-1").split(" ", 2)
        headers = {}
        while (line := lines.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return method, url, headers

    def _answer(self, method: str, url: str, headers: dict[str, str]) -> bytes:
        begin = f"CSeq: {headers.get('cseq', '0')}\r\n"
        if method != "OPTIONS" and not self._may(method, headers.get("authorization", "")):
            challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"\r\n'
            return f"RTSP/1.0 401 Unauthorized\r\n{begin}{challenge}\r\n".encode()
        body = ""
        if method == "OPTIONS":
            begin += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
        elif method == "DESCRIBE":
            body = self._describe()
            begin += f"Content-Base: {url}/\r\nContent-Type: application/sdp\r\n"
            begin += f"Content-Length: {len(body)}\r\n"
        elif method == "SETUP":
            begin += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1;timeout=60\r\n"
        else:
            begin += "Session: 1\r\n"
        return f"RTSP/1.0 200 OK\r\n{begin}\r\n{body}".encode()

    def _may(self, method: str, given: str) -> bool:
        if self._login is None:
            return True
        parts = dict(re.findall(r'(\w+)="([^"]*)"', given))
        first = _md5(f"{self._login[0]}:{REALM}:{self._login[1]}")
        second = _md5(f"{method}:{parts.get('uri', '')}")
        return parts.get("response") == _md5(f"{first}:{NONCE}:{second}")

    def _describe(self) -> str:
        sps, pps = self.scene.units[0].nals[:2]
        sets = ",".join(base64.b64encode(one).decode() for one in (sps, pps))
        return "\r\n".join(
            (
                "v=0",
                "o=- 0 0 IN IP4 127.0.0.1",
                "s=test",
                "t=0 0",
                "a=control:*",
                f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
                "c=IN IP4 0.0.0.0",
                f"a=rtpmap:{PAYLOAD_TYPE} H264/{CLOCK_HZ}",
                f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;sprop-parameter-sets={sets}",
                "a=control:trackID=0",
                "",
            )
        )

    def _play(self, client: socket.socket) -> None:
        sequence, at_s, index = 0, 0.0, 0
        scene = self.scene
        began_s = time.monotonic()
        try:
            while not self._stopping.is_set():
                if scene is not self.scene:
                    scene, index = self.scene, 0
                unit = scene.units[index % len(scene.units)]
                stamp = round((at_s + self.clock_jump_s) * CLOCK_HZ) % 2**32
                for payload, last in _payloads(unit.nals):
                    head = (0x80, PAYLOAD_TYPE | (0x80 if last else 0), sequence % 2**16, stamp, 7)
                    rtp = struct.pack(">BBHII", *head) + self._damaged(payload)
                    client.sendall(b"$\0" + struct.pack(">H", len(rtp)) + rtp)
                    sequence += 1
                index += 1
                at_s += 1 / scene.rate
                self._stopping.wait(max(0.0, began_s + at_s - time.monotonic()))
                while self.frozen.is_set() and not self._stopping.is_set():
                    time.sleep(0.02)
        except OSError:
            return

    def _damaged(self, payload: bytes) -> bytes:
        if not self.garbage.is_set():
            return payload
        return payload[:1] + b"\xa5" * (len(payload) - 1)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _payloads(nals: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Cut a picture into RTP payloads; the flag marks its last one."""
    for number, nal in enumerate(nals):
        final = number == len(nals) - 1
        if len(nal) <= PAYLOAD_BYTES:
            yield nal, final
            continue
        indicator, kind, rest = nal[0] & 0xE0 | 28, nal[0] & 0x1F, nal[1:]
        for at in range(0, len(rest), PAYLOAD_BYTES):
            ends = at + PAYLOAD_BYTES >= len(rest)
            flags = (0x80 if at == 0 else 0) | (0x40 if ends else 0)
            part = rest[at : at + PAYLOAD_BYTES]
            yield bytes((indicator, flags | kind)) + part, final and ends


def _nals(data: bytes) -> Iterator[bytes]:
    """Split an MP4 sample: each NAL unit after its length in four bytes."""
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        nal = data[at + 4 : at + 4 + size]
        if nal[0] & 0x1F not in (6, 7, 8, 9):  # SEI, parameter sets, delimiters
            yield nal
        at += 4 + size


def _headers(avcc: bytes) -> Iterator[bytes]:
    """Read SPS and PPS out of an MP4's avcC record."""
    at = 6
    for _ in range(2):
        (size,) = struct.unpack_from(">H", avcc, at)
        yield avcc[at + 2 : at + 2 + size]
        at += 2 + size + 1
