"""What the citizens' pages do on odd phones, without a network, and by keyboard alone."""

import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from api.store.tables import reports
from detector.photo_facts import Position, from_wgs84

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.services import Services

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OpenPage = Callable[..., Page]
LAT, LNG = 31.2304, 121.4737
PHONE = {"width": 360, "height": 740}
HERE = {"permissions": ["geolocation"], "geolocation": {"latitude": LAT, "longitude": LNG}}


def _photo(path: Path, orientation: int | None = None) -> Path:
    """Write a noisy photo of 3000 × 2000 pixels, red at its upper left, without a position."""
    image = Image.effect_noise((3000, 2000), 60).convert("RGB")
    ImageDraw.Draw(image).rectangle((0, 0, 600, 600), fill="red")
    exif = Image.Exif()
    if orientation is not None:
        exif[0x112] = orientation
        exif.get_ifd(0x8769).update({0x9003: "2026:03:01 17:30:00", 0x9011: "+08:00"})
    image.save(path, quality=95, exif=exif)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return _photo(tmp_path / "photo.jpg")


def _reports(services: "Services") -> list[Any]:
    with services.database.read() as connection:
        return list(connection.execute(select(reports)).mappings())


def _send(page: Page) -> None:
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("#follow-message")).to_contain_text("已收到")


def test_a_photo_is_turned_upright_made_small_and_keeps_its_time(
    app_url: str, open_browser: OpenPage, services: "Services", tmp_path: Path
) -> None:
    turned = _photo(tmp_path / "turned.jpg", orientation=6)
    page = open_browser(app_url, viewport=PHONE, **HERE)
    page.set_input_files("#choose", turned)
    expect(page.locator("#photo-said")).to_contain_text("已压缩")
    page.get_by_role("button", name="用我现在的位置").click()
    expect(page.locator("#place-said")).to_contain_text("使用手机定位：31.23040, 121.47370")
    _send(page)
    (report,) = _reports(services)
    data = services.photos.get(report["photo_sha256"])
    sent = Image.open(io.BytesIO(data))
    assert sent.size == (1365, 2048)  # Upright: turned by a quarter, so it is higher than wide.
    red = sent.convert("RGB").getpixel((1300, 60))
    assert isinstance(red, tuple)
    assert red[0] > 200
    assert red[1] < 80
    assert len(data) < turned.stat().st_size
    exif = sent.getexif()
    assert exif.get_ifd(0x8769)[0x9003] == "2026:03:01 17:30:00"
    assert exif.get_ifd(0x8769)[0x9011] == "+08:00"
    assert 0x112 not in exif
    assert not exif.get_ifd(0x8825)
    assert (report["lat"], report["lon"], report["datum"]) == (LAT, LNG, "wgs84")


def test_a_file_that_would_grow_and_one_that_cannot_be_opened_go_as_they_are(
    app_url: str, open_browser: OpenPage, tmp_path: Path
) -> None:
    small = tmp_path / "small.jpg"
    Image.effect_noise((400, 300), 60).save(small, quality=5)
    page = open_browser(app_url, viewport=PHONE)
    page.set_input_files("#choose", small)
    expect(page.locator("#photo-said")).to_contain_text("照片大小")
    page.set_input_files(
        "#choose",
        {
            "name": "IMG_1.HEIC",
            "mimeType": "image/heic",
            "buffer": b"\x00\x00\x00\x18ftypheic" + bytes(2000),
        },
    )
    expect(page.locator("#photo-said")).to_contain_text("已选 IMG_1.HEIC（2 kB）。手机不能预览")
    expect(page.locator("#preview")).to_be_hidden()


def test_wrong_content_is_told_in_words_and_stays_editable(
    app_url: str, open_browser: OpenPage, services: "Services", photo: Path
) -> None:
    page = open_browser(app_url, viewport=PHONE, **HERE)
    page.set_input_files(
        "#choose", {"name": "letter.txt", "mimeType": "image/jpeg", "buffer": b"no photo" * 99}
    )
    expect(page.locator("#photo-said")).to_contain_text("letter.txt")
    page.get_by_label("说明").fill("满了两天")
    page.get_by_label("垃圾满溢").check()
    page.get_by_role("button", name="用我现在的位置").click()
    expect(page.locator("#place-said")).to_contain_text("使用手机定位")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("不是我们能打开的照片")

    # Also after the page was closed; the fields are as they were, and a better photo goes.
    page.reload()
    expect(page.locator("#outbox")).to_contain_text("不是我们能打开的照片")
    page.get_by_role("button", name="修改").click()
    expect(page.get_by_label("说明")).to_have_value("满了两天")
    expect(page.get_by_label("垃圾满溢")).to_be_checked()
    expect(page.locator("#place-said")).to_contain_text("使用手机定位")
    page.set_input_files("#choose", photo)
    expect(page.locator("#photo-said")).to_contain_text("已压缩")
    _send(page)
    (report,) = _reports(services)
    assert (report["note"], report["label"]) == ("满了两天", "overflowing_bin")
    page.reload()
    expect(page.locator("#mine-list li")).to_have_count(1)
    expect(page.locator("#outbox-part")).to_be_hidden()


def test_a_pin_on_a_map_of_another_datum_is_sent_as_wgs84(
    app_url: str, app: "FastAPI", services: "Services", open_browser: OpenPage, photo: Path
) -> None:
    tiles = {"map_tiles": "/tiles/{z}/{x}/{y}.png", "map_datum": "gcj02"}
    settings = services.settings.model_copy(update=tiles | {"map_center": (LAT, LNG)})
    app.state.services = replace(services, settings=settings)
    picture = io.BytesIO()
    Image.new("RGB", (256, 256), "#e0e8d8").save(picture, "PNG")

    def answer(route: Route) -> None:
        route.fulfill(body=picture.getvalue(), content_type="image/png")

    page = open_browser(viewport=PHONE)
    page.route("**/tiles/**", answer)
    page.goto(app_url)
    page.set_input_files("#choose", photo)
    page.get_by_role("button", name="在地图上选").click()
    page.locator("img.leaflet-tile-loaded").first.wait_for()
    page.get_by_role("button", name="把图钉放到地图中心").click()
    expect(page.locator("#place-said")).to_contain_text("使用地图上的图钉：31.230")
    found = page.evaluate(
        """() => {
          const map = document.getElementById("map").getBoundingClientRect();
          const [x, y] = [map.left + map.width / 2, map.top + map.height / 2];
          return [...document.querySelectorAll("img.leaflet-tile")].filter((tile) => {
            const box = tile.getBoundingClientRect();
            return box.left <= x && x < box.right && box.top <= y && y < box.bottom;
          }).map((tile) => new URL(tile.src).pathname);
        }"""
    )
    shown = from_wgs84(Position(LAT, LNG), "gcj02")
    assert found == [_tile(shown, 17)]
    assert found != [_tile(Position(LAT, LNG), 17)]
    closer = page.locator(f'img.leaflet-tile-loaded[src$="{_tile(shown, 18)}"]')
    expect(closer).to_have_count(0)
    page.get_by_role("button", name="放大", exact=True).click()
    expect(closer).to_have_count(1)
    expect(page.get_by_role("button", name="缩小", exact=True)).to_be_visible()
    page.locator("#photo-said", has_text="已压缩").wait_for()
    _send(page)
    (report,) = _reports(services)
    assert (report["lat"], report["lon"]) == pytest.approx((LAT, LNG), abs=1e-5)


def _tile(place: Position, zoom: int) -> str:
    """The address of the tile that holds a place (the usual Mercator scheme)."""
    lat = math.radians(place.lat)
    x = int((place.lon + 180) / 360 * 2**zoom)
    y = int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * 2**zoom)
    return f"/tiles/{zoom}/{x}/{y}.png"


def test_where_nothing_can_be_kept_the_page_says_so_and_works(
    app_url: str, open_browser: OpenPage, services: "Services", photo: Path
) -> None:
    page = open_browser(viewport=PHONE, service_workers="block")
    page.add_init_script(
        """for (const name of ["indexedDB", "localStorage"]) {
          const get = () => { throw new DOMException("no", "SecurityError"); };
          Object.defineProperty(window, name, {get});
        }"""
    )
    page.goto(app_url)
    expect(page.locator("#unkept")).to_contain_text("请不要关闭页面")
    page.set_input_files("#choose", photo)
    expect(page.locator("#photo-said")).to_contain_text("已压缩")
    # Geolocation was not allowed, which is told; an address does as well.
    page.get_by_role("button", name="用我现在的位置").click()
    expect(page.locator("#place-said")).to_contain_text("没有得到定位许可")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("还没有位置或地址")
    page.get_by_label("地址或门牌（可不填）").fill("人民路 12 号门口")
    page.get_by_role("button", name="没有位置，仍要上报").click()
    expect(page.locator("#follow-message")).to_contain_text("已收到")
    (report,) = _reports(services)
    assert (report["address"], report["lat"]) == ("人民路 12 号门口", None)


def test_without_a_network_the_page_opens_and_sends_when_it_is_back(
    app_url: str,
    open_browser: OpenPage,
    services: "Services",
    photo: Path,
    screenshots: Path,
) -> None:
    page = open_browser(app_url, viewport=PHONE)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.context.set_offline(True)
    page.goto(app_url)
    page.set_input_files("#choose", photo)
    expect(page.locator("#photo-said")).to_contain_text("已压缩")
    page.get_by_label("地址或门牌（可不填）").fill("人民路 12 号门口")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("#outbox")).to_contain_text("已存在手机里")
    page.screenshot(path=screenshots / "citizen-offline.png")
    page.goto(f"{app_url}/offline")
    expect(page.get_by_role("heading", name="现在没有网络")).to_be_visible()
    kept = page.evaluate(
        """async () => {
          const found = [];
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const one of await cache.keys()) found.push(new URL(one.url).pathname);
          }
          return found;
        }"""
    )
    assert "/" in kept
    assert not [one for one in kept if one.startswith(("/v1", "/console"))]
    page.goto(app_url)
    page.context.set_offline(False)
    expect(page.locator("#follow-message")).to_contain_text("已收到")
    assert len(_reports(services)) == 1


def test_a_newer_release_is_not_kept_without_its_files(
    app_url: str, open_browser: OpenPage
) -> None:
    page = open_browser(app_url, viewport=PHONE)
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    newer = f"{app_url}/?newer"

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html", body="<script src=/static/newer/js/a.js></script>")

    page.context.route("**/sw.js", lambda route: route.abort())
    page.context.route(newer, answer)
    with page.expect_response(newer):
        page.goto(newer)
    page.context.set_offline(True)
    page.goto(app_url)
    expect(page.get_by_role("button", name="上报", exact=True)).to_be_visible()


def test_a_busy_service_is_asked_again_with_the_same_key(
    app_url: str, open_browser: OpenPage, services: "Services", photo: Path
) -> None:
    keys: list[str] = []

    def answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fulfill(status=429, headers={"Retry-After": "3"}, json={"code": "rate_limited"})
        elif len(keys) == 2:  # A hotel's network wants its guests to sign in.
            route.fulfill(status=200, content_type="text/html", body="<h1>Welcome</h1>")
        else:
            route.continue_()

    page = open_browser(viewport=PHONE, service_workers="block")
    page.route("**/v1/reports", answer)
    page.goto(app_url)
    page.set_input_files("#choose", photo)
    expect(page.locator("#photo-said")).to_contain_text("已压缩")
    page.get_by_label("地址或门牌（可不填）").fill("人民路 12 号门口")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("#outbox")).to_contain_text("现在上报的人多")
    expect(page.locator("#outbox")).to_contain_text("网络不好")
    expect(page.locator("#follow-message")).to_contain_text("已收到")
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert len(_reports(services)) == 1
