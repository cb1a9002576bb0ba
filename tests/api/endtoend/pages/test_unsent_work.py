"""What somebody is writing on the citizens' page is neither lost, replaced nor sent half-done."""

import io
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import Dialog, Page, expect
from sqlalchemy import select

from api.store.tables import reports
from detector.photo_facts import Position
from tests.api.endtoend.pages.network import hold

if TYPE_CHECKING:
    from api.services import Services

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

OpenPage = Callable[..., Page]
SENT = "**/v1/reports"
READER = "**/exif-reader.js"
HERE = {"permissions": ["geolocation"], "geolocation": {"latitude": 31.2304, "longitude": 121.4737}}
# The phone answers when the test says so.
SLOW_PHONE = """navigator.geolocation.getCurrentPosition = (done) => {
  window.located = () => done({coords: {latitude: 39.9, longitude: 116.4, accuracy: 5}});
};"""
SLOW_STORE = """const open = indexedDB.open.bind(indexedDB);
indexedDB.open = (...about) => {
  const [asked, request] = [{}, open(...about)];
  request.onupgradeneeded = () => { asked.result = request.result; asked.onupgradeneeded(); };
  window.storeOpens = () => { asked.result = request.result; asked.onsuccess(); };
  return asked;
};"""


@pytest.fixture
def photos(write_jpeg: Callable[..., Path], tmp_path: Path) -> list[Path]:
    """Two photos of different shapes."""
    return [
        write_jpeg(tmp_path / "first.jpg", 400, 300),
        write_jpeg(tmp_path / "second.jpg", 300, 400, seed=1),
    ]


def _choose(page: Page, photo: Path) -> None:
    page.set_input_files("#choose", photo)
    expect(page.locator("#photo-said")).to_contain_text(re.compile("照片大小|已压缩"))


def _send(page: Page, name: str = "上报") -> None:
    page.get_by_role("button", name=name, exact=True).click()


def _rows(services: "Services") -> list[Any]:
    with services.database.read() as connection:
        return list(connection.execute(select(reports)).mappings())


def test_an_answer_to_the_last_report_leaves_the_next_ones_form(
    app_url: str, open_browser: OpenPage, photos: list[Path]
) -> None:
    page = open_browser(app_url, **HERE)
    held = hold(page, SENT)
    _choose(page, photos[0])
    page.locator("#address").fill("花园路 1 号")
    with page.expect_request(SENT):
        _send(page)
    page.get_by_role("button", name="再报一个问题").click()
    page.locator("#note").fill("另一个桶")
    held.pop().continue_()
    expect(page.get_by_role("region", name="我的上报").get_by_role("link")).to_have_count(1)
    expect(page.locator("#note")).to_be_visible()
    expect(page.locator("#note")).to_have_value("另一个桶")


def test_a_photo_that_is_still_prepared_is_waited_for(
    app_url: str, open_browser: OpenPage, photos: list[Path], services: "Services"
) -> None:
    page = open_browser(app_url, **HERE)
    _choose(page, photos[0])
    page.locator("#address").fill("花园路 1 号")
    page.evaluate("""() => {
      const make = window.createImageBitmap.bind(window);
      window.createImageBitmap = async (...about) => {
        await new Promise((resolve) => { window.goOn = resolve; });
        return make(...about);
      };
    }""")
    page.set_input_files("#choose", photos[1])
    page.wait_for_function("Boolean(window.goOn)")
    expect(page.locator("#preview")).to_be_hidden()
    _send(page)
    expect(page.locator("#form-said")).to_have_text("照片还在处理，请稍等再上报。")
    page.evaluate("window.goOn()")
    expect(page.locator("#preview")).to_be_visible()
    expect(page.locator("#form-said")).to_be_hidden()
    _send(page)
    expect(page.locator("#follow-message")).to_contain_text("已收到")
    (report,) = _rows(services)
    with Image.open(io.BytesIO(services.photos.get(report["photo_sha256"]))) as sent:
        assert sent.size == (300, 400)


def test_a_photo_whose_position_cannot_be_read_here_goes_as_it_is(
    app_url: str, open_browser: OpenPage, tmp_path: Path, services: "Services"
) -> None:
    photo = tmp_path / "large.jpg"
    exif = Image.Exif()
    north, east = (31.0, 14.0, 0.0), (121.0, 28.0, 30.0)
    exif.get_ifd(0x8825).update({1: "N", 2: north, 3: "E", 4: east})
    Image.effect_noise((3000, 2000), 60).convert("RGB").save(photo, quality=80, exif=exif)
    page = open_browser(app_url, service_workers="block")
    page.route(READER, lambda route: route.abort())
    page.set_input_files("#choose", photo)
    expect(page.locator("#photo-said")).to_contain_text("由服务器读取")
    page.locator("#address").fill("花园路 1 号")
    _send(page)
    expect(page.locator("#follow-message")).to_contain_text("已收到")
    (report,) = _rows(services)
    assert report["photo_sha256"] == sha256(photo.read_bytes()).hexdigest()


def test_a_pin_stands_when_the_phone_answers_late(app_url: str, open_browser: OpenPage) -> None:
    page = open_browser()
    page.add_init_script(SLOW_PHONE)
    page.goto(app_url)
    page.locator("#locate").click()
    page.locator("#open-map").click()
    page.locator("#pin-here").click()
    said = page.locator("#place-said")
    expect(said).to_contain_text("使用地图上的图钉")
    page.evaluate("window.located()")
    expect(page.locator("#locate")).to_be_enabled()
    expect(said).to_contain_text("使用地图上的图钉")


def test_a_report_is_not_sent_beside_a_position_on_its_way(
    app_url: str, open_browser: OpenPage, photos: list[Path], services: "Services"
) -> None:
    page = open_browser()
    page.add_init_script(SLOW_PHONE)
    page.goto(app_url)
    _choose(page, photos[0])
    page.locator("#address").fill("长安街")
    page.locator("#locate").click()
    _send(page)
    expect(page.locator("#form-said")).to_contain_text("还在定位")
    expect(page.get_by_role("button", name="没有位置，仍要上报")).to_be_visible()
    page.evaluate("window.located()")
    expect(page.locator("#place-said")).to_contain_text("39.90000")
    expect(page.locator("#form-said")).to_be_hidden()
    _send(page)
    expect(page.locator("#follow-message")).to_contain_text("已收到")
    (report,) = _rows(services)
    assert Position(report["lat"], report["lon"]) == Position(39.9, 116.4)


def test_a_refused_report_replaces_what_is_written_only_when_asked(
    app_url: str, open_browser: OpenPage, photos: list[Path]
) -> None:
    page = open_browser(app_url)
    held = hold(page, SENT)
    _choose(page, photos[0])
    page.locator("#address").fill("花园路 1 号")
    with page.expect_request(SENT):
        _send(page)
    page.get_by_role("button", name="再报一个问题").click()
    page.locator("#note").fill("另一个桶")
    held.pop().fulfill(status=415, json={"code": "unsupported"})
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        if len(asked) == 1:
            dialog.dismiss()
        else:
            dialog.accept()

    page.on("dialog", answer)
    change = page.get_by_role("button", name="修改")
    change.click()
    expect(page.locator("#note")).to_have_value("另一个桶")
    change.click()
    expect(page.locator("#address")).to_have_value("花园路 1 号")
    expect(page.locator("#note")).to_have_value("")
    assert len(asked) == 2
    assert "还没有发出" in asked[0]


def test_leaving_the_form_is_asked_about(app_url: str, open_browser: OpenPage) -> None:
    page = open_browser(app_url)
    page.locator("#note").fill("另一个桶")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="English").click()
    expect(page.locator("#note")).to_have_value("另一个桶")
    assert asked == ["beforeunload"]
    page.locator("#note").fill("")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("link", name="中文")).to_be_visible()


def test_a_store_that_opens_late_keeps_reports_all_the_same(
    app_url: str, open_browser: OpenPage, photos: list[Path], services: "Services"
) -> None:
    page = open_browser()
    page.add_init_script(SLOW_STORE)
    page.goto(app_url)
    expect(page.locator("#unkept")).to_be_visible()
    page.route(SENT, lambda route: route.abort())
    _choose(page, photos[0])
    page.locator("#address").fill("花园路 1 号")
    _send(page)
    expect(page.locator("#outbox")).to_contain_text("请不要关闭本页")
    page.evaluate("window.storeOpens()")
    expect(page.locator("#outbox")).to_contain_text("可以先关闭本页")
    again = page.context.new_page()
    page.close()
    again.goto(app_url)
    expect(again.locator("#follow-message")).to_contain_text("已收到")
    assert len(_rows(services)) == 1
