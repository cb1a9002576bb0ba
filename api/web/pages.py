"""Pages from templates: whatever people wrote is escaped by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request

from api.cases.states import STATES
from api.security.sessions import csrf_token
from api.services import Services
from api.web.assets import Assets, load_assets
from api.web.headers import page_headers
from api.web.languages import HTML_NAMES, choose_language
from api.web.shown import Showing
from api.web.visitor import Visitor
from detector.labels import ISSUE_LABELS, Language
from detector.version import __version__

FOLDER: Final = Path(__file__).with_name("templates")
MOST_QUERY: Final = 1500
"""Of an address to come back to, in characters; without a longer one the page opens bare."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The templates and the files that they name."""

    environment: Environment
    assets: Assets


def load_pages() -> Pages:
    """Open the templates; one that is broken shows when it is first used."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,  # Whatever its name ends in.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return Pages(environment, load_assets())


def get_pages(request: Request) -> Pages:
    """Return the app's templates."""
    pages: Pages = request.app.state.pages
    return pages


def show_page(
    request: Request, template: str, status: int = 200, /, **context: Any
) -> HTMLResponse:
    """Render a page, or a part of one for htmx.

    Templates know, beside the context: `t(zh, en)`, `language`, `html_language`, `asset(name)`,
    `visitor` (None: nobody is signed in), `csrf`, `now`, `path`, `path_query`, `map_settings`,
    the functions of `Showing`, `issue_labels`, `all_labels`, `all_states`, `version`.

    Args:
        request: For whom.
        template: Path below templates/.
        status: HTTP status.
        context: What the template shows.
    """
    services: Services = request.app.state.services
    pages = get_pages(request)
    language = choose_language(request)
    content = pages.environment.get_template(template).render(
        {**_surroundings(request, services, pages, language), **context}
    )
    return HTMLResponse(content, status, headers=page_headers(services.settings))


def show_in(request: Request) -> Showing:
    """Return how the reader is shown things, for words that are made outside templates."""
    services: Services = request.app.state.services
    return Showing(choose_language(request), services.rules, services.clock())


def _surroundings(
    request: Request, services: Services, pages: Pages, language: Language
) -> Mapping[str, Any]:
    showing = Showing(language, services.rules, services.clock())
    visitor = getattr(request.state, "visitor", None)
    settings = services.settings
    return {
        "t": showing.choose,
        "language": language,
        "html_language": HTML_NAMES[language],
        "asset": pages.assets.address,
        "visitor": visitor,
        "csrf": "" if visitor is None else csrf_token(services, visitor.session.id),
        "now": showing.now,
        "path": request.url.path,
        "path_query": _path_query(request),
        "issue_labels": ISSUE_LABELS,
        "all_labels": tuple(services.rules.events),
        "all_states": STATES,
        "map_settings": {
            "tiles": settings.map_tiles,
            "datum": settings.map_datum,
            "attribution": settings.map_attribution,
            "center": list(settings.map_center) or None,
            "hint": _hint_tiles(showing, settings.map_tiles, visitor),
            "zoom": [showing.choose("放大", "Zoom in"), showing.choose("缩小", "Zoom out")],
        },
        "version": __version__,
        **showing.functions(),
    }


def _path_query(request: Request) -> str:
    query = request.url.query
    fits = query and len(query) <= MOST_QUERY
    return f"{request.url.path}?{query}" if fits else request.url.path


def _hint_tiles(showing: Showing, tiles: str | None, visitor: Visitor | None) -> str:
    """Return what an administrator reads on a map without a ground; others cannot mend it."""
    if tiles or visitor is None or not visitor.may("manage"):
        return ""
    return showing.choose("未设置底图（map_tiles）", "No map tiles are set (map_tiles)")
