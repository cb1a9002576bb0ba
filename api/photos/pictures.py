"""Pictures for people's eyes: blurred, without EXIF, never the original."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256 as new_sha256
from typing import Any, Final, Literal

from sqlalchemy import Connection

from api.errors import ApiError, GoneError, InvalidError, NotFoundError, ScoringError
from api.photos.picture_cache import PictureCache
from api.principal import Principal
from api.scoring.base import PictureRequest
from api.services import Services
from api.store.photo_uses import grid_codes_of, places_of
from api.store.photos import Photo, get_photo
from api.store.verdicts import newest_score
from detector.detections import Finding
from detector.errors import PhotoError, StreetIssueError
from detector.version import __version__

PictureSize = Literal["small", "medium", "large"]

SIZES_PX: Final[Mapping[PictureSize, int]] = {"small": 320, "medium": 1280, "large": 2560}
"""Longest side: a line of a list, a screen, and as much as a zoom needs."""
KEPT_PX: Final = SIZES_PX["medium"]
"""Longest side of the blurred copy that stays when an original is deleted."""
MARGIN_S: Final = 5.0
"""The pool gives a picture up after its own time; this is only for a pool that does not."""


def served_picture(
    services: Services, principal: Principal, sha256: str, size: PictureSize, *, draw: bool
) -> bytes:
    """Return a JPEG in which faces and number plates are blurred.

    Args:
        services: What the service works with.
        principal: Who asks.
        sha256: The photo.
        size: How large; a picture is never grown.
        draw: Draw what the model found over its threshold.

    Raises:
        NotFoundError: There is no such photo for this key.
        GoneError: It was deleted, and no blurred copy was kept.
        InvalidError: The photo cannot be decoded.
        BusyError: Every worker is busy.
        ScoringError: It could not be blurred, so it is not shown.
    """
    wanted = look_up_picture(services, principal, sha256, size, draw=draw)
    return wanted.made if wanted.made is not None else fill_picture(services, wanted)


@dataclass(frozen=True, slots=True)
class WantedPicture:
    """A picture that somebody may see."""

    sha256: str
    """The photo's."""
    stored_sha256: str
    """Of what is kept of it: the photo, or a smaller blurred copy."""
    request: PictureRequest
    words: str
    """How the cache calls it."""
    made: bytes | None
    """It was made before; None: it is still to be made."""


def look_up_picture(
    services: Services, principal: Principal, sha256: str, size: PictureSize, *, draw: bool
) -> WantedPicture:
    """Find out what picture is wanted, and whether it is there; makes none.

    Raises:
        NotFoundError: There is no such photo for this key.
        GoneError: It was deleted, and no blurred copy was kept.
    """
    with services.database.read() as connection:
        photo = find_photo(services, connection, principal, sha256)
        findings = read_findings(newest_score(connection, sha256)) if draw else ()
    request = PictureRequest(SIZES_PX[size], photo.plates, findings)
    if photo.original_deleted_at is not None:
        if photo.kept_sha256 is None:
            raise gone(photo)
        request = _request_kept(photo, request)
    words = describe_request(photo, request)
    made = open_picture_cache(services).get(sha256, words)
    return WantedPicture(sha256, photo.kept_sha256 or sha256, request, words, made)


def fill_picture(services: Services, wanted: WantedPicture) -> bytes:
    """Make a picture and keep it for the next who asks.

    Raises:
        InvalidError: The photo cannot be decoded.
        BusyError: Every worker is busy.
        ScoringError: It could not be blurred, so it is not shown.
    """
    picture = make_picture(services, services.photos.get(wanted.stored_sha256), wanted.request)
    open_picture_cache(services).put(wanted.sha256, wanted.words, picture)
    return picture


def make_picture(services: Services, data: bytes, request: PictureRequest) -> bytes:
    """Let a worker make a picture.

    Raises:
        InvalidError: The photo cannot be decoded.
        BusyError: Every worker is busy.
        ScoringError: It could not be blurred, or the worker died.
    """
    try:
        pending = services.pool.picture(data, request)
        return pending.result(services.settings.score_timeout_s + MARGIN_S)
    except ApiError:
        raise
    except PhotoError as error:
        raise InvalidError(
            "photo_unreadable", f"The photo cannot be shown: {error.message}", error.hint
        ) from error
    except StreetIssueError as error:  # Such as the extra `privacy` that is not installed.
        raise ScoringError(
            "picture_unavailable", f"The picture cannot be made: {error.message}", error.hint
        ) from error
    except TimeoutError as error:
        raise ScoringError("picture_timeout", "The picture took too long to make.") from error


def find_photo(
    services: Services, connection: Connection, principal: Principal, sha256: str
) -> Photo:
    """Return a photo that the key may see: one that something within its grid cells shows.

    Raises:
        NotFoundError: There is none.
    """
    photo = get_photo(connection, sha256)
    if not principal.grids:
        return photo
    if any(principal.sees(code) for code in grid_codes_of(connection, sha256)):
        return photo
    for place in places_of(connection, sha256):
        if place.lat is None or place.lon is None:
            continue
        if principal.sees(services.grid.find(place.lat, place.lon)):
            return photo
    raise NotFoundError("photo", sha256)


def read_findings(score: Mapping[str, Any] | None) -> tuple[Finding, ...]:
    """Return the findings over their threshold of a stored answer, to be drawn."""
    found: Sequence[Mapping[str, Any]] = () if score is None else score.get("findings", ())
    return tuple(
        Finding(
            id=one["id"],
            label=one["label"],
            score=one["score"],
            box_xyxy=(*one["box_xyxy"],),
            flagged=True,
            severity=one["severity"],
        )
        for one in found
        if one["flagged"]
    )


def open_picture_cache(services: Services) -> PictureCache:
    """Return the cache of this machine."""
    return PictureCache(services.settings.data / "pictures")


def describe_request(photo: Photo, request: PictureRequest) -> str:
    """Return words that differ wherever the picture does; a new version may blur better."""
    return f"{__version__} {photo.kept_sha256} {request!r}"


def name_picture(picture: bytes) -> str:
    """Return an ETag."""
    return f'"{new_sha256(picture).hexdigest()[:32]}"'


def gone(photo: Photo) -> GoneError:
    """Return what to say of a photo that was deleted."""
    day = "" if photo.original_deleted_at is None else f" on {photo.original_deleted_at:%Y-%m-%d}"
    return GoneError(
        "photo_deleted",
        f"The photo was deleted{day}.",
        "Originals are deleted after their time, or when a person asks for it.",
    )


def _request_kept(photo: Photo, request: PictureRequest) -> PictureRequest:
    """Return the request as it fits the smaller copy, which is blurred already."""
    if photo.image_wh is None:
        return replace(request, hide_xyxy=(), draw=())
    scale = min(1.0, KEPT_PX / max(photo.image_wh))
    drawn = []
    for one in request.draw:
        x1, y1, x2, y2 = (edge * scale for edge in one.box_xyxy)
        drawn.append(replace(one, box_xyxy=(x1, y1, x2, y2)))
    return replace(request, hide_xyxy=(), draw=tuple(drawn))
