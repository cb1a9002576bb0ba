"""What the routes work with, put together once by `create_app`."""

import threading
from dataclasses import dataclass, field

from api.cases.grid import Grid
from api.cases.rules import Rules
from api.cases.workdays import WorkCalendar
from api.clock import Clock
from api.metrics import Metrics
from api.photos.store import PhotoStore
from api.photos.wanted import PicturesAhead
from api.scoring.base import ScoringPool
from api.security.key_cache import KeyCache
from api.security.keyring import Keyring
from api.settings import Settings
from api.store.database import Database


@dataclass(slots=True)
class Services:
    """Nothing global: a process may hold several, as tests do."""

    settings: Settings
    clock: Clock
    database: Database
    photos: PhotoStore
    pool: ScoringPool
    rules: Rules
    calendar: WorkCalendar
    grid: Grid
    """Replaced as a whole when cells are imported."""
    keyring: Keyring
    """Hashes keys and tokens with the service's secret."""
    metrics: Metrics
    known_keys: KeyCache = field(default_factory=KeyCache)
    """Keys that were right a moment ago."""
    pictures_ahead: PicturesAhead = field(default_factory=PicturesAhead)
    """Photos that came in a moment ago and will be looked at."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the server is told to end: who waits for something answers without it."""
