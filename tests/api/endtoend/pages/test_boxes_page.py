"""Boxes of a case's photo corrected in a browser, by mouse and by keyboard alone."""

import json
import re
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Dialog, Locator, Page, expect

from api.casework.feedback import SYSTEM_PRINCIPAL, read_page
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.scoring.base import PictureRequest
from api.scoring.fake import FakePool
from api.store.reports import list_cases_of
from detector.detections import Finding

if TYPE_CHECKING:
    from api.services import Services

SCENE = Path(__file__).parents[4] / "demo" / "scenes" / "bin_and_posters.jpg"
NOTE = "桶满了 <script>alert(1)</script>"
MakeKey = Callable[..., dict[str, str]]
SignIn = Callable[..., Page]


def finding(number: int, label: str, box: tuple[float, ...], flagged: bool = True) -> Finding:
    x1, y1, x2, y2 = box
    score = 0.9 - number / 10
    return Finding(f"0123456789abcdef-{number}", label, score, (x1, y1, x2, y2), flagged, "medium")


GONE = "照片已过保存期限或应要求删除。"
BIN = finding(0, "overflowing_bin", (100.25, 200.0, 400.25, 500.0))
POSTER = finding(1, "illegal_poster", (600.0, 120.0, 800.0, 320.0))
MAYBE = finding(2, "site_dust", (500.0, 600.0, 900.0, 950.0), flagged=False)


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case with photos, and how to open it."""

    url: str
    path: str
    key: str
    services: "Services"

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in read_page(self.services, SYSTEM_PRINCIPAL).lines]


def encode(colour: int) -> bytes:
    scene = cv2.imread(str(SCENE))
    assert scene is not None
    done, data = cv2.imencode(".jpg", cv2.resize(scene, (1000, 1000)) // colour)
    assert done
    return data.tobytes()


@pytest.fixture
def open_case(
    app_url: str,
    services: "Services",
    pool: FakePool,
    make_key: MakeKey,
    monkeypatch: pytest.MonkeyPatch,
) -> OpenCase:
    """Two reports of one bin, each with a photo."""

    def show(data: bytes, request: PictureRequest) -> Future[bytes]:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        side = min(request.longest_side_px, 1000)
        done, picture = cv2.imencode(".jpg", cv2.resize(image, (side, side)))
        assert done
        answer: Future[bytes] = Future()
        answer.set_result(picture.tobytes())
        return answer

    monkeypatch.setattr(pool, "picture", show)
    first = encode(1)
    pool.findings = lambda data: (BIN, POSTER, MAYBE) if data == first else (BIN,)
    told = NewReport(source="citizen", photo=first, note=NOTE, lat=31.2304, lon=121.4737)
    report = accept_report(services, told)
    accept_report(services, replace(told, source="inspector", photo=encode(2), note=None))
    while score_step(services) == 0.0:
        pass
    with services.database.read() as connection:
        case_id = next(
            one
            for one in list_cases_of(connection, report.report.id)
            if _label_of(services, one) == "overflowing_bin"
        )
    key = make_key("operator", originals=True)["Authorization"].removeprefix("Bearer ")
    return OpenCase(app_url, f"/console/cases/{case_id}", key, services)


def _label_of(services: "Services", case_id: str) -> str | None:
    from api.store.cases import get_case

    with services.database.read() as connection:
        case = get_case(connection, case_id)
    assert case is not None
    return case.label


def find_violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found
        for node in one["nodes"]
        if re.search(r"photo|box|findings|strip|thumb|original|closing|compare|after", str(node))
    ]


def box_of(page: Page, number: int) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"^(方框|Box) {number} "))


def save(page: Page) -> None:
    with page.expect_response(re.compile("/verdict$")) as answered:
        page.keyboard.press("s")
    assert answered.value.status == 201, answered.value.text()


def corner(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where on the screen a pixel of the photo is."""
    frame = page.locator("svg.boxes:visible").bounding_box()
    assert frame is not None
    return frame["x"] + x / 1000 * frame["width"], frame["y"] + y / 1000 * frame["height"]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*corner(page, *start))
    page.mouse.down()
    page.mouse.move(*corner(page, *((a + b) / 2 for a, b in zip(start, end, strict=True))))
    page.mouse.move(*corner(page, *end))
    page.mouse.up()


def read_box(line: Any) -> list[float]:
    return [float(edge) for edge in line]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_box_by_mouse_and_another_by_keyboard_alone(
    open_case: OpenCase, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(
        open_case.url, open_case.key, open_case.path, viewport={"width": 1280, "height": 800}
    )
    expect(page.locator("#photos").get_by_text("桶满了 <script>")).to_be_visible()
    expect(page.locator("svg.boxes:visible .box")).to_have_count(3)
    page.screenshot(path=screenshots / "boxes-zh.png")
    assert find_violations(page) == []

    # By mouse: the first box is dragged, and its lower right handle.
    page.get_by_role("button", name="编辑方框").click()
    drag(page, (250, 350), (290, 390))
    place = page.locator("[data-part=place]")
    expect(place).not_to_be_empty()
    moved = read_box(re.findall(r"\d+", place.inner_text()))
    assert moved == pytest.approx([140, 240, 440, 540], abs=2)
    drag(page, (moved[2], moved[3]), (moved[2] + 60, moved[3] - 30))
    page.screenshot(path=screenshots / "boxes-editing-zh.png")
    resized = read_box(re.findall(r"\d+", place.inner_text()))
    assert resized[:2] == moved[:2]
    assert resized[2:] == pytest.approx([moved[2] + 60, moved[3] - 30], abs=3)
    assert find_violations(page) == []

    # By keyboard alone: the second box is moved and made larger, by exact pixels.
    page.keyboard.press("Tab")
    expect(box_of(page, 2)).to_be_focused()
    for keys in (
        "ArrowRight",
        "ArrowRight",
        "Shift+ArrowDown",
        "Alt+ArrowRight",
        "Alt+Shift+ArrowUp",
    ):
        page.keyboard.press(keys)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("u")
    # The third, under its threshold, is dust in truth, but a vendor's.
    page.keyboard.press("Tab")
    expect(box_of(page, 3)).to_be_focused()
    page.keyboard.press("l")
    expect(page.get_by_label("方框类别", exact=True)).to_have_value("illegal_poster")
    page.keyboard.press("l")
    page.keyboard.press("l")
    expect(page.get_by_label("方框类别", exact=True)).to_have_value("street_vending")
    # A new one, in the middle.
    page.keyboard.press("n")
    expect(box_of(page, 4)).to_be_focused()
    page.keyboard.press("Shift+ArrowUp")
    added = read_box(re.findall(r"\d+", place.inner_text()))
    page.screenshot(path=screenshots / "boxes-keyboard-zh.png")
    save(page)
    expect(page.get_by_role("status").filter(has_text="已保存")).to_be_visible()
    expect(page.locator("[data-part=unsaved]").first).to_be_hidden()

    (line,) = open_case.lines()
    assert [one["verdict"] for one in line["findings"]] == ["moved", "moved", "wrong_label"]
    by_mouse, by_keyboard, relabelled = line["findings"]
    assert [edge % 1 for edge in by_mouse["right_box_xyxy"]] == [0.25, 0.0, 0.25, 0.0]
    assert [int(edge) for edge in by_mouse["right_box_xyxy"]] == resized
    assert by_keyboard["right_box_xyxy"] == [602.0, 130.0, 803.0, 320.0]
    assert relabelled["right_label"] == "street_vending"
    assert "right_box_xyxy" not in relabelled
    # A new box is of the type that was chosen last.
    assert line["added"] == [{"label": "street_vending", "box_xyxy": added}]
    assert line["reviewed"] == sorted(
        ["illegal_poster", "overflowing_bin", "street_vending", "site_dust"]
    )

    # Opened again, the page shows what was said; nothing is unsaved, so that leaving needs no word.
    page.reload()
    expect(page.locator(".findings .word").first).to_have_text("位置已改")
    expect(page.get_by_text("人工判断:").first).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_by_keyboard_from_opening_to_saving(open_case: OpenCase, sign_in: SignIn) -> None:
    page = sign_in(open_case.url, open_case.key, open_case.path)
    page.keyboard.press("e")
    expect(box_of(page, 1)).to_be_focused()
    page.keyboard.press("Delete")
    page.keyboard.press("s")  # The second was not looked at: it is asked for.
    expect(page.get_by_text(re.compile("方框 2 还未判断"))).to_be_visible()
    expect(box_of(page, 2)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("n")
    page.keyboard.press("Delete")
    save(page)
    (line,) = open_case.lines()
    assert [one["verdict"] for one in line["findings"]] == ["false", "true"]
    assert line["added"] == []
    # All right, in two presses, on the second photo.
    page.keyboard.press("]")
    expect(page.locator(".photo-view:visible")).to_have_attribute("aria-label", "照片 2")
    page.keyboard.press("r")
    save(page)
    assert [one["verdict"] for one in open_case.lines()[1]["findings"]] == ["true"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_errors_keep_what_was_drawn_and_leaving_warns(open_case: OpenCase, sign_in: SignIn) -> None:
    page = sign_in(open_case.url, open_case.key, open_case.path)
    page.get_by_role("button", name="全部正确").click()
    page.get_by_role("button", name="新方框").click()
    drag(page, (20, 20), (90, 80))
    expect(box_of(page, 4)).to_be_focused()
    page.route(re.compile("/verdict$"), lambda route: route.abort())
    page.keyboard.press("s")
    expect(page.get_by_text("没有保存，画的方框还在")).to_be_visible()
    expect(box_of(page, 4)).to_be_visible()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="台账").click()
    expect(box_of(page, 4)).to_be_visible()
    assert asked == ["beforeunload"]
    page.unroute(re.compile("/verdict$"))
    save(page)
    (line,) = open_case.lines()
    ((x1, y1, x2, y2),) = [one["box_xyxy"] for one in line["added"]]
    assert [x1, y1, x2, y2] == pytest.approx([20, 20, 90, 80], abs=2)
    page.get_by_role("link", name="台账").click()
    page.wait_for_url(re.compile("/console/ledger"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_on_a_phone_by_finger(open_case: OpenCase, sign_in: SignIn, screenshots: Path) -> None:
    page = sign_in(
        open_case.url,
        open_case.key,
        open_case.path,
        viewport={"width": 360, "height": 740},
        has_touch=True,
    )
    page.context.add_cookies([{"name": "language", "value": "en", "url": open_case.url}])
    page.goto(f"{open_case.url}/language?to=en&back={open_case.path}")
    page.get_by_role("button", name="All right").click()
    page.get_by_role("button", name="New box").click()
    page.locator("svg.boxes:visible").scroll_into_view_if_needed()
    page.touchscreen.tap(*corner(page, 500, 500))
    expect(box_of(page, 4)).to_be_visible()
    page.locator("#photos").screenshot(path=screenshots / "boxes-phone-en.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert find_violations(page) == []
    save(page)
    assert open_case.lines()[0]["added"] == [
        {"label": "overflowing_bin", "box_xyxy": pytest.approx([400, 400, 600, 600], abs=3)}
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_zoom_keeps_boxes_on_their_pixels(open_case: OpenCase, sign_in: SignIn) -> None:
    page = sign_in(open_case.url, open_case.key, open_case.path)
    before = page.locator("svg.boxes:visible").bounding_box()
    page.keyboard.press("+")
    expect(page.get_by_text("150 %")).to_be_visible()
    after = page.locator("svg.boxes:visible").bounding_box()
    assert before is not None and after is not None
    assert after["width"] == pytest.approx(1.5 * before["width"], abs=1)
    picture = page.locator(".photo-stage:visible img").bounding_box()
    assert picture == after
    page.keyboard.press("-")
    expect(page.locator("[data-part=zoom]").first).to_have_text("100 %")
    page.locator(".photo-frame:visible").hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(page.get_by_text("150 %")).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_photo_that_is_gone_is_told_in_words_and_an_original_needs_a_reason(
    open_case: OpenCase, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(open_case.url, open_case.key, open_case.path)
    page.get_by_role("button", name="下载未打码原图").first.click()
    dialog = page.get_by_role("dialog")
    page.screenshot(path=screenshots / "original-zh.png")
    dialog.get_by_label("原因").fill("投诉 2026-4711 需要核对")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="下载").click()
    assert Path(download.value.path()).read_bytes() == encode(1)
    expect(dialog).to_be_hidden()
    page.route(
        re.compile("/console/photos/"),
        lambda route: route.fulfill(status=410, json={"code": "photo_deleted", "detail": GONE}),
    )
    page.reload()
    expect(page.get_by_text(GONE)).to_be_visible()
    expect(page.locator(".photo-frame").first).to_be_hidden()
