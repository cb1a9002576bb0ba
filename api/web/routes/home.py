"""The console's first page, and blurred photos for who is signed in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.photos.pictures import PictureSize
from api.photos.queueing import PictureLine
from api.routes.photos import PhotoPath, answer_picture
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console", include_in_schema=False)

Reader = Annotated[Visitor, Depends(visit("read"))]


@router.get("")
def show_home(visitor: Reader) -> RedirectResponse:
    """Lead to where the work is."""
    del visitor
    return RedirectResponse("/console/queue", 303)


@router.get("/photos/{sha256}")
async def show_photo(
    request: Request,
    sha256: PhotoPath,
    visitor: Reader,
    size: Annotated[PictureSize, Query()] = "medium",
    draw: Annotated[bool, Query()] = False,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Return a picture that shows no face and no number plate, when its turn has come."""
    line: PictureLine = request.app.state.picture_line
    picture = await line.wait_for(visitor.principal, sha256, size, draw=draw)
    return answer_picture(picture, if_none_match)
