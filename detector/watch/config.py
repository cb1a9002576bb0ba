"""What to watch, as its operator writes it; see `docs/watch.md` for an example.

Secrets stay out of the file where that is wanted: an address or a key may stand in a file of its
own or in the environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

from detector.camera.service_wire import check_key, check_service_url, is_camera_code
from detector.camera.view import CameraView
from detector.camera.view_reading import parse_view
from detector.errors import UsageError
from detector.models.fields import Fields
from detector.reading import open_fields, read_yaml_or_json

Transport = Literal["tcp", "udp"]
TRANSPORTS: Final[tuple[Transport, ...]] = ("tcp", "udp")
MOST_SECRET_BYTES: Final = 64 * 1024
MOST_EVERY_S: Final = 3600.0
LEAST_EVERY_S: Final = 0.1
"""More often than ten times a second nothing new is seen of what stands in a street."""


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """One camera."""

    code: str
    """As it is registered with the service."""
    url: str = field(repr=False)
    """May hold a password: never log it, see `hide_credentials`."""
    view: CameraView
    """What counts before it."""
    every_s: float = 2.0
    """One frame for each span of this length is looked at."""
    transport: Transport = "tcp"
    """Of RTSP."""


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """Where news go."""

    url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MetricsConfig:
    """Where Prometheus may ask."""

    port: int
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class BudgetConfig:
    """How much of the machine the model may take."""

    parallel: int = 1
    """Frames in the model at the same time."""
    frames_per_s: float | None = None
    """Over all cameras; None: as many as the machine manages."""


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """All of it."""

    cameras: tuple[CameraConfig, ...]
    service: ServiceConfig
    state: Path
    """Folder of `watch.db`."""
    budget: BudgetConfig = BudgetConfig()
    metrics: MetricsConfig | None = None
    spool_photo_mib: int = 1024
    """Photos that wait for the service may take so much room."""
    rules: Any = None
    """Overrides of the incidents' rules, read once the model is known; None: none."""


def read_config(path: Path, environment: Mapping[str, str] | None = None) -> WatchConfig:
    """Read a configuration.

    Args:
        path: A YAML or JSON file. Paths in it are relative to its folder.
        environment: Where `url_env` and `key_env` look; None: the process's own.

    Raises:
        UsageError: It cannot be read, or something in it is unknown, missing or wrong; names its
            place, but never a secret.
        ExtraMissingError: It is YAML, and PyYAML is not installed.
    """
    return parse_config(
        read_yaml_or_json(path),
        str(path),
        path.parent,
        os.environ if environment is None else environment,
    )


def parse_config(
    content: object, path: str, folder: Path, environment: Mapping[str, str]
) -> WatchConfig:
    """Return the configuration that a file's content says.

    Args:
        content: As YAML or JSON gave it.
        path: The file's name, for messages.
        folder: What paths in it are relative to.
        environment: Where `url_env` and `key_env` look.

    Raises:
        UsageError: As `read_config`.
    """
    fields = open_fields(content, path)
    secrets = _Secrets(folder, environment)
    service = _read_service(fields.group("service"), secrets)
    config = WatchConfig(
        cameras=_read_cameras(fields, secrets),
        service=service,
        state=folder / fields.text("state"),
        budget=_read_budget(fields.group("budget")) if fields.has("budget") else BudgetConfig(),
        metrics=_read_metrics(fields.group("metrics")) if fields.has("metrics") else None,
        spool_photo_mib=(
            fields.integer("spool_photo_mib", 0, 10**6) if fields.has("spool_photo_mib") else 1024
        ),
        rules=fields.object("rules") if fields.has("rules") else None,
    )
    fields.finish()
    return config


@dataclass(frozen=True, slots=True)
class _Secrets:
    """Reads texts that may stand in a file or in the environment instead."""

    folder: Path
    environment: Mapping[str, str]

    def read(self, fields: Fields, name: str) -> str:
        """Return the value of `name`, `name_file` or `name_env`, whichever one is there."""
        given = [one for one in (name, f"{name}_file", f"{name}_env") if fields.has(one)]
        if len(given) != 1:
            raise fields.wrong(name, f"must be given once: as {name}, {name}_file or {name}_env")
        (key,) = given
        text = fields.text(key)
        if key == name:
            return text
        return (
            self._read_file(fields, key, text)
            if key.endswith("_file")
            else self._read_variable(fields, key, text)
        )

    def _read_file(self, fields: Fields, key: str, name: str) -> str:
        path = self.folder / name
        try:
            with path.open("rb") as file:
                value = file.read(MOST_SECRET_BYTES).decode("utf-8-sig").strip()
        except OSError as error:
            raise fields.wrong(
                key, f"names {path}, which cannot be read: {error.strerror}"
            ) from None
        except UnicodeDecodeError:
            raise fields.wrong(key, f"names {path}, which is no text") from None
        if not value or "\n" in value:
            raise fields.wrong(key, f"names {path}, which must hold one line")
        return value

    def _read_variable(self, fields: Fields, key: str, name: str) -> str:
        value = self.environment.get(name, "").strip()
        if not value:
            raise fields.wrong(key, f"names the variable {name}, which is not set")
        return value


def _read_service(fields: Fields, secrets: _Secrets) -> ServiceConfig:
    if fields.has("key"):
        raise fields.wrong("key", "does not belong into this file; use key_file or key_env")
    url = fields.text("url")
    key = secrets.read(fields, "key")
    try:
        service = ServiceConfig(check_service_url(url), check_key(key))
    except UsageError as error:
        raise UsageError(f"{fields.place('url')}: {error.message}", error.hint) from error
    fields.finish()
    return service


def _read_budget(fields: Fields) -> BudgetConfig:
    parallel = fields.integer("parallel", 1, 256) if fields.has("parallel") else 1
    rate = fields.number("frames_per_s", 0.01, 10_000) if fields.has("frames_per_s") else None
    fields.finish()
    return BudgetConfig(parallel, rate)


def _read_metrics(fields: Fields) -> MetricsConfig:
    host = fields.text("host") if fields.has("host") else "127.0.0.1"
    metrics = MetricsConfig(fields.integer("port", 0, 65_535), host)
    fields.finish()
    return metrics


def _read_cameras(fields: Fields, secrets: _Secrets) -> tuple[CameraConfig, ...]:
    base = CameraConfig(code="", url="", view=CameraView())
    if fields.has("default"):
        default = fields.group("default")
        base = _read_common(default, base)
        default.finish()
    cameras: dict[str, CameraConfig] = {}
    for one in fields.groups("cameras"):
        camera = _read_camera(one, base, secrets)
        if camera.code in cameras:
            raise one.wrong("code", f"is {camera.code!r}, like that of another camera")
        cameras[camera.code] = camera
    if not cameras:
        raise fields.wrong("cameras", "names none")
    return tuple(cameras.values())


def _read_camera(fields: Fields, base: CameraConfig, secrets: _Secrets) -> CameraConfig:
    code = fields.text("code")
    if not is_camera_code(code):
        raise fields.wrong(
            "code", f"is {code!r}; a code has 1 to 64 letters without / ? # % \\ or spaces"
        )
    url = secrets.read(fields, "url")
    camera = _read_common(
        fields, replace(base, code=code, url=url, view=replace(base.view, code=code))
    )
    fields.finish()
    return camera


def _read_common(fields: Fields, base: CameraConfig) -> CameraConfig:
    """Read what `default` and a camera may both say."""
    every_s = (
        fields.number("every_s", LEAST_EVERY_S, MOST_EVERY_S)
        if fields.has("every_s")
        else base.every_s
    )
    transport = (
        fields.choice("transport", TRANSPORTS) if fields.has("transport") else base.transport
    )
    return replace(base, view=parse_view(fields, base.view), every_s=every_s, transport=transport)
