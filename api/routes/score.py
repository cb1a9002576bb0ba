"""Score a photo and keep nothing."""

import asyncio
import time
from concurrent.futures import Future
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from api.errors import ApiError, BusyError, ScoringError, TooLargeError, UnsupportedError
from api.http.deps import get_services, require
from api.http.problems import problem_responses
from api.http.upload_room import check_room
from api.http.uploads import UNSUPPORTED_CODES, NoFields, read_upload, upload_body
from api.principal import Principal
from api.schemas.scores import SCORE_EXAMPLE, ScoreAnswer
from api.services import Services
from detector.detections import ScoreFailure
from detector.errors import PhotoError
from detector.score_json import score_to_json

router = APIRouter(prefix="/v1/score", tags=["score"])

T = TypeVar("T")

RETRY_AFTER_S: Final = 2
"""A worker scores several photos in it."""
OUR_FAULTS: Final = frozenset({"inference_failed", "internal"})


@router.post(
    "",
    operation_id="score_photo",
    summary="Score a photo",
    response_model=ScoreAnswer,
    responses={
        200: {"content": {"application/json": {"example": SCORE_EXAMPLE}}},
        **problem_responses(401, 403, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra=upload_body(NoFields),
)
async def score_photo(
    request: Request,
    services: Annotated[Services, Depends(get_services)],
    _: Annotated[Principal, Depends(require("score"))],
) -> JSONResponse:
    """Say what the model finds in a photo; neither photo nor answer is kept.

    With every worker busy, or too many uploads at once, the answer is 503 with Retry-After, before
    the photo is read.
    """
    if not services.pool.has_room():
        raise BusyError("pool_full", "Every worker is busy.", retry_after_s=RETRY_AFTER_S)
    check_room(request)  # Reports wait for room, for they must be kept; this can be sent again.
    photo = (await read_upload(request, NoFields)).photo
    started = time.perf_counter()
    future = services.pool.score(photo.data, photo.file_name, to_keep=False)
    scored = await wait_for(request, future)
    services.metrics.score_seconds.observe(time.perf_counter() - started)
    if scored.score.error is not None:
        raise as_error(scored.score.error)
    content: dict[str, Any] = score_to_json(scored.score)
    return JSONResponse(content)


async def wait_for(request: Request, future: "Future[T]") -> T:
    """Wait for a worker's result for as long as somebody is there to be told.

    Args:
        request: Its body is read.
        future: Cancelled when nobody waits any more; a task that runs already runs to its end.

    Raises:
        ClientDisconnect: The sender went away.
    """
    result = asyncio.wrap_future(future)
    gone = asyncio.ensure_future(_wait_until_gone(request))
    try:
        await asyncio.wait((result, gone), return_when=asyncio.FIRST_COMPLETED)
        if not result.done():
            raise ClientDisconnect
        return result.result()
    finally:
        gone.cancel()
        result.cancel()  # Nothing happens to one that is done.


async def _wait_until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def as_error(failure: ScoreFailure) -> ApiError | PhotoError:
    """Return why a photo has no score, with the status that fits."""
    words = failure.code, failure.message, failure.hint
    if failure.code in OUR_FAULTS:
        return ScoringError(*words)
    if failure.code in UNSUPPORTED_CODES:
        return UnsupportedError(*words)
    if failure.code == "file_too_large":
        return TooLargeError(*words)
    return PhotoError(*words)  # type: ignore[arg-type]  # the pipeline's codes are of the closed list
