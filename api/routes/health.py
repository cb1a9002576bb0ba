"""Routes: is it alive, is it ready, how is it doing."""

import functools
import logging
import threading
from collections.abc import Callable
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from api.errors import ApiError, ForbiddenError
from api.http.deps import BearerCredentials, HeaderKey, get_services, identify
from api.http.problems import problem_responses
from api.metrics import CONTENT_TYPE
from api.schemas.types import Answer
from api.services import Services
from api.store import schema

logger = logging.getLogger(__name__)

router = APIRouter(tags=["health"])

MIB: Final = 2**20
PROBE_WAIT_S: Final = 5
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


@router.get(
    "/readyz",
    summary="Can it serve?",
    operation_id="is_ready",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Not now; `checks` says why."}},
)
def is_ready(services: AnyServices) -> Response:
    """Check the database, its shape, the photo store, the space left and the workers."""
    checks = {name: _check(name, check, services) for name, check in _CHECKS.items()}
    ready = all(one.ok for one in checks.values())
    answer = Readiness(status="ready" if ready else "not_ready", checks=checks)
    return JSONResponse(answer.model_dump(mode="json"), 200 if ready else 503)


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
_probing: Final = threading.Lock()


def _check_photos(services: Services) -> Check:
    # Anybody may ask: however many do, one at a time writes.
    if not _probing.acquire(timeout=PROBE_WAIT_S):
        return Check(ok=False, detail=f"did not take a file within {PROBE_WAIT_S} s")
    try:
        name = services.photos.put(_PROBE)
        services.photos.delete(name)
    finally:
        _probing.release()
    return Check(ok=True, detail="can be written")


def _check_space(services: Services) -> Check:
    free_bytes = services.photos.free_bytes()
    least = services.settings.min_free_mib
    if free_bytes is None:
        return Check(ok=True, detail="the store does not tell")
    free_mib = free_bytes // MIB
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
