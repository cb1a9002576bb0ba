"""The page of one case: what it shows, and what each role may see and do there."""

import re

import pytest

from api.cases.states import MoveName
from api.services import Services
from tests.api.web import case_desk
from tests.api.web.case_desk import JPEG, SCRIPT, Enter, Report, act, form_of, go, keys_in, read

enter = pytest.fixture(case_desk.enter)
report = pytest.fixture(case_desk.report)


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


def test_the_same_photo_is_a_likely_twin_however_far(report: Report, enter: Enter) -> None:
    case = report(photo=JPEG)
    far = report(east_m=5000, photo=JPEG, label="site_dust")
    page = enter().get(f"/console/cases/{case.id}").text
    assert far.id != case.id
    assert "同一张照片" in page


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
