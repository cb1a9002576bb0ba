"""What an operator may set: environment variables STREET_ISSUES_…, or a YAML file of the same."""

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX: Final = "STREET_ISSUES_"


class Settings(BaseSettings):
    """Everything that can be set; strict and frozen."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
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
    runtime: str = "auto"
    """onnx, openvino or auto."""
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
    retention_days: int = Field(default=180, ge=1)
    """Originals are deleted after so many days."""
    min_free_mib: int = Field(default=512, ge=0)
    """With less space left for photos the service says that it is not ready."""
