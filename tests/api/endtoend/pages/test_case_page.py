"""An operator works the queue by keyboard alone, on the real server and both databases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

LAT, LNG = 31.2304, 121.4737
STREETS = (
    *("中山路 12 号", "解放街 3 号", "人民路口", "和平里小区东门", "建设路 88 号"),
    *("文化街北口", "新华路 45 号", "青年路公交站", "健康巷 7 号", "健康巷 13 号"),
)


def check_accessible(page: Page) -> None:
    violations = Axe().run(page).response["violations"]
    assert not violations, [
        (one["id"], one["help"], [node["html"][:200] for node in one["nodes"]])
        for one in violations
    ]


def report_ten(citizen: Any, photos: tuple[bytes, ...]) -> None:
    """Report ten problems: one by photos of two people, two of them sixty metres apart."""
    for number, photo in enumerate(photos):
        citizen.post(
            "/v1/reports",
            files={"photo": ("bin.jpg", photo, "image/jpeg")},
            data={
                "lat": LAT,
                "lng": LNG,
                "address": STREETS[0],
                "phone": f"138000000{number}",
                "note": "桶满了，垃圾堆到人行道上。",
            },
        ).raise_for_status()
    for number, street in enumerate(STREETS[1:], 1):
        beside = 0.00063 if number == len(STREETS) - 1 else 0.0  # 60 m
        place = number - bool(beside)
        citizen.post(
            "/open311/v2/requests.json",
            data={
                "service_code": "overflowing_bin",
                "lat": LAT + place * 0.01,
                "long": LNG + beside,
                "address_string": street,
                "description": f"{street}的垃圾桶满了",
            },
        ).raise_for_status()


class Operator:
    """Somebody with a keyboard and no mouse."""

    def __init__(self, page: Page, screenshots: Path) -> None:
        self.page = page
        self.screenshots = screenshots

    def press(self, *keys: str) -> None:
        self.page.wait_for_load_state("load")  # Until then nothing listens.
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.insert_text(text)

    def sees(self, number: str) -> None:
        expect(self.page.locator("h1 .number")).to_have_text(number)

    def sees_lane(self, lane: str) -> None:
        expect(self.page.locator(f"#lane-{lane}")).to_have_attribute("aria-current", "page")

    def looks(self, name: str | None) -> None:
        """Look at the whole page: keep a picture of it, and let axe look for barriers."""
        self.page.wait_for_load_state("networkidle")
        if name is not None:
            self.page.screenshot(path=self.screenshots / f"{name}.png")
            if name.startswith("case") and self.page.locator("dialog[open]").count() == 0:
                path = self.screenshots / f"{name}-whole.png"
                self.page.screenshot(path=path, full_page=True)
        check_accessible(self.page)

    def answers(self, dialog: str) -> None:
        expect(self.page.locator(f"#{dialog}-dialog")).to_be_visible()


ListNumbers = Callable[[str], list[str]]


def test_ten_cases_by_keyboard_alone(
    start_server: Callable[..., Any],
    database_url: str,
    bin_photos: tuple[bytes, ...],
    open_browser: Callable[..., Page],
    screenshots: Path,
) -> None:
    server = start_server(database_url, report_wait_s="30")
    report_ten(server.client(server.make_key("citizen-intake")), bin_photos[:2])
    ledger = server.client(server.make_key("consumer"))

    def list_numbers(state: str) -> list[str]:
        answer = ledger.get("/v1/cases", params={"state": state, "order": "priority"})
        return [one["number"] for one in answer.json()["items"]]

    page = open_browser(f"{server.url}/console/queue", viewport={"width": 1280, "height": 800})
    operator = Operator(page, screenshots)
    operator.write(server.make_key("operator"))
    operator.press("Enter")
    operator.sees_lane("review")
    operator.looks("queue-zh")
    review(operator, list_numbers)
    dispatched = dispatch(operator, list_numbers)
    handle(operator, list_numbers, dispatched)
    check(operator, list_numbers, dispatched)
    page.goto(f"{server.url}/language?to=en&back=/console/queue?lane=dispatch")
    operator.looks("queue-en")
    operator.press("s")
    operator.sees(dispatched[0])  # Sent back; it is the oldest.
    operator.looks("case-en")
    assert server.stop() == 0


def review(operator: "Operator", list_numbers: ListNumbers) -> None:
    """Accept, dismiss for a usual reason and in own words, step on and back, merge."""
    numbers = list_numbers("collected")
    assert len(numbers) == 10
    operator.press("Enter")  # The start has the focus.
    operator.sees(numbers[0])
    operator.looks("case-zh")
    operator.press("a")
    operator.sees(numbers[1])
    operator.press("x")
    operator.answers("dismiss")
    operator.looks("case-dismiss-zh")
    operator.press("1", "Enter")
    operator.sees(numbers[2])
    operator.press("j")
    operator.sees(numbers[3])
    operator.press("k")
    operator.sees(numbers[2])
    operator.press("a")
    operator.sees(numbers[3])
    operator.press("x")
    operator.answers("dismiss")
    operator.press("7")
    operator.write("已在昨天电话处理")
    operator.press("Enter")
    for number in numbers[4:8]:
        operator.sees(number)
        operator.press("a")
    operator.sees(numbers[8])
    operator.looks("case-twins-zh")
    operator.press("m")
    operator.answers("merge")
    operator.looks("case-merge-zh")
    operator.press("1", "Enter")
    operator.sees(numbers[9])
    operator.press("a")
    operator.sees_lane("review")  # It is done.
    assert list_numbers("collected") == []
    assert sorted(list_numbers("dismissed")) == sorted([numbers[1], numbers[3]])
    assert list_numbers("merged") == [numbers[8]]
    assert len(list_numbers("filed")) == 7


def dispatch(operator: "Operator", list_numbers: ListNumbers) -> list[str]:
    """A unit's name is typed once, and chosen by its number from then on."""
    operator.press("2")
    operator.sees_lane("dispatch")
    order = list_numbers("filed")
    operator.press("s")
    operator.sees(order[0])
    operator.press("d")
    operator.answers("dispatch")
    operator.write("环卫三队")
    operator.press("Enter")
    for number in order[1:3]:
        operator.sees(number)
        operator.press("d")
        operator.answers("dispatch")
        operator.looks(None)
        operator.press("1", "Enter")
    operator.sees(order[3])
    assert list_numbers("dispatched") == order[:3]
    return order[:3]


def handle(operator: "Operator", list_numbers: ListNumbers, numbers: list[str]) -> None:
    """Done, then reported back; the lane goes round."""
    operator.press("q")
    operator.sees_lane("dispatch")
    operator.press("3")
    operator.sees_lane("handling")
    operator.press("s")
    for key in ("h", "b"):
        for number in numbers:
            operator.sees(number)
            operator.press(key)
    operator.sees_lane("handling")
    assert list_numbers("reported_back") == numbers


def check(operator: "Operator", list_numbers: ListNumbers, numbers: list[str]) -> None:
    """One is sent back, one passes with a word where there is no after-photo."""
    first, second, third = numbers
    operator.press("4")
    operator.sees_lane("check")
    operator.press("s")
    operator.sees(first)
    operator.press("v")
    operator.answers("send_back")
    operator.write("垃圾还在")
    operator.press("Enter")
    operator.sees(second)
    operator.press("c")
    operator.answers("check")
    operator.press("Enter")
    expect(operator.page.locator("#check-dialog [role=alert]")).to_contain_text("没有证明已解决")
    operator.looks("case-refused-zh")
    operator.write("本人到现场看过")
    operator.press("Enter")
    operator.sees(third)
    operator.press("k")
    operator.sees(second)
    operator.press("z")
    operator.answers("close")
    operator.press("Enter")
    operator.sees(third)
    assert list_numbers("closed") == [second]
    assert list_numbers("sent_back") == [first]
