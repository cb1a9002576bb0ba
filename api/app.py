"""The web app, put together: nothing global, nothing at import."""

import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from api.background import Loop
from api.gauges import read_gauges
from api.http.openapi import DESCRIPTION, TAGS, describe_api
from api.http.problems import install_problems
from api.http.request_log import RequestLog
from api.http.unforeseen import UnforeseenErrors
from api.photos.queueing import PictureLine
from api.routes import (
    audit,
    cameras,
    cases,
    citizens,
    feedback,
    grid,
    health,
    incidents,
    open311,
    photos,
    queue,
    reports,
    score,
    toilets,
    webhooks,
)
from api.security.body_door import BodyDoor, find_uploads
from api.security.door import Door
from api.security.headers import SecurityHeaders
from api.security.lock_out import LockOut
from api.services import Services
from api.web.pages import load_pages
from api.web.problem_pages import show_problem
from api.web.rooms import PAGES
from detector.version import __version__

logger = logging.getLogger(__name__)

STOP_S: Final = 13.0
"""For the pool, whose patience is 10 s, and then the loops. With the 15 s that requests have at
SIGTERM it stays under the 30 s after which Kubernetes kills."""
LEAST_STOP_S: Final = 0.2
"""A loop that ended by itself is told from one that did not, also past the deadline."""
EXPORTS_AT_ONCE: Final = 2
"""A workbook of the whole ledger takes seconds of a processor; pages need it, too."""
CORS_SENT: Final = (
    "Authorization",
    "X-API-Key",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "X-Follow-Token",
)
CORS_SHOWN: Final = ("X-Request-Id", "Retry-After", "Location", "ETag", "Next-Cursor")

ROUTES = (
    score,
    reports,
    citizens,
    cases,
    photos,
    queue,
    webhooks,
    feedback,
    cameras,
    incidents,
    grid,
    toilets,
    open311,
    audit,
    health,
)


def create_app(services: Services, *, loops: Sequence[Loop] = ()) -> FastAPI:
    """Put the routes, the middlewares and the error forms together.

    Args:
        services: What the routes work with; closed when the app shuts down.
        loops: Work beside the requests: started with the app, stopped before the services are
            closed, so that they can give back what they hold.
    """

    @contextlib.asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        for loop in loops:
            loop.start()
        try:
            yield
        finally:
            await run_in_threadpool(_shut_down, services, loops)

    app = FastAPI(
        title="street-issue-detector",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=list(TAGS),
        docs_url=None,  # Its page loads scripts from a content network; bureaus have none.
        redoc_url=None,
        lifespan=live,
    )
    app.state.services = services
    app.state.door = Door(services)
    app.state.lock_out = LockOut()
    app.state.pages = load_pages()
    app.state.picture_line = PictureLine(services)
    app.state.export_room = threading.BoundedSemaphore(EXPORTS_AT_ONCE)
    app.state.readiness = health.ReadinessProbe(services)
    services.metrics.at_scrape = partial(read_gauges, services)
    for module in (*ROUTES, *PAGES):
        app.include_router(module.router)
    _add_middlewares(app, services)
    renderers = [("/open311/v2", open311.render_problem), ("/console", show_problem)]
    install_problems(app, renderers)
    describe_api(app)
    return app


def _add_middlewares(app: FastAPI, services: Services) -> None:
    # The last added stands outermost.
    app.add_middleware(UnforeseenErrors)
    uploads = find_uploads(module.router for module in (*ROUTES, *PAGES))
    most_bytes = services.settings.max_upload_mib * 2**20
    app.add_middleware(BodyDoor, most_bytes=most_bytes, uploads=uploads)
    if services.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(services.settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=list(CORS_SENT),
            expose_headers=list(CORS_SHOWN),
        )
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestLog, metrics=services.metrics)


def _shut_down(services: Services, loops: Sequence[Loop]) -> None:
    deadline = time.monotonic() + STOP_S
    for loop in loops:
        loop.tell_to_stop()  # All first, so that they end side by side.
    # Before the loops are waited for: the one that scores waits for the pool, which sends away who
    # waits, and gives up a worker that hangs long before `score_timeout_s` is over.
    services.pool.close()
    for loop in loops:
        if not loop.stop(max(LEAST_STOP_S, deadline - time.monotonic())):
            logger.error("loop_did_not_stop", extra={"loop": loop.name})
    services.database.close()
