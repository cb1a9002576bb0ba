"""The administrator's pages in a browser."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from api.cases.rules import SHIPPED_RULES

if TYPE_CHECKING:
    from api.services import Services
    from tests.api.endtoend.conftest import Receiver

MakeKey = Callable[..., dict[str, str]]
SignIn = Callable[..., Page]
SCREEN = {"viewport": {"width": 1280, "height": 800}}
TABS = {
    "overview": "/console/admin",
    "keys": "/console/admin/keys",
    "webhooks": "/console/admin/webhooks",
    "rules": "/console/admin/rules",
    "grid": "/console/admin/imports/grid",
    "toilets": "/console/admin/imports/toilets",
    "audit": "/console/admin/audit",
}
ADMIN_KEY = "sid_of-the-first-administrator-in-these-tests"


def _check(page: Page, where: str) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, f"{where}: {found.generate_report()}"


def _secret(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def _grid(*codes: str, west: float = 121.40) -> bytes:
    features = []
    for i, code in enumerate(codes):
        a, b = west + 0.01 * i, west + 0.01 * (i + 1)
        ring = [[a, 31.2], [b, 31.2], [b, 31.21], [a, 31.21], [a, 31.2]]
        features.append(
            {
                "type": "Feature",
                "properties": {"code": code, "name": f"{code} <i>格</i>"},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_tab_can_be_used_by_all(
    app_url: str,
    services: "Services",
    make_key: MakeKey,
    sign_in: SignIn,
    screenshots: Path,
    language: str,
) -> None:
    services.settings = services.settings.model_copy(update={"webhook_networks": ("127.0.0.0/8",)})
    key = _secret(make_key("admin", originals=True))
    make_key("operator", grids=("310101", "310104"))
    page = sign_in(app_url, key, **SCREEN)
    page.goto(f"{app_url}/console/admin/webhooks")
    page.get_by_label("接收地址").fill("http://127.0.0.1:9/hook")
    page.get_by_label("案件").check()
    page.get_by_role("button", name="新建").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    _check(page, "secret")
    page.get_by_role("button", name="发送测试事件").click()
    expect(page.get_by_role("status").filter(has_text="测试事件")).to_be_visible()
    hook = page.url.partition("?")[0]
    page.goto(f"{app_url}/language?to={language}&back=/console/admin")
    for name, path in {**TABS, "webhook": hook.removeprefix(app_url)}.items():
        page.goto(f"{app_url}{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.screenshot(path=screenshots / f"admin-{name}-{language}.png", full_page=True)
        _check(page, f"{name} {language}")


def test_a_key_is_made_used_and_revoked(
    app_url: str, make_key: MakeKey, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(app_url, _secret(make_key("admin")), "/console/admin/keys", **SCREEN)
    page.get_by_label("使用人").fill("巡查三组")
    page.get_by_role("radio", name=re.compile("处置人员")).check()
    page.get_by_label("网格范围（编码前缀）").fill("310101")
    page.get_by_role("button", name="生成密钥").click()
    secret = page.locator("#secret").inner_text()
    assert re.fullmatch(r"sid_[\w-]{43}", secret)
    expect(page.locator("#secret-card")).to_be_focused()
    page.screenshot(path=screenshots / "admin-key-made.png")
    assert secret not in page.url
    page.goto(f"{app_url}/console/admin/keys")
    assert secret not in page.content()

    theirs = sign_in(app_url, secret)
    expect(theirs.get_by_role("button", name="退出")).to_be_visible()

    page.get_by_role("button", name="停用 巡查三组").click()
    dialog = page.get_by_role("dialog", name="停用密钥")
    expect(dialog).to_contain_text("巡查三组")
    _check(page, "dialog")
    dialog.get_by_role("button", name="停用").click()
    expect(page.get_by_role("status").filter(has_text="已停用")).to_be_visible()
    theirs.goto(f"{app_url}/console/queue")
    expect(theirs.get_by_role("heading", name="登录处置台")).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_cells_are_seen_on_a_map_before_they_are_taken(
    app_url: str, services: "Services", make_key: MakeKey, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(app_url, _secret(make_key("admin")), TABS["grid"], **SCREEN)
    field = page.get_by_label("GeoJSON 文件")

    def choose(data: bytes) -> None:
        field.set_input_files({"name": "g.geojson", "mimeType": "x/y", "buffer": data})
        page.get_by_role("button", name="预览").click()

    choose(b"no json")
    expect(page.locator("#messages")).to_contain_text("不是有效的 JSON")
    choose(_grid("310101001", "310101002", "310101003"))
    preview = page.locator("#grid-preview")
    expect(preview).to_contain_text("导入后共 3 个网格：新增 3")
    expect(preview.locator("path.leaflet-interactive")).to_have_count(3)
    assert len(services.grid) == 0
    page.get_by_role("button", name="确认导入").click()
    expect(page.get_by_text("已导入 3 个网格")).to_be_visible()
    assert len(services.grid) == 3
    choose(_grid("310101001", "310101002", "310101009", "310101009", west=121.405))
    expect(preview).to_contain_text("变化 2")
    expect(preview).to_contain_text("在 2 个要素中重复")
    page.screenshot(path=screenshots / "admin-grid-preview.png", full_page=True)
    _check(page, "preview")
    page.get_by_role("button", name="放弃").click()
    expect(preview).to_be_hidden()
    assert len(services.grid) == 3
    page.get_by_role("button", name="310101002").click()
    expect(page.locator(".leaflet-tooltip")).to_contain_text("310101002 · 310101002 <i>格</i>")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_toilets_are_seen_before_they_are_taken(
    app_url: str, make_key: MakeKey, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(app_url, _secret(make_key("admin")), TABS["toilets"], **SCREEN)
    rows = "名称,纬度,经度\n人民公园东门公厕,31.23,121.47\n城隍庙公厕,31.2263,121.4925\n坏行,100,1"
    page.get_by_label("CSV 或 GeoJSON 文件").set_input_files(
        {"name": "t.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.get_by_role("button", name="预览").click()
    preview = page.locator("#toilet-preview")
    expect(preview).to_contain_text("文件中可用 2 座：新增 2")
    expect(preview).to_contain_text("超出范围")
    expect(preview.locator("path.leaflet-interactive")).to_have_count(2)
    page.screenshot(path=screenshots / "admin-toilets-preview.png", full_page=True)
    _check(page, "preview")
    page.get_by_role("button", name="确认导入").click()
    expect(page.get_by_text("已导入 2 座公厕")).to_be_visible()
    expect(page.get_by_role("heading", name="现有公厕 · 2")).to_be_visible()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_changed_file_of_rules_is_checked(
    app_url: str, make_key: MakeKey, sign_in: SignIn, screenshots: Path
) -> None:
    page = sign_in(app_url, _secret(make_key("admin")), TABS["rules"], **SCREEN)
    text = SHIPPED_RULES.read_text(encoding="utf-8")

    def check(content: str) -> None:
        page.get_by_label("检查改过的文件").set_input_files(
            {"name": "r.yaml", "mimeType": "x/y", "buffer": content.encode()}
        )
        page.get_by_role("button", name="检查", exact=True).click()

    result = page.locator("#rules-result")
    check(text.replace("reopen_days: 15", "reopen_days: <b>"))
    expect(result).to_contain_text("reopen_days：应为整数")
    check(text)
    expect(result).to_contain_text("与正在使用的规则相同")
    check(text.replace("reopen_days: 15", "reopen_days: 7"))
    expect(result.get_by_role("row", name="reopen_days 15 7")).to_be_visible()
    expect(result).to_contain_text("重启服务")
    page.screenshot(path=screenshots / "admin-rules-check.png")
    _check(page, "rules")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载规则文件").click()
    assert Path(download.value.path()).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_card_and_the_chain_are_opened(
    app_url: str, services: "Services", make_key: MakeKey, sign_in: SignIn, screenshots: Path
) -> None:
    from api.scoring.fake import FakePool
    from detector.detections import ModelReference
    from detector.models.bundle import DEFAULT_BUNDLE, load_bundle

    manifest = load_bundle(DEFAULT_BUNDLE).manifest
    pool = FakePool()
    pool.model = ModelReference(manifest.name, manifest.version, manifest.sha256)
    services.pool = pool
    page = sign_in(app_url, _secret(make_key("admin")), TABS["overview"], **SCREEN)
    page.get_by_text("模型说明书").click()
    expect(page.get_by_role("heading", name="What it cannot do")).to_be_visible()
    page.get_by_role("button", name="与候选模型的结果比较").click()
    expect(page.locator("#shadow")).to_contain_text("还没有候选模型")
    page.screenshot(path=screenshots / "admin-model.png", full_page=True)
    _check(page, "card")
    page.goto(f"{app_url}{TABS['audit']}")
    page.get_by_role("button", name="检查记录").click()
    expect(page.locator("#chain")).to_contain_text("没有发现改动")
    page.screenshot(path=screenshots / "admin-chain.png")
    _check(page, "chain")


def test_events_reach_a_receiver_and_failed_ones_are_sent_again(
    database_url: str,
    start_server: Callable[..., Any],
    sign_in: SignIn,
    receiver: "Receiver",
    screenshots: Path,
) -> None:
    server = start_server(database_url, webhook_networks="127.0.0.0/8")
    page = sign_in(server.url, ADMIN_KEY, "/console/admin", **SCREEN)
    expect(page.get_by_role("heading", name="运行状况 正常")).to_be_visible()
    page.screenshot(path=screenshots / "admin-real-server.png", full_page=True)
    page.goto(f"{server.url}/console/admin/webhooks")
    page.get_by_label("接收地址").fill(receiver.url)
    page.get_by_role("button", name="新建").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    page.get_by_role("button", name="发送测试事件").click()
    expect(page.get_by_role("status").filter(has_text="测试事件")).to_be_visible()
    here = page.url.partition("?")[0]

    def wait_for(state: str, count: int) -> None:
        for _ in range(100):
            page.goto(f"{here}?state={state}")
            if page.locator("tbody .chip").count() >= count:
                return
            page.wait_for_timeout(200)
        raise AssertionError(f"nothing is {state}: {page.locator('table').inner_text()}")

    wait_for("delivered", 1)
    assert receiver.types == ["cn.street-issues.ping"]

    # What waits when a webhook is switched off fails; the receiver is away meanwhile.
    receiver.status = 503
    page.get_by_role("button", name="发送测试事件").click()
    wait_for("waiting", 1)
    page.get_by_role("button", name="停用").click()
    expect(page.get_by_role("status").filter(has_text="已停用")).to_be_visible()
    page.get_by_role("button", name="启用").click()
    receiver.status = 204
    wait_for("failed", 1)
    page.screenshot(path=screenshots / "admin-failed.png", full_page=True)
    before = len(receiver.types)
    page.get_by_role("button", name=re.compile("重发")).first.click()
    expect(page.get_by_text("已重新排队 1 个事件")).to_be_visible()
    for _ in range(100):
        if len(receiver.types) > before:
            break
        page.wait_for_timeout(100)
    assert len(receiver.types) > before
    wait_for("delivered", 2)
    expect(page.locator("tbody tr")).to_have_count(2)
    secret_like = re.compile(r"sid_[\w-]{43}|whsec_[\w+/=]{30,}")
    assert not secret_like.search("".join(server.logs))
