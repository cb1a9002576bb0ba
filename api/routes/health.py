"""Routes: is it alive, is it ready, how is it doing."""

import asyncio
import functools
import logging
import shutil
import time
from collections.abc import Callable
from typing import Annotated, Final, Literal

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.errors import ApiError, ForbiddenError
from api.http.deps import BearerCredentials, HeaderKey, get_services, identify, limit_address
from api.http.problems import problem_responses
from api.metrics import CONTENT_TYPE
from api.schemas.types import Answer
from api.services import Services
from api.store import schema

logger = logging.getLogger(__name__)

router = APIRouter(tags=["health"])

MIB: Final = 2**20
PROBE_WAIT_S: Final = 5
PROBE_LIFE_S: Final = 1.0
"""Load balancers and Kubernetes ask every few seconds."""
LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})

AnyServices = Annotated[Services, Depends(get_services)]


class Alive(Answer):
    """The process runs."""

    status: Literal["alive"] = "alive"


class Check(Answer):
    """One thing that must be right."""

    ok: bool
    detail: str = Field(examples=["answers"])


class Readiness(Answer):
    """Whether it can serve, and what stands in the way."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, Check]


@router.get("/healthz", summary="Is the process alive?", operation_id="is_alive")
async def is_alive() -> Alive:
    """Answer from the event loop, without the database: a stuck process does not answer."""
    return Alive()


class ReadinessProbe:
    """Checks at most once a second, however many ask. For one event loop.

    Anybody may ask, and a look writes to the disk: who asks waits for the look that runs, in the
    event loop and not in a thread that a report may need.
    """

    def __init__(self, services: Services, tick: Callable[[], float] = time.monotonic) -> None:
        """Take what to look at, and a clock in seconds that never jumps back."""
        self._services = services
        self._tick = tick
        self._found: Readiness | None = None
        self._found_at = 0.0
        self._looking: asyncio.Task[Readiness] | None = None

    async def ask(self) -> Readiness:
        """Return what the last look found, or wait for one, but not for ever."""
        if self._found is not None and self._tick() - self._found_at < PROBE_LIFE_S:
            return self._found
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            # Who goes away, or waits no more, does not end it for the others.
            return await asyncio.wait_for(asyncio.shield(self._looking), PROBE_WAIT_S)
        except TimeoutError:
            late = Check(ok=False, detail=f"The checks took longer than {PROBE_WAIT_S} s.")
            return Readiness(status="not_ready", checks={"time": late})

    async def _look(self) -> Readiness:
        try:
            # A thread beside those of the requests: these may all be taken.
            self._found = await anyio.to_thread.run_sync(
                _look, self._services, limiter=anyio.CapacityLimiter(1)
            )
            self._found_at = self._tick()
            return self._found
        finally:
            self._looking = None


@router.get(
    "/readyz",
    summary="Can it serve?",
    operation_id="is_ready",
    response_model=Readiness,
    responses={
        503: {"model": Readiness, "description": "Not now; `checks` says why."},
        **problem_responses(429),
    },
    dependencies=[Depends(limit_address)],
)
async def is_ready(request: Request) -> Response:
    """Check the database, its shape, the photo store, the space left and the workers.

    An answer may be a second old.
    """
    probe: ReadinessProbe = request.app.state.readiness
    found = await probe.ask()
    return JSONResponse(found.model_dump(mode="json"), 200 if found.status == "ready" else 503)


@router.get(
    "/metrics",
    summary="What Prometheus reads",
    operation_id="read_metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **problem_responses(401, 403, 429, 503),
    },
)
async def read_metrics(
    request: Request, services: AnyServices, bearer: BearerCredentials, key: HeaderKey
) -> Response:
    """Let a Prometheus on the same machine read without a key; others need the right audit.

    A request that a proxy passed on does not count as one from the same machine.
    """
    secret = bearer.credentials if bearer is not None else key
    if secret or not _is_local(request):
        principal = await identify(request, secret)
        if not principal.may("audit"):
            raise ForbiddenError(
                "right_missing",
                f"A key with the role {principal.role} may not read the metrics.",
                "It needs the right audit: ask an administrator for another key.",
            )
    return Response(await run_in_threadpool(services.metrics.render), media_type=CONTENT_TYPE)


def _is_local(request: Request) -> bool:
    # The server has put a proxy's client in the place of the proxy's own address, if it trusts
    # the proxy; one that it does not trust, or that names nobody, must not pass for Prometheus.
    proxied = {"x-forwarded-for", "forwarded", "x-real-ip"} & set(request.headers)
    return request.client is not None and request.client.host in LOOPBACK and not proxied


def _look(services: Services) -> Readiness:
    checks = {name: _check(name, check, services) for name, check in _CHECKS.items()}
    ready = all(one.ok for one in checks.values())
    return Readiness(status="ready" if ready else "not_ready", checks=checks)


def _check(name: str, check: Callable[[Services], Check], services: Services) -> Check:
    try:
        return check(services)
    except ApiError as error:
        return Check(ok=False, detail=error.message)
    except Exception:
        logger.exception("readiness_check_failed", extra={"check": name})
        return Check(ok=False, detail="The check itself failed; see the logs.")


def _check_database(services: Services) -> Check:
    services.database.check()
    return Check(ok=True, detail="answers")


_newest: Final = functools.cache(schema.newest)
"""It reads every migration, and no release changes while it runs."""


def _check_schema(services: Services) -> Check:
    present = schema.current(services.database)
    newest = _newest()
    if present == newest:
        return Check(ok=True, detail=newest)
    return Check(ok=False, detail=f"{present}, but this release works with {newest}")


_PROBE: Final = b"Written by the readiness check; it may be deleted.\n"


def _check_photos(services: Services) -> Check:
    name = services.photos.put(_PROBE)
    services.photos.delete(name)
    return Check(ok=True, detail="can be written")


def _check_space(services: Services) -> Check:
    # The data folder holds SQLite's ledger; photos may lie on another disk, or where none is full.
    found = (services.photos.free_bytes(), shutil.disk_usage(services.settings.data).free)
    least = services.settings.min_free_mib
    free_mib = min(one for one in found if one is not None) // MIB
    return Check(ok=free_mib >= least, detail=f"{free_mib} MiB free, {least} MiB wanted")


def _check_pool(services: Services) -> Check:
    alive = services.pool.is_alive()
    return Check(ok=alive, detail="workers are up" if alive else "no worker is up")


_CHECKS: Final[dict[str, Callable[[Services], Check]]] = {
    "database": _check_database,
    "schema": _check_schema,
    "photos": _check_photos,
    "space": _check_space,
    "pool": _check_pool,
}
