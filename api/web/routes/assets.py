"""Scripts, styles and pictures of the pages."""

from typing import Final

from fastapi import APIRouter, Request, Response

from api.errors import NotFoundError
from api.web.assets import PREFIX
from api.web.pages import get_pages

router = APIRouter(include_in_schema=False)

FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"


@router.get(PREFIX + "/{release}/{name:path}")
async def read_asset(request: Request, release: str, name: str) -> Response:
    """Answer with a file; of another release with the present one, which nobody may keep."""
    assets = get_pages(request).assets
    found = assets.files.get(name)
    if found is None:
        raise NotFoundError("file", name)
    headers = {
        "Cache-Control": FOR_EVER if release == assets.release else ASK_AGAIN,
        "Vary": "Accept-Encoding",
    }
    data = found.data
    if found.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        data = found.compressed
        headers["Content-Encoding"] = "gzip"
    return Response(data, media_type=found.media_type, headers=headers)
