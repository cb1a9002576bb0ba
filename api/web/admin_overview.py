"""How the service is: its checks, what waits, and the model that scores."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.errors import ApiError
from api.principal import Principal
from api.services import Services
from api.store.backlog import Backlog, waiting_deliveries, waiting_jobs
from api.store.queue import depths
from api.web.cards import Block, parse_card
from detector.detections import ModelReference
from detector.errors import StreetIssueError
from detector.models.bundle import CARD_NAME, MANIFEST_NAME, find_bundle
from detector.models.manifest import ModelManifest, parse_manifest

MIB: Final = 2**20
MOST_CARD_CHARACTERS: Final = 200_000
"""The one that ships has 8,000."""


@dataclass(frozen=True, slots=True)
class QueueLine:
    """Cases of one state in the queue."""

    state: str
    standings: Mapping[str, int]
    """ready, taken, leased, paused, parked: how many."""
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Load:
    """What waits, and what there is room for."""

    queue: tuple[QueueLine, ...]
    jobs: Backlog
    deliveries: Backlog
    pool_busy: int
    pool_places: int
    free_mib: int | None
    """For photos; None: nobody can tell, as on S3."""
    database: str
    photos: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model in use, and what its bundle says of it."""

    model: ModelReference
    labels: tuple[str, ...]
    manifest: ModelManifest | None
    """None: the bundle cannot be read, or is another one by now."""
    problem: str | None
    """unreadable, changed"""
    card: tuple[Block, ...]
    shadow: str | None
    """Folder of the candidate's bundle; None: none is set."""


def gather_load(services: Services, principal: Principal) -> Load:
    """Read what waits, of the cells that a key sees.

    Raises:
        StorageError: The database does not answer.
    """
    now = services.clock()
    with services.database.read() as connection:
        found = depths(connection, now, principal.grids)
        jobs, deliveries = waiting_jobs(connection), waiting_deliveries(connection)
    by_state: dict[str, dict[str, int]] = {}
    oldest: dict[str, datetime] = {}
    for one in found:
        by_state.setdefault(one.state, {})[one.standing] = one.count
        oldest[one.state] = min(one.oldest_since, oldest.get(one.state, one.oldest_since))
    settings = services.settings
    try:
        free = services.photos.free_bytes()
    except ApiError:
        free = None  # The check of the photo store, above on the page, says why.
    return Load(
        queue=tuple(QueueLine(state, n, oldest[state]) for state, n in by_state.items()),
        jobs=jobs,
        deliveries=deliveries,
        pool_busy=services.pool.busy,
        pool_places=settings.workers * (1 + settings.backlog),
        free_mib=None if free is None else free // MIB,
        database="SQLite" if services.database.dialect == "sqlite" else "PostgreSQL",
        photos=_name_place(settings.photos_url),
    )


def gather_model(services: Services) -> ModelFacts:
    """Read the bundle of the model in use."""
    settings, pool = services.settings, services.pool
    folder = find_bundle(settings.model)
    manifest: ModelManifest | None = None
    card: tuple[Block, ...] = ()
    problem = None
    try:
        path = folder / MANIFEST_NAME
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        manifest = parse_manifest(content, str(path))
        if manifest.sha256 != pool.model.sha256:
            manifest, problem = None, "changed"
        else:
            text = (folder / CARD_NAME).read_text(encoding="utf-8")
            card = parse_card(text[:MOST_CARD_CHARACTERS])
    except (OSError, ValueError, StreetIssueError):
        problem = "unreadable"
    shadow = settings.shadow_model
    return ModelFacts(
        pool.model, pool.labels, manifest, problem, card, None if shadow is None else str(shadow)
    )


def _name_place(url: str | None) -> str:
    return "folder" if url is None else url.partition(":")[0]
