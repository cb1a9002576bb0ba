"""Every page and dialog, in both languages: no barrier that axe finds, no sideways scroll."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from api.intake.scoring import score_step
from api.scoring.fake import FakePool
from api.toilets.files import parse_csv
from api.toilets.importing import import_toilets
from detector.detections import Finding
from tests.api.endtoend.pages.camera_street import ShrinkingPool

if TYPE_CHECKING:
    from api.services import Services

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FRAMES: Final = Path(__file__).parents[4] / "demo" / "camera"
LAT, LNG = 31.2304, 121.4737
DESK: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 360, "height": 740}
UNKNOWN: Final = "01890a5d-ac96-774b-bcce-b302099a8057"
DIGITS: Final = "0123456789abcdef"
PLAIN: Final = (
    "/console/queue",
    "/console/queue?lane=handling",
    "/console/queue?label=none&grid=9",
    "/console/ledger",
    "/console/ledger?q=nothing-is-called-this",
    "/console/ledger?state=quark",
    "/console/statistics",
    "/console/statistics?span=dates&from=2020-01-01&to=2020-01-02",
    "/console/wall",
    "/console/wall/new",
    "/console/wall/cam-1",
    "/console/wall/cam-1/edit",
    "/console/wall/cam-1/zones",
    "/console/wall/cam-2",
    "/console/wall/sites/Dock",
    "/console/admin",
    "/console/admin/keys",
    "/console/admin/webhooks",
    "/console/admin/rules",
    "/console/admin/imports/grid",
    "/console/admin/imports/toilets",
    "/console/admin/audit",
    f"/console/cases/{UNKNOWN}",
    "/console/nowhere",
)
PUBLIC: Final = ("/", "/offline", f"/r/{UNKNOWN}", "/console/login?next=/console/wall")


def find_things(data: bytes) -> tuple[Finding, ...]:
    """Two boxes of which one lies in the other."""
    del data
    return (
        Finding(f"{DIGITS}-0", "overflowing_bin", 0.8, (100, 300, 500, 700), True, "large"),
        Finding(f"{DIGITS}-1", "illegal_poster", 0.3, (150, 350, 400, 600), False, "small"),
    )


@pytest.fixture
def pool() -> FakePool:
    return ShrinkingPool(find_things)


@pytest.fixture
def ledger(
    app_url: str, services: "Services", make_key: Callable[..., dict[str, str]]
) -> Iterator[httpx2.Client]:
    """Something on every page: cases in several states, cameras, a webhook, cells, toilets."""
    with httpx2.Client(base_url=app_url, headers=make_key("admin"), timeout=60) as client:
        _seed_cases(client, services)
        _seed_cameras(client)
        hook = {"url": "https://203.0.113.9/street", "types": ["*"]}
        client.post("/v1/webhooks", json=hook)
        toilets = parse_csv("名称,纬度,经度\n河滨公厕,31.2305,121.4739\n".encode(), "wgs84")
        import_toilets(services, toilets, actor="system:test", source="toilets.csv")
        yield client


def _seed_cases(client: httpx2.Client, services: "Services") -> None:
    ring = [[LNG - 0.01, LAT - 0.01], [LNG + 0.05, LAT - 0.01], [LNG + 0.05, LAT + 0.01]]
    cell = {
        "type": "Feature",
        "properties": {"code": "990101001", "name": "河滨格"},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }
    _ask(client, "/v1/grid", json={"type": "FeatureCollection", "features": [cell]})
    for number, name in enumerate(("bin", "stall", "ads", "tidy", "bin")):
        photo = (FRAMES / f"camera_{name}.jpg").read_bytes() + bytes(number)
        fields = {"lat": str(LAT), "lng": str(LNG + number // 2 * 0.01), "note": "桶满了 <b>"}
        files = {"photo": ("photo.jpg", photo, "image/jpeg")}
        _ask(client, "/v1/reports", data=fields | {"device_id": f"d{number}"}, files=files)
    while score_step(services) == 0:
        pass
    first, *_ = client.get("/v1/cases").json()["items"]
    for move in ("verify", "file", "dispatch", "handle", "report_back"):
        _ask(client, f"/v1/cases/{first['id']}/moves", json={"move": move, "unit": "环卫一队"})
    after = {"photo": ("after.jpg", (FRAMES / "camera_tidy.jpg").read_bytes(), "image/jpeg")}
    place = {"lat": str(first["position"]["lat"]), "lng": str(first["position"]["lng"])}
    _ask(client, f"/v1/cases/{first['id']}/after-photo", data=place, files=after)


def _seed_cameras(client: httpx2.Client) -> None:
    for number in (1, 2):
        zone = {"name": "墙面", "labels": [], "points": [[0, 0.2], [1, 0.2], [1, 0.6]]}
        camera = {
            "code": f"cam-{number}",
            "name": "河滨路口",
            "place": "street" if number == 1 else "site",
            "site": None if number == 1 else "Dock",
            "position": {"lat": LAT, "lng": LNG},
            "zones": [zone],
        }
        _ask(client, "/v1/cameras", json=camera)
    photo = {"photo": ("frame.jpg", (FRAMES / "camera_ads.jpg").read_bytes(), "image/jpeg")}
    _ask(client, "/v1/cameras/cam-1/heartbeat", data={"state": "frozen"}, files=photo)
    news = {
        "id": "cam-2.1",
        "camera": "cam-2",
        "label": "site_dust",
        "state": "open",
        "revision": "1",
        "started_at": "2026-03-02T08:30:00+08:00",
        "frames": "9",
        "peak": json.dumps({"score": 0.8, "box_xyxy": [100, 100, 400, 400]}),
    }
    _ask(client, "/v1/incidents", data=news, files=photo)


def _ask(client: httpx2.Client, path: str, **options: Any) -> None:
    answer = client.post(path, **options)
    assert answer.status_code < 300, (path, answer.text)


class Inspector:
    """Looks at pages in both sizes and notes what is wrong."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.wrong: list[str] = []

    def look(self, path: str, *keys: str) -> None:
        """Open a page, press keys, and look at it on a desk's screen and on a phone's."""
        self.page.set_viewport_size(DESK)  # type: ignore[arg-type]  # Its two keys
        self.page.goto(self.url + path)
        self.page.wait_for_load_state("networkidle")
        for key in keys:
            self.page.keyboard.press(key)
        if keys and self.page.locator("dialog[open], .is-editing").count() == 0:
            self.wrong.append(f"{path} {keys}: nothing opened")
        for size in (DESK, PHONE):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]  # Its two keys
            self._note(f"{path} {' '.join(keys)} {size['width']}")

    def _note(self, where: str) -> None:
        for one in Axe().run(self.page).response["violations"]:
            shown = [node["html"][:160] for node in one["nodes"][:3]]
            self.wrong.append(f"{where}: {one['id']} ({one['impact']}): {shown}")
        beyond = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if beyond > 0:
            self.wrong.append(f"{where}: scrolls {beyond} px sideways")


@pytest.mark.parametrize(
    ("locale", "html"), [("zh-CN", "zh-CN"), ("en-GB", "en")], ids=["zh", "en"]
)
def test_no_page_has_a_barrier(
    app_url: str,
    ledger: httpx2.Client,
    open_browser: Callable[..., Page],
    make_key: Callable[..., dict[str, str]],
    *,
    locale: str,
    html: str,
) -> None:
    public = Inspector(open_browser(locale=locale, service_workers="block"), app_url)
    for path in PUBLIC:
        public.look(path)
    page = open_browser(f"{app_url}/console/login", locale=locale, service_workers="block")
    page.locator("#key").fill(make_key("admin")["Authorization"].removeprefix("Bearer "))
    page.locator("#key").press("Enter")
    page.wait_for_url("**/console/queue")
    assert page.locator("html").get_attribute("lang") == html
    inside = Inspector(page, app_url)
    for path in PLAIN:
        inside.look(path)
    waiting = ledger.get("/v1/cases", params={"state": "collected"}).json()["items"]
    back = ledger.get("/v1/cases", params={"state": "reported_back"}).json()["items"]
    assert waiting and back
    hooks = ledger.get("/v1/webhooks").json()
    for hook in hooks.get("items", hooks) if isinstance(hooks, dict) else hooks:
        inside.look(f"/console/admin/webhooks/{hook['id']}")
    for case in (waiting[0], back[0]):
        inside.look(f"/console/cases/{case['id']}")
    for key in ("e", "x", "m", "i", "Shift+?"):
        inside.look(f"/console/cases/{waiting[0]['id']}", key)
    for key in ("v", "c"):
        inside.look(f"/console/cases/{back[0]['id']}?open={'send_back' if key == 'v' else 'check'}")
    assert not public.wrong + inside.wrong, "\n".join(public.wrong + inside.wrong)
