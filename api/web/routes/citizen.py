"""The citizens' pages 我拍我城: report, follow a report; what a phone needs to install them."""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from api.http.deps import get_services
from api.services import Services
from api.web.assets import Assets
from api.web.headers import page_headers
from api.web.pages import get_pages, show_page

router = APIRouter(include_in_schema=False)

Service = Annotated[Services, Depends(get_services)]

WORKER: Final = "js/citizen/worker.js"
SHELL: Final = (
    "css/base.css",
    "css/citizen.css",
    "icons/icon.svg",
    "vendor/exifreader/exif-reader.js",  # A report without a network reads its photo's position.
)
"""What the pages need without a network, beside their scripts."""
SCRIPTS: Final = "js/citizen/"
ICONS: Final = (
    ("icons/icon-192.png", "192x192", "any"),
    ("icons/icon-512.png", "512x512", "any"),
    ("icons/icon-maskable-512.png", "512x512", "maskable"),
)
ASK_AGAIN: Final = "no-cache"


@router.get("/")
def show_report_page(request: Request, services: Service) -> Response:
    """Show the page on which anybody reports; without it the console is what there is."""
    if not services.settings.citizen_page:
        return RedirectResponse("/console", 303)
    most_mib = services.settings.max_upload_mib
    return show_page(request, "citizen/report.html", most_mib=most_mib)


@router.get("/r/{report_id}")
def show_follow_page(request: Request, report_id: str, services: Service) -> Response:
    """Show the page that follows a report.

    It is the same for every id, and holds nothing of the report: its token stands in the
    fragment, which browsers keep to themselves, and the page's script asks with it.
    """
    del report_id
    return show_page(request, "citizen/follow.html", may_report=services.settings.citizen_page)


@router.get("/offline")
def show_offline_page(request: Request) -> Response:
    """Show what an installed page shows without a network when it has kept nothing better."""
    return show_page(request, "citizen/offline.html")


@router.get("/manifest.webmanifest")
def describe_page(request: Request) -> Response:
    """Tell phones how the page is installed."""
    assets = get_pages(request).assets
    content: dict[str, Any] = {
        "id": "/",
        "name": "我拍我城",
        "short_name": "我拍我城",
        "description": "街面问题，拍照上报。Report street issues with a photo.",
        "lang": "zh-CN",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": "#0f4c5c",
        "background_color": "#f2f5f6",
        "icons": [
            {"src": assets.address(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in ICONS
        ],
    }
    return JSONResponse(
        content,
        media_type="application/manifest+json",
        headers={"Cache-Control": ASK_AGAIN},
    )


@router.get("/sw.js")
def read_worker(request: Request, services: Service) -> Response:
    """Answer with the service worker, which knows the release and the files that it keeps."""
    assets = get_pages(request).assets
    known = {"release": assets.release, "shell": list_shell(assets)}
    head = f"self.pages = {json.dumps(known)};\n".encode()
    return Response(
        head + assets.files[WORKER].data,
        media_type="text/javascript; charset=utf-8",
        headers={
            **page_headers(services.settings),
            "Cache-Control": ASK_AGAIN,  # A new release is noticed at the next visit.
            "Service-Worker-Allowed": "/",
        },
    )


def list_shell(assets: Assets) -> list[str]:
    """Return the addresses of all that the pages need without a network."""
    scripts = (name for name in assets.files if name.startswith(SCRIPTS) and name != WORKER)
    return [assets.address(name) for name in (*SHELL, *scripts)]
