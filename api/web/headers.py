"""What a page allows itself: scripts and styles of this service, and the map's tiles."""

import re
from typing import Final
from urllib.parse import urlsplit

from api.settings import Settings

NO_STORE: Final = "no-store"


def page_headers(settings: Settings) -> dict[str, str]:
    """Return the headers of every page; they take the place of those of the API's answers."""
    tiles = tile_source(settings.map_tiles)
    pictures = " ".join(one for one in ("'self'", "data:", "blob:", tiles) if one)
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        f"img-src {pictures}; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        # Servers of tiles ask who uses them; where on this site one is stays here.
        "Referrer-Policy": "strict-origin",
        "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
        "Cache-Control": NO_STORE,
    }


def tile_source(tiles: str | None) -> str | None:
    """Return the source that a policy names for an address of tiles; None: this service."""
    if tiles is None or tiles.startswith("/"):
        return None
    parts = urlsplit(tiles.replace("{s}.", "*."))
    return re.sub(r"[;,\s]", "", f"{parts.scheme}://{parts.netloc}")
