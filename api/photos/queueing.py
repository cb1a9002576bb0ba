"""Pictures for pages, which ask for a list of them at once: they are made one after the other."""

import asyncio
import time
from typing import Final

from starlette.concurrency import run_in_threadpool

from api.errors import BusyError
from api.photos.pictures import PictureSize, WantedPicture, fill_picture, look_up_picture
from api.principal import Principal
from api.services import Services

PATIENCE_S: Final = 60.0
"""A page of fifty new thumbnails takes a worker about so long; then the browser shows none."""
RETRY_S: Final = 0.2
"""Reports come first: while they take every worker, pictures wait."""


class PictureLine:
    """Lets pictures wait for a worker instead of refusing them. For one event loop."""

    def __init__(self, services: Services) -> None:
        """Make as many at once as there are workers."""
        self._services = services
        self._turn = asyncio.Semaphore(services.settings.workers)

    async def wait_for(
        self, principal: Principal, sha256: str, size: PictureSize, *, draw: bool
    ) -> bytes:
        """Return a blurred picture as `served_picture` does, when its turn has come.

        Raises:
            NotFoundError: There is no such photo for this key.
            GoneError: It was deleted, and no blurred copy was kept.
            InvalidError: The photo cannot be decoded.
            BusyError: Every worker was busy for too long.
            ScoringError: It could not be blurred, so it is not shown.
        """
        deadline = time.monotonic() + PATIENCE_S

        def look_up() -> WantedPicture:
            return look_up_picture(self._services, principal, sha256, size, draw=draw)

        wanted = await run_in_threadpool(look_up)
        if wanted.made is not None:
            return wanted.made
        try:
            await asyncio.wait_for(self._turn.acquire(), deadline - time.monotonic())
        except TimeoutError:
            raise BusyError(
                "pictures_waiting", "Too many pictures are waited for.", retry_after_s=5
            ) from None
        try:
            while True:
                wanted = await run_in_threadpool(look_up)  # Who stood before may have made it.
                if wanted.made is not None:
                    return wanted.made
                try:
                    return await run_in_threadpool(fill_picture, self._services, wanted)
                except BusyError:
                    if time.monotonic() > deadline:
                        raise
                await asyncio.sleep(RETRY_S)
        finally:
            self._turn.release()
