"""Settles a scan's setup in a process of its own: a loaded model leaves its memory behind."""

from collections.abc import Callable

from detector.archive.messages import Lost, Orders
from detector.archive.pool import PoolSettings, WorkerPool
from detector.archive.settings import ScanOptions, ScanSetup, resolve_setup
from detector.errors import StreetIssueError

OPEN_RESOLVER = f"{__name__}:open_resolver"


def resolve_setup_apart(options: ScanOptions) -> ScanSetup:
    """Do as `resolve_setup` does; what goes wrong is raised as plain `StreetIssueError`.

    Raises:
        StreetIssueError: The model cannot be loaded or run here, or the options do not fit it.
    """
    pool: WorkerPool[str, ScanSetup] = WorkerPool(
        PoolSettings(workers=1, orders=Orders(OPEN_RESOLVER, options))
    )
    try:
        pool.start("setup")
        ((_, answer),) = pool.wait()
    finally:
        pool.close()
    if isinstance(answer, Lost):
        raise StreetIssueError("worker_failed", f"The model cannot be loaded: {answer.message}")
    return answer


def open_resolver(options: ScanOptions) -> Callable[[str, Callable[[int], None]], ScanSetup]:
    """Resolve in the worker; its one job fetches the answer."""
    setup = resolve_setup(options)
    return lambda _job, _tell: setup
