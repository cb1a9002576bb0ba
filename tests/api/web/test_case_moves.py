"""What is decided on the page of one case: moves, merges, splits, and what a refusal keeps."""

import html
import re
from dataclasses import replace

import pytest

from api.services import Services
from api.store.cases import list_events
from api.store.tables import cases
from tests.api.web import case_desk
from tests.api.web.case_desk import SCRIPT, Enter, Report, act, form_of, go, keys_in, read

enter = pytest.fixture(case_desk.enter)
report = pytest.fixture(case_desk.report)


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


@pytest.mark.parametrize("direction", ["into_other", "into_this"])
def test_nothing_is_merged_with_what_somebody_else_changed_meanwhile(
    services: Services, report: Report, enter: Enter, direction: str
) -> None:
    case, other = report(), report(east_m=60)
    client = enter()
    form = form_of(client.get(f"/console/cases/{case.id}").text, case)
    go(services, case, "verify")
    sent = form | {"other": other.id, "direction": direction}
    answer = client.post(f"/console/cases/{case.id}/merge", data=sent)
    assert answer.status_code == 409
    assert "刚刚被别人更改" in answer.text
    assert read(services, other.id).merged_into is None


def test_two_different_cases_to_merge_are_one_too_many(
    services: Services, report: Report, enter: Enter
) -> None:
    case, one, other = report(), report(east_m=60), report(east_m=120)
    client = enter()
    answer = act(client, case, "merge", other=one.id, number=other.number)
    assert answer.status_code == 422
    assert "二者取一" in answer.text
    assert read(services, case.id).merged_into is None
    assert act(client, case, "merge", other=one.id, number=one.number).status_code == 303
    assert read(services, case.id).merged_into == one.id


def test_a_label_that_the_rules_no_longer_know_stays(
    services: Services, report: Report, enter: Enter
) -> None:
    case = report()
    events = {k: v for k, v in services.rules.events.items() if k != case.label}
    services.rules = replace(services.rules, events=events)
    client = enter()
    page = client.get(f"/console/cases/{case.id}").text
    options = re.findall(r'<select id="correct-label".*?</select>', page, re.S)[0]
    assert " selected" not in options
    assert re.findall(r'<option value="([^"]*)"', options)[0] == ""
    assert act(client, case, "correct", label="", address="花园路 2 号").status_code == 303
    corrected = read(services, case.id)
    assert (corrected.label, corrected.address) == (case.label, "花园路 2 号")


def test_a_new_label_alone_leaves_the_cell_as_it_is(
    services: Services, report: Report, enter: Enter
) -> None:
    case = report()
    with services.database.write() as connection:
        connection.execute(cases.update().values(grid_code="OLD"))
    client = enter(grids=("OLD",))
    page = client.get(f"/console/cases/{case.id}").text
    place = {
        name: re.findall(rf'name="{name}"[^>]* value="([^"]+)"', page)[0] for name in ("lat", "lng")
    }
    answer = act(client, case, "correct", label="site_dust", address="", **place)
    assert answer.status_code == 303
    case = read(services, case.id)
    assert (case.label, case.grid_code) == ("site_dust", "OLD")


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
