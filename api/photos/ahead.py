"""Pictures made before anybody asks, while no report waits: blurring takes a worker a second."""

import logging
from typing import Final

from api.errors import ApiError, BusyError
from api.photos.pictures import PictureSize, fill_picture, look_up_picture
from api.principal import Principal
from api.services import Services

logger = logging.getLogger(__name__)

SIZES: Final[tuple[PictureSize, ...]] = ("small", "medium")
"""Of lists, and of the page of one case."""
IDLE_S: Final = 2.0
"""Between two looks when nothing is wanted."""
BUSY_S: Final = 0.5
"""Between two looks while reports are scored: they come first."""
_PRINCIPAL: Final = Principal("system:pictures", "pictures made ahead", "admin")


def picture_step(services: Services) -> float:
    """Make the pictures of one photo, if no worker has anything else to do; a step of a `Loop`.

    Returns:
        Seconds until the next step.
    """
    if services.pool.busy:
        return BUSY_S
    sha256 = services.pictures_ahead.take()
    if sha256 is None:
        return IDLE_S
    try:
        for size in SIZES:
            wanted = look_up_picture(services, _PRINCIPAL, sha256, size, draw=False)
            if wanted.made is None:
                fill_picture(services, wanted)
    except BusyError:
        services.pictures_ahead.give_back(sha256)
        return BUSY_S
    except ApiError as error:  # Whoever asks for it is told; here nobody waits.
        logger.info("picture_not_made_ahead", extra={"code": error.code})
    return 0.0
