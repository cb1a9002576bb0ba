"""The overview, the rules and the audit log of the administrator's pages."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from api.cases.rules import SHIPPED_RULES, load_rules
from api.cases.rules_compare import RuleChange, compare_rules
from api.cases.rules_form import parse_rules
from api.scoring.fake import FakePool
from api.store.side_tables import audit
from api.web.admin_words import say_in
from api.web.cards import Block, parse_card
from detector.detections import ModelReference
from detector.models.bundle import DEFAULT_BUNDLE, load_bundle

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from api.services import Services

SCRIPT = "<script>alert(1)</script>"


class RealModelsPool(FakePool):
    """Says that it has the model that ships."""

    def __init__(self) -> None:
        super().__init__()
        manifest = load_bundle(DEFAULT_BUNDLE).manifest
        self.model = ModelReference(manifest.name, manifest.version, manifest.sha256)


def test_the_overview_tells_of_checks_and_of_what_waits(
    client: "TestClient",
    services: "Services",
    pool: FakePool,
    enter: Callable[..., str],
) -> None:
    pool.alive = False
    enter("admin")
    page = client.get("/console/admin").text
    assert "没有识别进程在运行" in page
    assert services.database.dialect in page.lower()
    assert "fake" in page
    assert "已是另一个模型" in page  # The folder holds the one that ships.
    assert "/console/admin/shadow" in page
    assert "还没有候选模型" in client.get("/console/admin/shadow").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_models_card_and_figures_are_shown(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    services.pool = RealModelsPool()
    enter("admin")
    page = client.get("/console/admin").text
    assert services.pool.model.sha256 in page
    assert "What it cannot do" in page
    assert '<th scope="col">false alarms on held-out clean photos</th>' in page
    assert "0.57" in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_script_in_a_card_stays_text(
    client: "TestClient", services: "Services", enter: Callable[..., str], tmp_path: Path
) -> None:
    services.pool = RealModelsPool()
    manifest = (DEFAULT_BUNDLE / "manifest.json").read_text(encoding="utf-8")
    (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    card = f"# {SCRIPT}\n\n[x](javascript:alert(1)) **{SCRIPT}**\n\n| {SCRIPT} |\n|---|\n| b |\n"
    (tmp_path / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    services.settings = services.settings.model_copy(update={"model": str(tmp_path)})
    enter("admin")
    page = client.get("/console/admin").text
    assert SCRIPT not in page
    assert "javascript:" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


def test_a_card_becomes_blocks() -> None:
    blocks = parse_card(
        "# A\n\nSome **strong** `code`\nand [a link](x.md).\n- one\n  more\n- two\n\n"
        "| h | i |\n|---|:-:|\n| 1 | 2 |\n\n```\n| raw |\n```\nend"
    )
    assert [one.kind for one in blocks] == [
        *("heading", "paragraph", "items", "table", "code", "paragraph"),
    ]
    assert [one.look for one in blocks[1].rows[0][0]] == [
        *("plain", "strong", "plain", "code", "plain", "plain", "plain"),
    ]
    assert "".join(one.text for one in blocks[1].rows[0][0]) == "Some strong code and a link."
    assert [row[0][0].text for row in blocks[2].rows] == ["one more", "two"]
    assert [[cell[0].text for cell in row] for row in blocks[3].rows] == [["h", "i"], ["1", "2"]]
    assert blocks[4] == Block("code", text="| raw |")


@given(st.text(alphabet="#|-* `\n[]()ab", max_size=200))
def test_any_card_is_read(text: str) -> None:
    for block in parse_card(text):
        assert block.kind == "code" or block.rows


def test_changed_rules_are_compared_key_by_key() -> None:
    text = SHIPPED_RULES.read_text(encoding="utf-8")
    rules = load_rules(None)
    assert compare_rules(rules, parse_rules(text, "rules.yaml")) == ()
    other = (
        text.replace("large: {hours: 2}", "large: {working_hours: 3}")
        .replace('code: "200302"', 'code: "200399"')
        .replace("extra_holidays: []", "extra_holidays: [2027-02-08]")
        .replace('"09:00-12:00"', '"08:30-12:00"')
    )
    assert set(compare_rules(rules, parse_rules(other, "rules.yaml"))) == {
        RuleChange("handling.site_dust.by_severity.large.hours", "2", "—"),
        RuleChange("handling.site_dust.by_severity.large.working_hours", "—", "3"),
        RuleChange("events.site_dust.code", "200302", "200399"),
        RuleChange("extra_holidays", "—", "2027-02-08"),
        RuleChange("working_hours", "09:00-12:00, 13:30-17:30", "08:30-12:00, 13:30-17:30"),
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_of_rules_is_checked_and_changes_nothing(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    token = enter("admin")
    before = services.rules
    text = client.get("/console/admin/rules/file").text
    assert text == SHIPPED_RULES.read_text(encoding="utf-8")

    def check(data: bytes) -> dict[str, Any]:
        answer = client.post(
            "/console/admin/rules/check",
            files={"file": ("rules.yaml", data)},
            headers={"X-CSRF-Token": token, "Accept": "application/json"},
        )
        found: dict[str, Any] = answer.json()
        return found

    assert check(text.encode()) == {"faults": [], "changes": []}
    wrong = text.replace("reopen_days: 15", "reopen_days: soon").replace("queue_tries:", "tries:")
    faults = check(wrong.encode())["faults"]
    assert len(faults) == 3
    assert "reopen_days：应为整数" in faults
    assert "queue_tries：缺失" in faults
    changed = check(text.replace("reopen_days: 15", "reopen_days: 7").encode())
    assert changed["changes"] == [{"path": "reopen_days", "before": "15", "after": "7"}]
    (unflagged,) = check(text.replace("thresholds: {}", "thresholds: {cat: 0.5}").encode())[
        "faults"
    ]
    assert unflagged.startswith("thresholds.cat：正在使用的模型不识别")
    assert services.pool.labels[0] in unflagged
    assert check(b"\xff\xff")["code"] == "rules_unreadable"
    assert "YAML" in str(check(b"a: [")["faults"])
    assert services.rules is before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_changed_since_the_start_is_told(
    client: "TestClient", services: "Services", enter: Callable[..., str], tmp_path: Path
) -> None:
    path = tmp_path / "our-rules.yaml"
    path.write_bytes(SHIPPED_RULES.read_bytes())
    services.settings = services.settings.model_copy(update={"rules": path})
    enter("admin")
    page = client.get("/console/admin/rules").text
    assert str(path) in page
    assert "启动后被改动" not in page
    path.write_text("broken: [", encoding="utf-8")
    assert "启动后被改动" in client.get("/console/admin/rules").text
    path.unlink()
    assert "启动后被改动" in client.get("/console/admin/rules").text
    assert client.get("/console/admin/rules/file").status_code == 404


def test_the_audit_log_is_filtered_and_checked(
    client: "TestClient", services: "Services", enter: Callable[..., str]
) -> None:
    enter("operator")
    enter("admin")
    page = client.get("/console/admin/audit").text
    assert page.index("admin of a test") < page.index("operator of a test")
    rows = "登录</td>"
    assert page.count(rows) == 2
    only = client.get("/console/admin/audit?actor=OPERATOR&action=session.opened&target=").text
    assert only.count(rows) == 1
    assert client.get("/console/admin/audit?actor=system:").text.count("新建密钥</td>") == 2
    assert "没有符合的记录" in client.get("/console/admin/audit?actor=%25").text
    assert "没有发现改动" in client.get("/console/admin/audit/check").text
    with services.database.write() as connection:
        connection.execute(update(audit).where(audit.c.seq == 2).values(actor="key:other"))
    assert "第 2 条记录不符" in client.get("/console/admin/audit/check").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_audit_log_comes_in_pages(client: "TestClient", enter: Callable[..., str]) -> None:
    for _ in range(26):
        enter("admin")
    page = client.get("/console/admin/audit").text
    assert "before=3" in page
    assert client.get("/console/admin/audit?before=3").text.count("<tr><td") == 2


@pytest.mark.parametrize(
    ("text", "zh"),
    [
        ("3 MiB free, 5 MiB wanted", "剩余 3 MiB，至少需要 5 MiB"),
        ("Feature 3 (x) is a Point, no polygon.", "第 3 个要素 x 不是面"),
        ("Feature 3 is a Point, no polygon.", "第 3 个要素 不是面"),
        ("Something else.", "Something else."),
    ],
)
def test_messages_are_said_in_chinese(text: str, zh: str) -> None:
    assert say_in("zh", text) == zh
    assert say_in("en", text) == text
