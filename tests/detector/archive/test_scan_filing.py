"""`street-issues scan` files its incidents as cases with a service."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from detector.archive import filing
from detector.camera.fake_service import FakeService
from detector.cli import main
from detector.errors import ServiceError

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def out(town: Any, tmp_path: Path) -> Path:
    """A folder in which the town was scanned."""
    return Path(shutil.copytree(town.out, tmp_path / "out"))


@dataclass(slots=True)
class Stub:
    """A service over HTTP that keeps what it was sent."""

    down: bool = False
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if stub.down:
                self.answer(503, {"code": "busy", "detail": "The service has no room."})
                return
            stub.taken.append((self.path, dict(self.headers), body))
            found = body[body.index(b"inc-") :][:24].decode("ascii")
            self.answer(202, {"id": found, "applied": True, "report_id": "r", "case_ids": []})

        def answer(self, status: int, content: dict[str, Any]) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    settings = filing.FilingSettings(tries=2, sleep=lambda _: None)
    monkeypatch.setattr(filing, "Filing", partial(filing.Filing, settings=settings))
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stub.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield stub
        server.shutdown()
        thread.join()


def test_incidents_are_filed_once_the_service_is_there(
    town: Any, out: Path, tmp_path: Path, hands: Any, stub: Stub, capsys: Capture
) -> None:
    key = tmp_path / "key"
    key.write_text("si_test_key\n", encoding="utf-8")
    arguments = town.arguments(out, "--file-cases", stub.url, "--key-file", str(key))
    stub.down = True
    assert main(arguments) == 1
    words = capsys.readouterr().err
    assert "filed: 0 now, 0 before, 4 not" in words
    assert "The service has no room." in words and "time of its footage is unknown" in words
    assert stub.taken == []
    stub.down = False
    # That of unknown time can never be filed.
    assert main(arguments) == 1
    assert "filed: 3 now, 0 before, 1 not" in capsys.readouterr().err
    taken = [path for path, _, _ in stub.taken]
    # The bin was there and is gone: two revisions.
    assert taken == ["/v1/incidents"] * 4
    assert {headers["Authorization"] for _, headers, _ in stub.taken} == {"Bearer si_test_key"}
    assert sum(b"\xff\xd8\xff" in body for _, _, body in stub.taken) == 3
    assert main(arguments) == 1
    assert "filed: 0 now, 3 before, 1 not" in capsys.readouterr().err
    assert len(stub.taken) == 4
    assert hands.done == []
    for path in out.rglob("*"):
        assert path.is_dir() or b"si_test_key" not in path.read_bytes()


def test_a_service_that_refuses_the_key_is_not_asked_for_each(
    town: Any, out: Path, hands: Any, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = ServiceError("forbidden", "The key may not.", again=False, status=403)
    service = FakeService(down=refusal)
    monkeypatch.setattr("detector.commands.scan_plan.open_service", lambda _: service)
    assert main(town.arguments(out, "--file-cases", "http://x.test")) == 1
    words = capsys.readouterr().err
    assert words.count("Not tried, since others before failed") == 2
    assert service.sent == [] and service.closed
    assert hands.done == []
