"""A citizen's report over a bad network to a case that was reopened, on the real server."""

import contextlib
import io
import json
import select
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

StartServer = Callable[..., Any]
OpenPage = Callable[..., Page]
LAT, LNG = 31.2304, 121.4737
ELSEWHERE = {"latitude": 31.3, "longitude": 121.5}
PHONE = {"width": 360, "height": 740}
SEEN = "我们看到：垃圾满溢"
POST = b"POST /v1/reports"
TOILETS = """名称,纬度,经度,地址,开放时间,无障碍,收费
人民公园东门公共厕所,31.2310,121.4740,南京西路 231 号,06:00-22:00,是,否
"""


class BadNetwork(socketserver.ThreadingTCPServer):
    """A way to a server that loses uploads in their middle, and answers."""

    allow_reuse_address = True

    def __init__(self, server_url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Way)
        self.target = ("127.0.0.1", urlsplit(server_url).port)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.losses: list[str] = []
        """What befalls the next uploads: "upload" is cut in its middle, of "answer" the answer."""
        self.suffered: list[str] = []
        self.is_closing = False


class _Way(socketserver.BaseRequestHandler):
    server: BadNetwork

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as server, contextlib.suppress(OSError):
            self._carry(server)

    def _carry(self, server: socket.socket) -> None:
        loss, sent = "", 0
        while not self.server.is_closing:
            ready, _, _ = select.select([self.request, server], [], [], 0.1)
            for one in ready:
                data = one.recv(65_536)
                if not data:
                    return
                if one is self.request:
                    if data.startswith(POST) and self.server.losses:
                        if sent:  # Browsers themselves repeat what a used connection has lost.
                            return
                        loss = self.server.losses.pop(0)
                    sent += len(data)
                    if loss == "upload" and sent > 40_000:
                        self.server.suffered.append(loss)
                        return
                    server.sendall(data)
                elif loss == "answer":
                    self.server.suffered.append(loss)
                    return
                else:
                    self.request.sendall(data)


@pytest.fixture
def bad_network() -> Iterator[Callable[[str], BadNetwork]]:
    with contextlib.ExitStack() as stack:

        def make(server_url: str) -> BadNetwork:
            network = stack.enter_context(BadNetwork(server_url))
            threading.Thread(target=network.serve_forever, daemon=True).start()
            stack.callback(network.shutdown)
            stack.callback(setattr, network, "is_closing", True)
            return network

        yield make


@pytest.fixture
def phone_photo(bin_photos: tuple[bytes, ...], tmp_path: Path) -> Path:
    """A photo as a phone takes it: 12 megapixels, with its position and time."""
    image = Image.open(io.BytesIO(bin_photos[0])).convert("RGB").resize((4000, 2700))
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0x9003: "2026:03:02 09:00:00", 0x9011: "+08:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: _degrees(LAT), 3: "E", 4: _degrees(LNG)})
    path = tmp_path / "phone.jpg"
    image.save(path, quality=92, exif=exif)
    return path


def _degrees(value: float) -> tuple[float, float, float]:
    minutes = value % 1 * 60
    return (int(value), int(minutes), round(minutes % 1 * 60, 4))


def _slow_down(page: Page, *, bytes_per_s: int) -> None:
    page.context.new_cdp_session(page).send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": 50,
            "downloadThroughput": -1,
            "uploadThroughput": bytes_per_s,
        },
    )


def _check_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def _cases(server: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        server.client().get("/v1/cases").raise_for_status().json()["items"]
    )
    return found


def test_a_report_over_a_bad_network_is_one_report(
    start_server: StartServer,
    database_url: str,
    bad_network: Callable[[str], BadNetwork],
    open_browser: OpenPage,
    phone_photo: Path,
    clean_photo: bytes,
    screenshots: Path,
) -> None:
    server = start_server(database_url)
    network = bad_network(server.url)
    page = open_browser(
        f"{network.url}/",
        viewport=PHONE,
        permissions=["geolocation"],
        geolocation=ELSEWHERE,
    )
    expect(page.locator("#report")).to_be_visible()
    _check_accessible(page)
    page.screenshot(path=screenshots / "citizen-empty.png")

    # The photo's own position is taken, though the phone would tell another.
    page.set_input_files("#choose", phone_photo)
    expect(page.locator("#photo-said")).to_contain_text("已压缩")
    expect(page.locator("#place-said")).to_contain_text(
        f"使用照片里记录的位置：{LAT:.5f}, {LNG:.5f}"
    )
    page.get_by_label("说明").fill("<script>alert(1)</script> 满了两天")
    page.screenshot(path=screenshots / "citizen-filled.png", full_page=True)

    # The network drops twice: once in mid-upload, once when the server has taken the report.
    network.losses = ["upload", "answer"]
    _slow_down(page, bytes_per_s=150_000)
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("#outbox")).to_contain_text("正在上传")
    expect(page.locator("#outbox")).to_contain_text(
        "网络不好，还没发出去，会自动重试。已存在手机里"
    )
    expect(page.locator("#follow-message")).to_have_text(SEEN, timeout=60_000)
    assert network.suffered == ["upload", "answer"]
    (case,) = _cases(server)
    assert (case["reports_count"], case["label"]) == (1, "overflowing_bin")
    assert case["position"]["lat"] == pytest.approx(LAT, abs=1e-6)
    assert case["position"]["lng"] == pytest.approx(LNG, abs=1e-6)

    # What was seen, drawn over the blurred photo and in words; a word on it is kept.
    expect(page.locator("#follow-figure svg .box")).to_have_count(1)
    page.wait_for_function("document.querySelector('#follow-figure img').naturalWidth > 0")
    page.get_by_role("button", name="1 垃圾满溢：对", exact=True).click()
    expect(page.get_by_text("谢谢，记下了")).to_be_visible()
    (said,) = map(json.loads, server.client().get("/v1/feedback/words").text.splitlines())
    assert (said["right"], said["label"]) == (True, "overflowing_bin")
    _check_accessible(page)
    page.screenshot(path=screenshots / "citizen-answer.png", full_page=True)

    # Somebody else's browser follows it by its link, and sees it closed without a reload.
    link = page.get_by_role("textbox", name="跟踪链接").input_value()
    follower = open_browser(link, viewport=PHONE)
    expect(follower.locator("#cases")).to_contain_text("已采集，待核实")
    expect(follower.get_by_role("button", name="1 垃圾满溢：对", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    _work_until_closed(server, case["id"], clean_photo)
    expect(follower.locator("#cases")).to_contain_text("已结案", timeout=60_000)
    expect(follower.locator(".after img")).to_be_visible()

    # It is not solved: the case is open again.
    follower.get_by_text("问题没有解决？").click()
    follower.get_by_label("请说说现在的情况").fill("又满了")
    _check_accessible(follower)
    follower.screenshot(path=screenshots / "citizen-closed.png", full_page=True)
    follower.get_by_role("button", name="没解决，请再处理").click()
    expect(follower.locator("#case-said")).to_have_class("notice good")
    expect(follower.locator("#cases")).to_contain_text("已采集，待核实")
    assert [one["state"] for one in _cases(server)] == ["collected"]


def _work_until_closed(server: Any, case_id: str, after: bytes) -> None:
    client = server.client()
    path = f"/v1/cases/{case_id}"
    for move in ("verify", "file", "dispatch", "handle"):
        unit = {"unit": "环卫三队"} if move == "dispatch" else {}
        client.post(f"{path}/moves", json={"move": move, **unit}).raise_for_status()
    photo = {"photo": ("after.jpg", after, "image/jpeg")}
    where = {"lat": LAT, "lng": LNG}
    client.post(f"{path}/after-photo", files=photo, data=where).raise_for_status()
    for move in ("report_back", "check", "close"):
        client.post(f"{path}/moves", json={"move": move, "reason": "已清理干净"}).raise_for_status()


def test_a_page_closed_in_mid_send_sends_when_it_is_opened_again(
    start_server: StartServer,
    database_url: str,
    bad_network: Callable[[str], BadNetwork],
    open_browser: OpenPage,
    phone_photo: Path,
    tmp_path: Path,
) -> None:
    server = start_server(database_url)
    (tmp_path / "toilets.csv").write_text(TOILETS, encoding="utf-8")
    command = [sys.executable, "-m", "api.cli", "import-toilets", str(tmp_path / "toilets.csv")]
    subprocess.run(command, env=server.environment, check=True, capture_output=True)
    network = bad_network(server.url)
    network.losses = ["upload"] * 50
    page = open_browser(f"{network.url}/", viewport=PHONE)
    page.set_input_files("#choose", phone_photo)
    expect(page.locator("#place-said")).to_contain_text("使用照片里记录的位置")
    page.get_by_role("button", name="上报", exact=True).click()
    expect(page.locator("#outbox")).to_contain_text("可以先关闭本页")
    context = page.context
    page.close()
    assert _cases(server) == []

    network.losses = []
    again = context.new_page()
    again.goto(f"{network.url}/")
    expect(again.locator("#follow-message")).to_have_text(SEEN)
    assert [one["reports_count"] for one in _cases(server)] == [1]
    expect(again.locator("#outbox-part")).to_be_hidden()

    # Once more: it is in the list, and nothing is sent twice.
    again.reload()
    mine = again.get_by_role("region", name="我的上报").get_by_role("link", name=SEEN)
    mine.click()
    again.get_by_role("button", name="查找附近公厕").click()
    expect(again.locator("#toilets-list")).to_contain_text("人民公园东门公共厕所")
    expect(again.locator("#toilets-list")).to_contain_text("开放 06:00-22:00 · 无障碍 · 免费")
    expect(again.locator("#map .leaflet-interactive")).to_have_count(2)  # The pin and the toilet
    assert [one["reports_count"] for one in _cases(server)] == [1]
