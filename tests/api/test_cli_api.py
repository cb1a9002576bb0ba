import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from api import commands
from api.cli import COMMAND_MODULES, build_parser, main
from api.store.database import Database

START_S = 90.0
"""Loading a network on a busy machine."""


@dataclass
class Served:
    """A server of its own process."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.lines[0].split()[-1]

    @property
    def key(self) -> str | None:
        found = [re.search(r"sid_[A-Za-z0-9_-]{43}", line) for line in self.lines]
        return next((one[0] for one in found if one), None)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("STREET_ISSUES_")}
    return {**kept, **extra}


@contextlib.contextmanager
def serve(data: Path, log: Path, *options: str, **variables: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--data", str(data)]
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(variables),
        )
    served = Served(process)
    assert process.stdout is not None
    try:
        timer = threading.Timer(START_S, process.kill)
        timer.start()
        for line in process.stdout:
            served.lines.append(line.rstrip())
            if len(served.lines) == 1:
                break
        timer.cancel()
        assert served.lines, log.read_text()
        # What follows the address comes in the same write.
        reader = threading.Thread(
            target=lambda: served.lines.extend(line.rstrip() for line in process.stdout or ())
        )
        reader.start()
        httpx2.get(f"{served.url}/healthz", timeout=30).raise_for_status()
        time.sleep(0.2)
        yield served
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=30)
        process.stdout.close()


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        capture_output=True,
        text=True,
        env=environment(variables),
        timeout=120,
        check=False,
    )


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_first_start_needs_nothing_and_shows_its_key_once(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    with serve(data, log) as first:
        ready = httpx2.get(f"{first.url}/readyz", timeout=30)
        assert ready.status_code == 200, ready.text
        key = first.key
        assert key is not None
        audit = httpx2.get(f"{first.url}/v1/audit", headers=bearer(key), timeout=30)
        assert audit.status_code == 200
        assert httpx2.get(f"{first.url}/v1/audit", timeout=30).status_code == 401
        metrics = httpx2.get(f"{first.url}/metrics", timeout=30)
        assert "street_issues_ledger_up 1.0" in metrics.text
        assert "server" not in audit.headers
        assert first.stop() == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"/readyz", "/v1/audit"} <= {line.get("route") for line in lines}
    assert key not in log.read_text()
    assert oct(data.stat().st_mode)[-3:] == "700"
    assert oct((data / "secret").stat().st_mode)[-3:] == "600"

    with serve(data, log) as second:
        assert second.key is None
        answer = httpx2.get(f"{second.url}/v1/audit", headers=bearer(key), timeout=30)
        assert answer.status_code == 200
        assert second.stop(signal.SIGINT) == 0


def test_a_preset_key_is_taken_and_not_shown(tmp_path: Path) -> None:
    preset = "preset-key-0123456789-0123456789-0123456789"
    with serve(tmp_path / "data", tmp_path / "log", STREET_ISSUES_ADMIN_KEY=preset) as served:
        answer = httpx2.get(f"{served.url}/v1/audit", headers=bearer(preset), timeout=30)
        assert answer.status_code == 200
        assert len(served.lines) == 3  # Its addresses.
        assert preset not in "".join(served.lines)
        assert served.stop() == 0


def test_a_key_revoked_on_the_command_line_stops_working(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serve(data, tmp_path / "log") as served:
        made = run("keys", "create", "--name", "审计", "--role", "auditor", "--data", str(data))
        assert made.returncode == 0, made.stderr
        found = re.search(r"id: +(\S+)\nkey: (\S+)", made.stdout)
        assert found is not None
        headers = bearer(found[2])
        assert httpx2.get(f"{served.url}/v1/audit", headers=headers, timeout=30).is_success
        revoked = run("keys", "revoke", found[1], "--data", str(data))
        assert revoked.returncode == 0, revoked.stderr
        deadline = time.monotonic() + 15
        while httpx2.get(f"{served.url}/v1/audit", headers=headers, timeout=30).is_success:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert served.stop() == 0
    listed = run("keys", "list", "--data", str(data)).stdout
    assert "审计" in listed
    assert "revoked" in listed
    assert found[2] not in listed
    verified = run("audit", "verify", "--data", str(data))
    assert verified.returncode == 0
    assert "3 rows" in verified.stdout


def test_a_running_request_ends_before_the_server_does(tmp_path: Path) -> None:
    # A body that is still coming when the signal comes is read to its end and answered.
    with serve(tmp_path / "data", tmp_path / "log") as served:
        sent, go_on = threading.Event(), threading.Event()

        def body() -> Iterator[bytes]:
            yield b"lat=39.9&"
            sent.set()
            go_on.wait(10)
            yield b"long=116.4"

        answers: list[httpx2.Response] = []

        def post() -> None:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            url = f"{served.url}/open311/v2/requests.json"
            answers.append(httpx2.post(url, content=body(), headers=headers, timeout=30))

        thread = threading.Thread(target=post)
        thread.start()
        assert sent.wait(10)
        time.sleep(1.5)  # Sent is not yet read.
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        go_on.set()
        thread.join(30)
        assert len(answers) == 1
        assert served.process.wait(timeout=60) == 0


def test_who_waits_for_work_is_answered_when_the_server_ends(tmp_path: Path) -> None:
    with serve(tmp_path / "data", tmp_path / "log") as served:
        assert served.key is not None
        answers: list[httpx2.Response] = []

        def wait_for_work() -> None:
            body = {"wait_s": 15}
            url = f"{served.url}/v1/queue/lease"
            answers.append(
                httpx2.post(url, json=body, headers=bearer(served.key or ""), timeout=30)
            )

        thread = threading.Thread(target=wait_for_work)
        thread.start()
        time.sleep(1)
        assert not answers
        began = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - began < 10
        thread.join(30)
        assert [answer.status_code for answer in answers] == [200]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"STREET_ISSUES_WORKER": "1"}, "Did you mean STREET_ISSUES_WORKERS?"),
        ({"STREET_ISSUES_ADMIN_KEY": "short"}, "at least 32 characters"),
        (
            {"STREET_ISSUES_DATABASE_URL": "postgresql+psycopg://u:hunter2@127.0.0.1:1/x"},
            "STREET_ISSUES_SECRET",
        ),
        ({"STREET_ISSUES_DATABASE_URL": "mysql://u:hunter2@h/x"}, "cannot be used"),
        ({"STREET_ISSUES_MODEL": "/nowhere/at/all"}, "/nowhere/at/all"),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, variables: dict[str, str], words: str) -> None:
    done = run("serve", "--port", "0", "--data", str(tmp_path / "data"), **variables)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_a_port_in_use_is_told_at_once(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port, "--data", str(tmp_path / "data"))
    assert done.returncode == 2
    assert f"127.0.0.1:{port}: Address already in use" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_damaged_secret_is_not_replaced(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret").write_text("half")
    done = run("serve", "--port", "0", "--data", str(data))
    assert done.returncode == 2
    assert "damaged" in done.stderr
    assert (data / "secret").read_text() == "half"


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run a command in this process on one data folder."""
    for name in list(os.environ):
        if name.startswith("STREET_ISSUES_"):
            monkeypatch.delenv(name)

    def call(*arguments: str) -> int:
        return main([*arguments, "--data", str(tmp_path / "data")])

    return call


def test_what_a_command_makes_is_its_owners_only(
    in_folder: Callable[..., int], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        assert in_folder("keys", "create", "--name", "first", "--role", "operator") == 0
        assert os.umask(0o022) == 0o022  # As it was, for who called it.
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in data.iterdir() if path.is_file()}
    assert modes["ledger.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_audit_verify_finds_what_was_changed(
    in_folder: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("first", "second", "third"):
        assert in_folder("keys", "create", "--name", name, "--role", "operator") == 0
    assert in_folder("audit", "verify") == 0
    head = re.search(r"head: (\S+)", capsys.readouterr().out)
    assert head is not None
    assert in_folder("audit", "verify", "--expect", head[1]) == 0
    capsys.readouterr()
    assert in_folder("audit", "list", "--limit", "2") == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["seq"] for row in listed] == [3, 2]

    ledger = Database(f"sqlite:///{tmp_path / 'data' / 'ledger.db'}")
    with ledger.write() as connection:
        connection.exec_driver_sql("DELETE FROM audit WHERE seq = 3")
    assert in_folder("audit", "verify") == 0
    assert in_folder("audit", "verify", "--expect", head[1]) == 1
    assert "cut off" in capsys.readouterr().out
    with ledger.write() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'somebody' WHERE seq = 2")
    ledger.close()
    assert in_folder("audit", "verify") == 1
    assert "Row 2: its content" in capsys.readouterr().out


def test_wrong_use_is_refused(
    in_folder: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    for wrong in (
        ("keys", "create", "--name", "a", "--role", "king"),
        ("keys", "create", "--role", "operator"),
        ("audit", "verify", "--expect", "5"),
        ("serve", "--port", "65536"),
        ("serve", "--port", "http"),
        ("nothing",),
    ):
        with pytest.raises(SystemExit) as caught:
            in_folder(*wrong)
        assert caught.value.code == 2
    assert in_folder("keys", "revoke", "unknown") == 2
    assert "There is no key 'unknown'" in capsys.readouterr().err


def test_every_command_is_there_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(commands.__file__).parent
    assert {path.stem for path in folder.glob("[!_]*.py")} == set(COMMAND_MODULES)
    parser = build_parser()
    shown = parser.format_help()
    for name in (
        *("serve", "migrate", "keys", "audit", "import-grid", "import-toilets"),
        *("export-feedback", "backup", "restore", "retention", "erase"),
    ):
        assert re.search(rf"^    {name}\b", shown, re.MULTILINE)
        with pytest.raises(SystemExit) as caught:
            parser.parse_args([name, "--help"])
        assert caught.value.code == 0
        assert "usage: street-issues-api" in capsys.readouterr().out
