"""What an operator may set: environment variables STREET_ISSUES_…, or a YAML file of the same."""

import difflib
import os
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.errors import SettingsError

PREFIX: Final = "STREET_ISSUES_"
IGNORED_PREFIX: Final = "STREET_ISSUES_TEST_"
"""Variables that the tests read; the service does not."""
SECRET_CHARACTERS: Final = 32
"""Fewest of a secret and of a preset key: 43 characters of base64 hold 256 bits."""
_ORIGIN: Final = re.compile(
    r"\*|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:\d+)?"
)
_TILES: Final = re.compile(
    r"(https?://(\{s\}\.)?[A-Za-z0-9.-]+(:[0-9]{1,5})?)?"
    r"/(?!/)(?=\S*\{z\})(?=\S*\{x\})(?=\S*\{-?y\})[!-~]+"
)
"""Of this host, or of another; signs that would end a header's part are none of an address."""
_CENTER_FORM: Final = "Write latitude and longitude such as 31.2304,121.4737"


class Settings(BaseSettings):
    """Everything that can be set; strict and frozen."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    data: Path = Path("street-issues-data")
    """Folder of what the service keeps itself: SQLite's file, photos, the secret."""
    database_url: str | None = None
    """postgresql+psycopg://…; None: SQLite in the data folder."""
    photos_url: str | None = None
    """Any URL that fsspec knows, such as s3://bucket/prefix; None: the data folder."""
    secret: SecretStr | None = None
    """Keys the hashes of API keys and tokens; at least 32 characters, the same on every replica.
    None: made once in the data folder."""
    admin_key: SecretStr | None = None
    """Presets the first admin key."""
    rules: Path | None = None
    """The bureau's event codes, limits and distances; None: those that ship."""
    model: str = "default"
    """Name or folder of the bundle that scores."""
    shadow_model: Path | None = None
    """A candidate bundle that scores the same photos; nobody acts on what it says."""
    runtime: Literal["onnx", "openvino", "auto"] = "auto"
    """What runs the network; auto: the faster one that is installed."""
    workers: int = Field(default=1, ge=1, le=64)
    """Processes that score."""
    backlog: int = Field(default=4, ge=0, le=1000)
    """Photos that may wait for each of them."""
    score_timeout_s: float = Field(default=30, gt=0, le=600)
    """A photo that takes longer is given up, and its process replaced."""
    report_wait_s: float = Field(default=5, ge=0, le=60)
    """How long an upload waits for its findings before it is answered without them."""
    max_upload_mib: int = Field(default=26, ge=1, le=1024)
    """Largest body of a request."""
    requests_per_minute: int = Field(default=600, ge=1)
    """For each key, and for each address without one."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Web origins that may call from a browser, separated by commas."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses whose X-Forwarded-For is believed, separated by commas."""
    public_url: str | None = None
    """Address under which others reach the service; None: as the request says."""
    webhook_networks: Annotated[tuple[str, ...], NoDecode] = ()
    """Private ranges that webhooks may reach, such as 10.20.0.0/16, separated by commas."""
    citizen_page: bool = True
    """Whether anybody may report without a key, as the citizens' page does."""
    citizen_reports_per_hour: int = Field(default=60, ge=1)
    """Reports without a key from one address, behind which many phones may stand."""
    session_hours: float = Field(default=12, gt=0, le=720)
    """So long after signing in to the console one has to sign in again."""
    session_idle_minutes: float = Field(default=60, gt=0, le=43_200)
    """So long after the last click, too."""
    map_tiles: str | None = None
    """Address of map tiles with {z}, {x} and {y}; None: maps show the grid cells alone."""
    map_datum: Literal["wgs84", "gcj02", "bd09"] = "wgs84"
    """What the tiles' positions are measured against: gcj02 for AMap's and Tencent's."""
    map_attribution: str = Field(default="", max_length=200)
    """Whose map it is, as its licence asks for."""
    map_center: Annotated[tuple[float, ...], NoDecode] = ()
    """Latitude and longitude, WGS-84, where maps begin; none: at the grid cells."""
    retention_days: int = Field(default=180, ge=1)
    """Originals are deleted after so many days."""
    min_free_mib: int = Field(default=512, ge=0)
    """With less space left for photos the service says that it is not ready."""

    @field_validator("cors_origins", "webhook_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("map_center", mode="before")
    @classmethod
    def _split_center(cls, value: object) -> object:
        if isinstance(value, str):
            try:
                return tuple(float(part) for part in value.split(",") if part.strip())
            except ValueError:
                raise ValueError(_CENTER_FORM) from None
        return value

    @field_validator("map_center")
    @classmethod
    def _check_center(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if value and not (len(value) == 2 and abs(value[0]) <= 90 and abs(value[1]) <= 180):
            raise ValueError(_CENTER_FORM)
        return value

    @field_validator("map_tiles")
    @classmethod
    def _check_tiles(cls, value: str | None) -> str | None:
        if value is not None and not _TILES.fullmatch(value):
            raise ValueError("Write an address such as https://tiles.example.cn/{z}/{x}/{y}.png")
        return value

    @field_validator("secret", "admin_key")
    @classmethod
    def _check_length(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SECRET_CHARACTERS:
            raise ValueError(f"It needs at least {SECRET_CHARACTERS} characters")
        return value

    @field_validator("admin_key")
    @classmethod
    def _check_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[!-~]{1,200}", value.get_secret_value()):
            raise ValueError("It is at most 200 letters, digits and signs of ASCII, no spaces")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ORIGIN.fullmatch(origin) for origin in value):
            raise ValueError("Write origins such as https://desk.example.cn, without a path")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _check_proxies(cls, value: str) -> str:
        for part in value.split(","):
            if part.strip() != "*":
                ip_network(part.strip(), strict=False)  # Its own words name the wrong part.
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^\s?#]+", value):
            raise ValueError("Write an address such as https://issues.example.cn")
        return value


def load_settings(
    environ: Mapping[str, str] = os.environ,
    config_file: Path | None = None,
    given: Mapping[str, Any] | None = None,
) -> Settings:
    """Put the settings together; the command line wins over variables, those over the file.

    Args:
        environ: Variables; those that begin with STREET_ISSUES_ must all be known.
        config_file: YAML: names of settings and their values.
        given: What the command line says; None values are left out.

    Raises:
        SettingsError: A setting is unknown or not allowed, or the file cannot be read. Values are
            never repeated: they may be secrets.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    if config_file is not None:
        for name, value in _read_file(config_file).items():
            values[name], origins[name] = value, f"{config_file}: {name}"
    for variable, name in _own_variables(environ).items():
        if environ[variable] != "":  # As compose files leave variables that nobody set.
            values[name], origins[name] = environ[variable], variable
    for name, value in (given or {}).items():
        if value is not None:
            values[name], origins[name] = value, f"--{name}"
    try:
        return Settings(**values)
    except ValidationError as error:
        raise _explain(error, origins) from None


def _own_variables(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for variable in sorted(environ):
        upper = variable.upper()
        if not upper.startswith(PREFIX) or upper.startswith(IGNORED_PREFIX):
            continue
        name = upper.removeprefix(PREFIX).lower()
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(name, Settings.model_fields, 1)
            raise _unknown(variable, [PREFIX + one.upper() for one in near])
        found[variable] = name
    return found


def _read_file(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unreadable(path, error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "it is not UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f" at line {mark.line + 1}"
        raise _unreadable(path, f"it is not YAML{where}") from None  # Its words quote the file.
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _unreadable(path, "it holds no names with values")
    for name in content:
        if name not in Settings.model_fields:
            near = difflib.get_close_matches(str(name), Settings.model_fields, 1)
            raise _unknown(f"{path}: {name}", near)
    return {str(name): value for name, value in content.items() if value is not None}


def _unknown(where: str, near: list[str]) -> SettingsError:
    hint = f"Did you mean {near[0]}?" if near else "Remove it; the manual lists the settings."
    return SettingsError("setting_unknown", f"{where} is no setting.", hint)


def _unreadable(path: Path, reason: str) -> SettingsError:
    return SettingsError("settings_unreadable", f"{path} cannot be read: {reason}.")


def _explain(error: ValidationError, origins: Mapping[str, str]) -> SettingsError:
    lines = []
    for one in error.errors(include_input=False, include_url=False):
        name = str(one["loc"][0]) if one["loc"] else ""
        where = origins.get(name, PREFIX + name.upper())
        lines.append(f"{where}: {one['msg'].removeprefix('Value error, ')}.")
    return SettingsError("setting_invalid", " ".join(lines))
