"""Routes: photos, blurred for everybody, as they came for a few."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import StringConstraints

from api.casework.feedback import SUFFIXES
from api.http.deps import get_services, require
from api.http.problems import problem_responses
from api.photos.originals import read_original
from api.photos.pictures import PictureSize, name_picture, served_picture
from api.principal import Principal
from api.services import Services

router = APIRouter(prefix="/v1/photos", tags=["photos"])

LEAST_REASON: Final = 10
"""Characters: "test" is no reason, 'complaint 4711' is one."""
# Asked for each time: an erased photo must not be shown from a browser's cache.
PICTURE_CACHING: Final = "private, no-cache, max-age=0"

PhotoPath = Annotated[
    str,
    Path(
        min_length=64,
        max_length=64,
        pattern=r"^[0-9a-f]{64}$",
        description="The SHA-256 of the photo's file.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Reason = Annotated[
    str,
    StringConstraints(
        min_length=LEAST_REASON,
        max_length=500,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        strip_whitespace=True,
    ),
    Query(description="Why; it is kept in the audit log.", examples=["complaint 2026-4711"]),
]
JPEG_CONTENT: Final = {
    "image/jpeg": {"schema": {"type": "string", "contentMediaType": "image/jpeg"}}
}


@router.get(
    "/{sha256}",
    operation_id="get_picture",
    summary="A photo, faces and number plates blurred",
    response_class=Response,
    responses={
        200: {"description": "A JPEG without EXIF.", "content": JPEG_CONTENT},
        304: {"description": "The picture that the ETag names is still the same."},
        **problem_responses(401, 403, 404, 410, 422, 429, 503),
    },
)
def get_picture(
    sha256: PhotoPath,
    services: Annotated[Services, Depends(get_services)],
    principal: Annotated[Principal, Depends(require("read"))],
    size: Annotated[
        PictureSize, Query(description="Longest side: 320, 1280 or 2560 pixels.")
    ] = "medium",
    draw: Annotated[bool, Query(description="Draw what the model found.")] = False,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Return a picture that shows no face and no number plate.

    Of an original that was deleted after its time, the blurred copy that was kept is shown.
    """
    picture = served_picture(services, principal, sha256, size, draw=draw)
    return answer_picture(picture, if_none_match)


@router.get(
    "/{sha256}/original",
    operation_id="get_original",
    summary="A photo as it came in, with a reason",
    response_class=Response,
    responses={
        200: {
            "description": "The file that was sent, EXIF included.",
            "content": {
                kind: {"schema": {"type": "string", "contentMediaType": kind}} for kind in SUFFIXES
            },
        },
        **problem_responses(401, 403, 404, 410, 422, 429, 503, 507),
    },
)
def get_original(
    sha256: PhotoPath,
    reason: Reason,
    services: Annotated[Services, Depends(get_services)],
    principal: Annotated[Principal, Depends(require("read"))],
) -> Response:
    """Return the original to a key with the right to originals; who and why is recorded first."""
    original = read_original(services, principal, sha256, reason)
    name = sha256 + SUFFIXES.get(original.media_type, "")
    return Response(
        original.data,
        media_type=original.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


def answer_picture(picture: bytes, known: str | None) -> Response:
    """Answer with a picture, or that the one known by its ETag is still the same."""
    tag = name_picture(picture)
    headers = {"ETag": tag, "Cache-Control": PICTURE_CACHING, "X-Content-Type-Options": "nosniff"}
    if known is not None and tag in known:
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type="image/jpeg", headers=headers)
