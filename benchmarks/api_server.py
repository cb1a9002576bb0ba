"""The real server in a folder of its own, and what its processes take."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.processes import ROOT

KEY = "sid_" + "b" * 43
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
BOUNDARY = "benchmark7MA4YWxkTrZu0gW"


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A server that runs."""

    host: str
    port: int
    pid: int

    def processes(self) -> list[int]:
        """Return the server's process and its workers'."""
        found = [self.pid]
        for pid in found:  # Grows while it is walked: children of children.
            for path in Path(f"/proc/{pid}/task").glob("*/children"):
                found.extend(int(word) for word in path.read_text("ascii").split())
        return found

    def cpu_s(self) -> float:
        """Return processor seconds of all its processes so far."""
        total = 0.0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / TICKS_PER_S
        return total

    def memory_mb(self) -> list[float]:
        """Return the resident set of each process, in 10^6 bytes, the server's first."""
        return [
            int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE_BYTES / 1e6
            for pid in self.processes()
        ]

    def connect(self) -> HTTPConnection:
        """Open a connection."""
        return HTTPConnection(self.host, self.port, timeout=120)


@contextlib.contextmanager
def run_server(**settings: str | int) -> Iterator[ApiServer]:
    """Start `street-issues-api serve` with settings; stop it at the end."""
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        environment["STREET_ISSUES_ADMIN_KEY"] = KEY
        environment["STREET_ISSUES_REQUESTS_PER_MINUTE"] = "1000000000"
        environment["STREET_ISSUES_MIN_FREE_MIB"] = "0"
        environment |= {f"STREET_ISSUES_{name.upper()}": str(it) for name, it in settings.items()}
        command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--data", folder]
        with (
            tempfile.TemporaryFile("w+") as log,
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env=environment,
            ) as process,
        ):
            assert process.stdout is not None
            line = process.stdout.readline()
            if " on http://" not in line:
                process.kill()
                log.seek(0)
                raise SystemExit(f"The server did not start: {line}{log.read()}")
            address = urlsplit(line.split(" on ", 1)[1].strip())
            assert address.hostname is not None and address.port is not None
            try:
                yield ApiServer(address.hostname, address.port, process.pid)
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)


def wrap(photo: bytes) -> bytes:
    """Return a multipart body that holds a photo."""
    head = (
        f"--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return head.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


def post(connection: HTTPConnection, path: str, body: bytes) -> int:
    """Send a body and read the answer; return its status."""
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status
