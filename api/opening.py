"""From settings to running services: everything that a start creates or checks."""

import contextlib
import os
import secrets
import tempfile
from concurrent.futures import Future
from pathlib import Path
from typing import Final, NoReturn

from api.cases.rules import load_rules
from api.cases.workdays import WorkCalendar
from api.clock import Clock, system_clock
from api.errors import BusyError, SettingsError
from api.grid_cells import load_grid
from api.metrics import Metrics
from api.photos.store import open_photo_store
from api.scoring.base import Comparison, PictureRequest, Scored, ScoringPool
from api.scoring.opening import open_pool
from api.security.keyring import Keyring
from api.services import Services
from api.settings import PREFIX, SECRET_CHARACTERS, Settings
from api.store import schema
from api.store.database import Database
from detector.detections import ModelReference

LEDGER_FILE: Final = "ledger.db"
PHOTOS_FOLDER: Final = "photos"
SECRET_FILE: Final = "secret"
_OWNER_ONLY: Final = 0o700


class NoPool:
    """Stands where a command that scores nothing would have to start workers."""

    model = ModelReference("none", "0", "")
    labels: tuple[str, ...] = ()
    busy = 0

    def is_alive(self) -> bool:
        """There is nothing to be alive."""
        return False

    def has_room(self) -> bool:
        """There is none."""
        return False

    def score(self, data: bytes, source: str = "", *, to_keep: bool = True) -> Future[Scored]:  # noqa: ARG002  the protocol's
        """Refuse."""
        _refuse()

    def picture(self, data: bytes, request: PictureRequest) -> Future[bytes]:  # noqa: ARG002  the protocol's
        """Refuse."""
        _refuse()

    def compare(self, before: bytes, after: bytes) -> Future[Comparison]:  # noqa: ARG002  the protocol's
        """Refuse."""
        _refuse()

    def close(self) -> None:
        """Nothing to stop."""


def _refuse() -> NoReturn:
    raise BusyError("no_pool", "This command runs without scoring workers.")


def open_services(
    settings: Settings, *, clock: Clock = system_clock, scoring: bool = True
) -> Services:
    """Make the data folder, the secret and the ledger where they are missing; open everything.

    Args:
        settings: What was set.
        clock: Tells the time.
        scoring: False: start no workers; for commands that need none.

    Returns:
        Services, to be closed with `close_services`, or by the app that they are given to.

    Raises:
        SettingsError: It cannot start as it is set.
        StorageError: The database or the photo store does not answer.
    """
    rules = load_rules(settings.rules)
    _make_folder(settings.data)
    keyring = Keyring(_read_secret(settings))
    with contextlib.ExitStack() as opened:
        database = open_ledger(settings)
        opened.callback(database.close)
        photos = open_photo_store(settings.photos_url, settings.data / PHOTOS_FOLDER)
        grid = load_grid(database)
        metrics = Metrics()
        pool: ScoringPool = NoPool()
        if scoring:
            replaced = metrics.pool_replaced_total.inc
            pool = open_pool(settings, thresholds=rules.thresholds, on_replaced=replaced)
        opened.callback(pool.close)
        services = Services(
            settings=settings,
            clock=clock,
            database=database,
            photos=photos,
            pool=pool,
            rules=rules,
            calendar=WorkCalendar.from_rules(rules),
            grid=grid,
            keyring=keyring,
            metrics=metrics,
        )
        opened.pop_all()
    return services


def close_services(services: Services) -> None:
    """Stop the workers and close the ledger."""
    services.pool.close()
    services.database.close()


def ledger_url(settings: Settings) -> str:
    """Return the database's URL; it may hold a password."""
    return settings.database_url or f"sqlite:///{settings.data / LEDGER_FILE}"


def open_ledger(settings: Settings) -> Database:
    """Open the database in the shape that this release works with.

    SQLite belongs to this one process's folder and is brought up to date. So is an empty
    PostgreSQL, where nothing can be lost. A PostgreSQL that holds an older shape is left alone:
    replicas of the older release may be at work on it, so when it changes is a person's decision.

    Raises:
        SettingsError: The database needs `street-issues-api migrate`, or a newer release.
        StorageError: It does not answer.
    """
    database = Database(ledger_url(settings))
    try:
        present = schema.current(database)
        if database.dialect == "sqlite" or present is None:
            schema.upgrade(database)
        elif present != schema.newest():
            raise SettingsError(
                "ledger_outdated",
                f"The ledger has the shape {present}; this release works with {schema.newest()}.",
                "Back it up, stop the other replicas, then run: street-issues-api migrate",
            )
    except BaseException:
        database.close()
        raise
    return database


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
    except OSError as error:
        raise SettingsError(
            "data_folder_unusable",
            f"The data folder {folder} cannot be made: {error.strerror}.",
            f"Choose another with --data or {PREFIX}DATA.",
        ) from error


def _read_secret(settings: Settings) -> bytes:
    if settings.secret is not None:
        return settings.secret.get_secret_value().encode()
    if settings.database_url is not None and settings.database_url.startswith("postgresql"):
        raise SettingsError(
            "secret_missing",
            f"With PostgreSQL {PREFIX}SECRET must be set: every replica needs the same one, or a "
            "key that one made is unknown to the next.",
            f"Choose {SECRET_CHARACTERS} or more random characters once, as "
            "`openssl rand -base64 32` gives, and keep them with the backups.",
        )
    return _keep_secret(settings.data / SECRET_FILE)


def _keep_secret(path: Path) -> bytes:
    # A half-written secret would make every key worthless: it gets its name when it is whole, and
    # of two processes that start at once both read the one that came first.
    try:
        if not path.exists():
            descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # 0600
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(SECRET_CHARACTERS))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
            os.unlink(draft)
            _sync(path.parent)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            "secret_unusable", f"The secret {path} cannot be read or made: {error.strerror}."
        ) from error
    if len(secret) < SECRET_CHARACTERS:
        raise SettingsError(
            "secret_damaged",
            f"The secret {path} is damaged: it is shorter than {SECRET_CHARACTERS} characters.",
            "Restore it from a backup; with another secret every key must be made anew.",
        )
    return secret


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
