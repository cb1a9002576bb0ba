"""A configuration is read strictly, and keeps its secrets."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from detector.errors import UsageError
from detector.watch.config import WatchConfig, parse_config, read_config

EXAMPLE = """
service:
  url: https://issues.example.gov.cn/
  key_file: watch.key
state: /var/lib/street-issues/watch
budget: {parallel: 2, frames_per_s: 6}
metrics: {port: 9109}
default:
  every_s: 4
  labels: [overflowing_bin]
  timezone: "+00:00"
cameras:
  - code: HP-0137
    url_env: URL_OF_0137
    every_s: 2
    hours: [["06:00", "22:00"]]
    zones:
      - {name: pavement, points: [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]}
  - code: 工地-1
    url_file: secrets/site-1
    transport: udp
  - code: HP-0139
    url: rtsp://user:word@10.0.0.9/1
    labels: []
rules:
  overflowing_bin: {dwell_s: 60}
"""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    (tmp_path / "watch.key").write_text("sid_the-key\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "site-1").write_text("rtsp://10.0.0.7/1\n")
    path = tmp_path / "watch.yaml"
    path.write_text(EXAMPLE, encoding="utf-8")
    return path


def parse(**changes: Any) -> WatchConfig:
    content: dict[str, Any] = {
        "service": {"url": "http://localhost:8000", "key_env": "KEY"},
        "state": "state",
        "cameras": [{"code": "a", "url": "rtsp://10.0.0.1/1"}],
    }
    return parse_config({**content, **changes}, "watch.yaml", Path("/x"), {"KEY": "sid_key"})


def test_the_example_is_read(example: Path) -> None:
    config = read_config(example, {"URL_OF_0137": "rtsp://u:p@10.0.0.1/1"})
    assert (config.service.url, config.service.key) == (
        "https://issues.example.gov.cn",
        "sid_the-key",
    )
    assert config.state == Path("/var/lib/street-issues/watch")
    assert (config.budget.parallel, config.budget.frames_per_s) == (2, 6.0)
    assert config.metrics is not None
    assert (config.metrics.host, config.metrics.port) == ("127.0.0.1", 9109)
    first, second, third = config.cameras
    assert (first.code, first.url, first.every_s) == ("HP-0137", "rtsp://u:p@10.0.0.1/1", 2)
    assert (first.view.labels, first.view.code) == (("overflowing_bin",), "HP-0137")
    assert first.view.hours == (("06:00", "22:00"),)
    assert first.view.zone.utcoffset(None) == timedelta(0)
    assert first.view.zones[0].name == "pavement"
    assert (second.url, second.transport, second.every_s) == ("rtsp://10.0.0.7/1", "udp", 4)
    assert third.view.labels == ()
    assert config.rules == {"overflowing_bin": {"dwell_s": 60}}


def test_secrets_do_not_show(example: Path) -> None:
    shown = repr(read_config(example, {"URL_OF_0137": "rtsp://u:p@10.0.0.1/1"}))
    for secret in ("sid_the-key", "u:p@", "word"):
        assert secret not in shown


def test_what_is_left_out_has_a_sensible_value() -> None:
    config = parse()
    assert config.state == Path("/x/state")
    assert config.metrics is None
    assert config.rules is None
    assert (config.budget.parallel, config.budget.frames_per_s) == (1, None)
    assert (config.cameras[0].every_s, config.cameras[0].transport) == (2.0, "tcp")


CAMERA = {"code": "a", "url": "rtsp://10.0.0.1/1"}
SERVICE = {"url": "http://localhost:8000", "key_env": "KEY"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sevice": {}}, "sevice is unknown"),
        ({"state": 7}, "state must be a text"),
        ({"cameras": []}, "cameras names none"),
        ({"cameras": {"a": {}}}, "cameras must be a list"),
        ({"cameras": [CAMERA, CAMERA]}, r"cameras\[1\]: code is 'a', like that of another"),
        ({"cameras": [CAMERA | {"code": "a b"}]}, "code is 'a b'"),
        ({"cameras": [CAMERA | {"code": "a/b"}]}, "code is 'a/b'"),
        ({"cameras": [{"code": "a"}]}, "url must be given once"),
        ({"cameras": [CAMERA | {"url_env": "KEY"}]}, "url must be given once"),
        ({"cameras": [{"code": "a", "url_env": "NONE"}]}, "the variable NONE, which is not set"),
        ({"cameras": [{"code": "a", "url_file": "none"}]}, "/x/none, which cannot be read"),
        ({"cameras": [CAMERA | {"every_s": 0}]}, r"every_s is 0; it must lie in \[0.1"),
        ({"cameras": [CAMERA | {"zone": []}]}, "zone is unknown"),
        ({"cameras": [CAMERA | {"labels": ["dog"]}]}, "labels holds 'dog'"),
        ({"cameras": [CAMERA | {"transport": "tpc"}]}, "transport is 'tpc'"),
        ({"default": {"url": "x"}}, "default: url is unknown"),
        ({"default": {"hours": [["25:00", "26:00"]]}}, "hours"),
        ({"service": {"url": "x", "key_env": "KEY"}}, "no web address"),
        ({"service": SERVICE | {"key": "sid_key"}}, "use key_file or key_env"),
        ({"service": {"url": "http://x"}}, "key must be given once"),
        ({"budget": {"parallel": 0}}, "parallel is 0"),
        ({"budget": {"frames_per_s": 0}}, "frames_per_s is 0"),
        ({"metrics": {}}, "port is missing"),
        ({"metrics": {"port": 70000}}, "port is 70000"),
        ({"spool_photo_mib": -1}, "spool_photo_mib is -1"),
        ({"rules": []}, "rules must be an object"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse(**changes)
    assert caught.value.message.startswith("watch.yaml")
    assert "sid_key" not in str(caught.value)
