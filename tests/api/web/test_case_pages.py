"""The page of one case: what it shows, what each role may do there, and what a refusal keeps."""

import html
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from api.cases.case import Case
from api.cases.states import MoveName
from api.casework.moving import MoveOrder, move_case
from api.intake.accepting import NewReport, accept_report
from api.intake.scoring import score_step
from api.principal import Principal
from api.scoring.fake import FakePool
from api.services import Services
from api.store.cases import get_case, list_events
from api.store.reports import list_cases_of
from detector.detections import Finding

if TYPE_CHECKING:
    from starlette.testclient import TestClient

BIN = Finding("f1", "overflowing_bin", 0.9, (100, 100, 400, 500), True, "medium")
JPEG = b"\xff\xd8\xff\xe0 a photo of a bin"
LAT, LON = 31.2304, 121.4737
EAST_M = 111_320 * 0.855  # Metres of a degree of longitude there
OPERATOR = Principal("op", "an operator", "operator")
SCRIPT = "<script>alert('你好')</script>\"'><img src=x onerror=alert(1)>"
MakeKey = Callable[..., dict[str, str]]
Enter = Callable[..., "TestClient"]
Report = Callable[..., Case]


@pytest.fixture
def enter(client: "TestClient", make_key: MakeKey) -> Enter:
    def sign_in(role: str = "operator", **options: Any) -> "TestClient":
        key = make_key(role, **options)["Authorization"].removeprefix("Bearer ")
        client.cookies.clear()
        client.headers["accept-language"] = "zh"
        answer = client.post("/console/login", data={"key": key}, follow_redirects=False)
        assert answer.status_code == 303
        return client

    return sign_in


@pytest.fixture
def report(services: Services, pool: FakePool) -> Report:
    """Return a function that hands in a report and answers with its case."""
    pool.findings = lambda _: (BIN,)

    def hand_in(east_m: float = 0, photo: bytes | None = None, **fields: Any) -> Case:
        fields.setdefault("label", "overflowing_bin")
        new = NewReport("citizen", photo, lat=LAT, lon=LON + east_m / EAST_M, **fields)
        report_id = accept_report(services, new).report.id
        while score_step(services) == 0.0:
            pass
        return read(services, report_id=report_id)

    return hand_in


def read(services: Services, case_id: str = "", report_id: str = "") -> Case:
    with services.database.read() as connection:
        found = get_case(connection, case_id or list_cases_of(connection, report_id)[-1])
    assert found is not None
    return found


def form_of(page: str, case: Case, **fields: Any) -> dict[str, Any]:
    token = re.search(r'data-csrf="([0-9a-f]+)"', page)
    assert token
    return {"csrf": token[1], "version": str(case.version), **fields}


def act(client: "TestClient", case: Case, path: str = "moves", **fields: Any) -> Any:
    page = client.get(f"/console/cases/{case.id}")
    fields = form_of(page.text, case) | fields
    address = f"/console/cases/{case.id}/{path}"
    return client.post(address, data=fields, follow_redirects=False)


def keys_in(page: str) -> set[str]:
    bar = re.search(r'<section class="actions".*?</section>', page, re.S)
    return set(re.findall(r'data-key="(\w)"', bar[0])) if bar else set()


def go(services: Services, case: Case, *moves: MoveName) -> Case:
    for move in moves:
        case = move_case(services, OPERATOR, case.id, MoveOrder(move, "because"))
    return case


def test_accept_is_two_moves_in_one(services: Services, report: Report, enter: Enter) -> None:
    case = report()
    answer = act(enter(), case, move="accept")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/console/cases/{case.id}?done={case.id}"
    assert read(services, case.id).state == "filed"
    with services.database.read() as connection:
        events = list_events(connection, case.id)
    assert [one.action for one in events] == ["opened", "verify", "file"]


def test_accepting_what_is_verified_files_it(
    services: Services, report: Report, enter: Enter
) -> None:
    case = go(services, report(), "verify")
    assert act(enter(), case, move="accept").status_code == 303
    assert read(services, case.id).state == "filed"


def test_dismissing_keeps_the_usual_reason_and_the_own_words(
    services: Services, report: Report, enter: Enter
) -> None:
    case, client = report(), enter()
    refused = act(client, case, move="dismiss")
    assert refused.status_code == 422
    assert "请填写理由" in refused.text
    assert '<dialog id="dismiss-dialog"' in refused.text
    assert re.search(r'id="dismiss-dialog"[^>]* open>', refused.text)
    assert act(client, case, move="dismiss", why="no_issue", reason="是公告栏").status_code == 303
    with services.database.read() as connection:
        event = list_events(connection, case.id)[-1]
    assert event.reason == "不是问题（误报）：是公告栏"
    assert event.details == {"dismissal": "no_issue"}
    assert "是公告栏" in client.get(f"/console/cases/{case.id}").text


def test_after_a_decision_the_next_case_opens(report: Report, enter: Enter) -> None:
    case, client = report(), enter()
    page = client.get(f"/console/cases/{case.id}?lane=review&grid=31").text
    place = re.search(r'name="after" value="([\w-]+)"', page)
    assert place
    walk = {"lane": "review", "only_label": "", "only_grid": "31", "after": place[1]}
    answer = act(client, case, move="accept", **walk, then="next")
    where = answer.headers["location"]
    assert where.startswith("/console/queue/next?lane=review&grid=31&after=")
    assert where.endswith(f"&wrap=1&done={case.id}")
    case = report(east_m=500)
    answer = act(client, case, move="accept", **walk, then="stay")
    assert answer.headers["location"].startswith(f"/console/cases/{case.id}?lane=review&grid=31")


def test_units_are_offered_again_newest_first_within_the_grids(
    report: Report, services: Services, enter: Enter
) -> None:
    client = enter()
    for east_m, unit in ((0, "环卫一队"), (500, SCRIPT), (1000, "环卫一队")):
        case = go(services, report(east_m), "verify", "file")
        assert act(client, case, move="dispatch").status_code == 422
        assert act(client, case, move="dispatch", unit=unit).status_code == 303
        assert read(services, case.id).due_at is not None
    case = go(services, report(1500), "verify", "file")
    page = client.get(f"/console/cases/{case.id}").text
    offered = re.findall(r'name="known_unit" value="([^"]*)"', page)
    assert [html.unescape(one) for one in offered] == ["环卫一队", SCRIPT]
    assert act(client, case, move="dispatch", known_unit="环卫一队").status_code == 303
    assert "处置单位：环卫一队" in client.get(f"/console/cases/{case.id}").text


def test_a_changed_case_is_shown_anew_with_what_was_typed(
    services: Services, report: Report, enter: Enter
) -> None:
    case, client = report(), enter()
    token = form_of(client.get(f"/console/cases/{case.id}").text, case)
    go(services, case, "verify")
    sent = token | {"move": "dismiss", "why": "", "reason": '墙上"没有"广告'}
    answer = client.post(f"/console/cases/{case.id}/moves", data=sent)
    assert answer.status_code == 409
    assert "刚刚被别人更改" in answer.text
    assert 'value="墙上&#34;没有&#34;广告"' in answer.text
    assert 'name="version" value="2"' in answer.text
    assert read(services, case.id).state == "verified"
    go(services, case, "file", "dispatch")
    late = client.post(f"/console/cases/{case.id}/moves", data=sent | {"version": "2"})
    assert late.status_code == 409
    assert "<q>墙上&#34;没有&#34;广告</q>" in late.text  # Its dialog is there no more.
    asked = {"accept": "application/json"}
    problem = client.post(f"/console/cases/{case.id}/moves", data=sent, headers=asked)
    assert problem.json()["code"] == "case_changed"


def test_what_each_role_may_do(services: Services, report: Report, enter: Enter) -> None:
    case = report()
    address = f"/console/cases/{case.id}"
    assert keys_in(enter("operator").get(address).text) == {"a", "x", "m", "i"}
    assert keys_in(enter("handler").get(address).text) == set()
    assert keys_in(enter("auditor").get(address).text) == set()
    dispatched = go(services, case, "verify", "file", "dispatch")
    assert keys_in(enter("operator").get(address).text) == {"h", "y", "m", "i"}
    handler = enter("handler")
    assert keys_in(handler.get(address).text) == {"h"}
    assert act(handler, dispatched, move="recall", reason="no").status_code == 403
    assert act(handler, dispatched, "correct", label="site_dust").status_code == 403
    assert act(handler, dispatched, "merge", number="2026-000001").status_code == 403
    assert act(handler, dispatched, "split").status_code == 403
    auditor = enter("auditor")
    refused = act(auditor, dispatched, move="handle")
    assert refused.status_code == 403
    assert "没有做这一步的权限" in refused.text
    assert "<dialog" not in refused.text.replace('<dialog id="keys-dialog"', "")
    assert act(enter("handler"), dispatched, move="handle").status_code == 303
    assert read(services, case.id).state == "handled"


def test_another_grids_operator_gets_nowhere(
    services: Services, report: Report, enter: Enter
) -> None:
    case, other = report(), report(east_m=60)
    assert case.id != other.id
    everywhere = enter()
    assert other.number in everywhere.get(f"/console/cases/{case.id}").text
    near = everywhere.get(f"/console/cases/{case.id}/near").json()["cases"]
    assert [one["number"] for one in near] == [other.number]
    assert near[0]["away_m"] == pytest.approx(60, abs=2)
    stranger = enter(grids=("310102",))
    token = form_of(stranger.get("/console/queue").text, case)
    for path in ("", "/near"):
        assert stranger.get(f"/console/cases/{case.id}{path}").status_code == 404
    for path, fields in (
        ("moves", {"move": "accept"}),
        ("merge", {"other": other.id}),
        ("split", {"reports": [case.id]}),
        ("correct", {"label": "site_dust"}),
    ):
        address = f"/console/cases/{case.id}/{path}"
        assert stranger.post(address, data=token | fields).status_code == 404
    assert read(services, case.id) == case


def test_twins_out_of_the_grids_are_not_shown(
    services: Services, report: Report, enter: Enter
) -> None:
    from sqlalchemy import update

    from api.store.tables import cases

    mine, theirs = report(), report(east_m=60)
    with services.database.write() as connection:
        for case, cell in ((mine, "310101001"), (theirs, "310102001")):
            change = update(cases).where(cases.c.id == case.id).values(grid_code=cell)
            connection.execute(change)
    client = enter(grids=("310101",))
    page = client.get(f"/console/cases/{mine.id}").text
    assert theirs.number not in page
    assert theirs.id not in page
    assert client.get(f"/console/cases/{mine.id}/near").json()["cases"] == []
    answer = act(client, mine, "merge", number=theirs.number)
    assert answer.status_code == 404
    assert "找不到这个案件号" in answer.text
    done = client.get(f"/console/cases/{mine.id}?done={theirs.id}").text
    assert theirs.number not in done


@pytest.mark.parametrize("direction", ["into_other", "into_this"])
def test_merging_either_way(
    services: Services, report: Report, enter: Enter, direction: str
) -> None:
    case, other = report(), report(east_m=60)
    client = enter()
    assert act(client, case, "merge").status_code == 422
    assert act(client, case, "merge", other=other.id, direction=direction).status_code == 303
    ended, going = (case, other) if direction == "into_other" else (other, case)
    assert read(services, ended.id).merged_into == going.id
    assert read(services, going.id).reports_count == 2
    page = client.get(f"/console/cases/{ended.id}").text
    assert f'<a href="/console/cases/{going.id}">{going.number}</a>' in page
    assert keys_in(page) == set()


def test_the_same_photo_is_a_likely_twin_however_far(report: Report, enter: Enter) -> None:
    case = report(photo=JPEG)
    far = report(east_m=5000, photo=JPEG, label="site_dust")
    page = enter().get(f"/console/cases/{case.id}").text
    assert far.id != case.id
    assert "同一张照片" in page


def test_splitting_and_correcting(services: Services, report: Report, enter: Enter) -> None:
    case = report(note="桶满了")
    assert report(note=SCRIPT).id == case.id
    client, case = enter(), read(services, case.id)
    page = client.get(f"/console/cases/{case.id}").text
    reports = re.findall(r'name="reports" value="([^"]+)"', page)
    assert len(reports) == 2
    refused = act(client, case, "split", reports=reports)
    assert refused.status_code == 422
    assert "至少留下一条" in refused.text
    assert act(client, case, "split", reports=reports[1]).status_code == 303
    case = read(services, case.id)
    assert case.reports_count == 1
    place = {"lat": "31.24", "lng": "121.48"}
    assert act(client, case, "correct", lat="31.24").status_code == 422
    given = place | {"label": "site_dust", "address": SCRIPT}
    answer = act(client, case, "correct", **given)
    assert answer.status_code == 303
    case = read(services, case.id)
    assert (case.label, case.address, case.lat, case.lon) == ("site_dust", SCRIPT, 31.24, 121.48)
    page = client.get(f"/console/cases/{case.id}").text
    assert "类别: 垃圾满溢 → 施工扬尘" in page


def test_what_people_wrote_is_inert(services: Services, report: Report, enter: Enter) -> None:
    case = go(services, report(note=SCRIPT, address=SCRIPT), "verify", "file")
    client = enter()
    assert act(client, case, move="dispatch", unit=SCRIPT, reason=SCRIPT).status_code == 303
    for address in (f"/console/cases/{case.id}", "/console/queue?lane=handling"):
        page = client.get(address).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert page.count("&lt;script&gt;alert") >= 1


def test_forged_forms_and_strangers_get_nowhere(
    services: Services, report: Report, enter: Enter
) -> None:
    case, client = report(), enter()
    address = f"/console/cases/{case.id}/moves"
    forged = client.post(address, data={"move": "accept", "csrf": "0" * 64})
    assert forged.status_code == 403
    assert client.post(address, data={"move": "accept"}).status_code == 403
    client.cookies.clear()
    away = client.get(f"/console/cases/{case.id}?lane=review", follow_redirects=False)
    assert away.headers["location"].startswith("/console/login?next=")
    assert read(services, case.id) == case


def test_dialogs_open_without_scripts_and_odd_addresses_lead_back(
    report: Report, enter: Enter
) -> None:
    case, client = report(), enter()
    page = client.get(f"/console/cases/{case.id}?open=dismiss&lane=review").text
    assert re.search(r'id="dismiss-dialog"[^>]* open>', page)
    assert 'href="?open=merge&amp;lane=review"' in page
    assert client.get(f"/console/cases/{case.id}?open=nonsense").status_code == 200
    back = client.get(f"/console/cases/{case.id}/moves", follow_redirects=False)
    assert back.headers["location"] == f"/console/cases/{case.id}"


def test_of_a_long_history_the_end_is_shown(
    services: Services, report: Report, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = go(services, report(), "verify", "file")
    client = enter()
    whole = client.get(f"/console/cases/{case.id}").text
    assert whole.count("<time ") == 3
    assert "只显示最近的" not in whole
    monkeypatch.setattr("api.web.case_view.MOST_LINES", 2)
    cut = client.get(f"/console/cases/{case.id}").text
    assert cut.count("<time ") == 2
    assert "收到上报，生成案件" not in cut
    assert "只显示最近的 2 条" in cut.replace("\n", "")


def test_every_state_has_a_page_in_both_languages(
    services: Services, report: Report, enter: Enter
) -> None:
    case, client = report(photo=JPEG), enter()
    steps: tuple[MoveName, ...] = (
        *("verify", "file", "dispatch", "handle", "report_back", "check"),
        *("send_back", "dispatch", "handle", "report_back", "check", "close", "evaluate"),
        *("reopen", "dismiss"),
    )
    for step in steps:
        case = go(services, case, step)
        for language in ("zh", "en"):
            page = client.get(f"/console/cases/{case.id}", headers={"accept-language": language})
            assert page.status_code == 200
            assert case.number in page.text
