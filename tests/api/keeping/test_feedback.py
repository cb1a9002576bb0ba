import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from sqlalchemy import func, select

from api.casework.feedback import SYSTEM_PRINCIPAL, read_page, stream_lines, write_export
from api.casework.verdicts import AddedBox, FindingWord, NewVerdict, judge_photo
from api.errors import InvalidError, NotFoundError
from api.photos.originals import LEAST_REASON
from api.principal import Principal
from api.services import Services
from api.store.audit import list_audit
from api.store.reports import list_cases_of
from api.store.tables import verdicts
from api.store.verdicts import list_verdicts
from datasets import cli as datasets_cli
from datasets.feedback import SCHEMA_PATH, parse_feedback
from tests.api.keeping.conftest import MakeReport, finding, jpeg

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

JUDGE = Principal("1", "judge", "operator")
SCHEMA = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
REASON = "training of model 1.3"
BOX = (10.0, 20.0, 300.0, 400.0)


def case_of(services: Services, report_id: str) -> str:
    with services.database.read() as connection:
        return list_cases_of(connection, report_id)[0]


def check_lines(lines: list[str]) -> list[dict[str, Any]]:
    for number, line in enumerate(lines):
        jsonschema.validate(json.loads(line), SCHEMA)
        parse_feedback(line, f"line {number}")
    return [json.loads(line) for line in lines]


def exported(services: Services, **options: Any) -> list[dict[str, Any]]:
    return check_lines(list(read_page(services, SYSTEM_PRINCIPAL, **options).lines))


def test_exports_what_a_person_said(
    services: Services, clock: "SetClock", make_report: MakeReport
) -> None:
    report = make_report(
        finding(0), finding(1), finding(2), note="by Wang", file_name="wang.jpg"
    ).report
    assert report.photo_sha256 is not None
    case_id = case_of(services, report.id)
    new = NewVerdict(
        report.photo_sha256,
        findings=(
            FindingWord(finding(0).id, "true"),
            FindingWord(finding(1).id, "wrong_label", "illegal_poster", BOX),
            FindingWord(finding(2).id, "moved", None, (-5.0, 20.0, 300.0, 5000.0)),
        ),
        added=(AddedBox("site_dust", BOX),),
        reviewed=("site_dust", "overflowing_bin", "site_dust"),
        role="inspector",
    )
    verdict = judge_photo(services, JUDGE, case_id, new)
    (line,) = exported(services)
    assert line == {
        "schema": 1,
        "photo": {
            "sha256": report.photo_sha256,
            "file_name": f"{report.photo_sha256}.jpg",
            "image_wh": [1000, 1000],
            "captured_at": None,
            "group": f"case-{case_id}",
        },
        "model": {"name": "fake", "version": "0.0.0"},
        "box_unit": "pixel",
        "findings": [
            {
                "label": "overflowing_bin",
                "score": 0.9,
                "box_xyxy": [100.0, 200.0, 400.0, 500.0],
                "verdict": "true",
            },
            {
                "label": "overflowing_bin",
                "score": 0.9,
                "box_xyxy": [100.0, 200.0, 400.0, 500.0],
                "verdict": "wrong_label",
                "right_label": "illegal_poster",
                "right_box_xyxy": list(BOX),
            },
            {
                "label": "overflowing_bin",
                "score": 0.9,
                "box_xyxy": [100.0, 200.0, 400.0, 500.0],
                "verdict": "moved",
                "right_box_xyxy": [0.0, 20.0, 300.0, 1000.0],
            },
        ],
        "added": [{"label": "site_dust", "box_xyxy": list(BOX)}],
        "reviewed": ["overflowing_bin", "site_dust"],
        "reviewer_role": "inspector",
        "reviewed_at": clock().isoformat(),
    }
    with services.database.read() as connection:
        assert list_verdicts(connection, case_id) == (verdict,)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "verdict_empty"),
        ({"findings": (FindingWord("ffff-9", "true"),)}, "finding_unknown"),
        ({"findings": (FindingWord(finding().id, "true"),) * 2}, "finding_repeated"),
        ({"findings": (FindingWord(finding().id, "wrong_label"),)}, "right_label"),
        ({"findings": (FindingWord(finding().id, "true", "site_dust"),)}, "right_label"),
        (
            {"findings": (FindingWord(finding().id, "wrong_label", "overflowing_bin"),)},
            "right_label",
        ),
        ({"findings": (FindingWord(finding().id, "wrong_label", "dragon"),)}, "label_unknown"),
        ({"findings": (FindingWord(finding().id, "moved"),)}, "right_box"),
        ({"findings": (FindingWord(finding().id, "false", None, BOX),)}, "right_box"),
        ({"added": (AddedBox("dragon", BOX),)}, "label_unknown"),
        ({"added": (AddedBox("site_dust", (1.0, 2.0, 1.5, 9.0)),)}, "box_invalid"),
        ({"added": (AddedBox("site_dust", (2000.0, 0.0, 3000.0, 9.0)),)}, "box_invalid"),
        ({"added": (AddedBox("site_dust", (0.0, 0.0, math.nan, 9.0)),)}, "box_invalid"),
        ({"reviewed": ("dragon",)}, "label_unknown"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_refuses_what_makes_no_sense(
    services: Services, make_report: MakeReport, change: dict[str, Any], code: str
) -> None:
    report = make_report(finding()).report
    assert report.photo_sha256 is not None
    with pytest.raises(InvalidError) as caught:
        judge_photo(
            services,
            JUDGE,
            case_of(services, report.id),
            NewVerdict(report.photo_sha256, **change),
        )
    assert caught.value.code == code
    assert exported(services) == []


def test_refuses_photos_of_other_cases_and_cases_of_others(
    services: Services, make_report: MakeReport
) -> None:
    bin_report = make_report(finding()).report
    dust = make_report(finding(3, "site_dust"), photo=jpeg((2, 2, 2))).report
    assert bin_report.photo_sha256 is not None and dust.photo_sha256 is not None
    case_id = case_of(services, bin_report.id)
    with pytest.raises(NotFoundError):
        judge_photo(services, JUDGE, case_id, NewVerdict(dust.photo_sha256, reviewed=("bin",)))
    stranger = Principal("2", "elsewhere", "operator", grids=("9",))
    right = NewVerdict(bin_report.photo_sha256, reviewed=("overflowing_bin",))
    with pytest.raises(NotFoundError):
        judge_photo(services, stranger, case_id, right)
    judge_photo(services, JUDGE, case_id, right)
    assert read_page(services, stranger).lines == ()


def test_a_photo_that_no_model_could_read(services: Services, make_report: MakeReport) -> None:
    report = make_report(score=False).report
    from api.intake.scoring import score_step

    with pytest.MonkeyPatch.context() as patch:
        from api.errors import NotFoundError as Lost

        def lose(_: str) -> bytes:
            raise Lost("photo", "x")

        patch.setattr(services.photos, "get", lose)
        score_step(services)
    assert report.photo_sha256 is not None
    case_id = case_of(services, report.id)
    with pytest.raises(InvalidError, match="never decoded"):
        judge_photo(
            services,
            JUDGE,
            case_id,
            NewVerdict(report.photo_sha256, added=(AddedBox("site_dust", BOX),)),
        )
    judge_photo(services, JUDGE, case_id, NewVerdict(report.photo_sha256, reviewed=("site_dust",)))
    (line,) = exported(services)
    assert (line["model"], line["box_unit"], line["photo"]["image_wh"]) == (None, "share", None)


def test_the_newest_word_counts_and_earlier_ones_stay(
    services: Services, clock: "SetClock", make_report: MakeReport
) -> None:
    report = make_report(finding()).report
    assert report.photo_sha256 is not None
    case_id = case_of(services, report.id)
    for word in ("false", "true"):
        clock.advance(minutes=1)
        new = NewVerdict(report.photo_sha256, (FindingWord(finding().id, word),))
        judge_photo(services, JUDGE, case_id, new)
    (line,) = exported(services)
    assert line["findings"][0]["verdict"] == "true"
    with services.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(verdicts)).scalar_one() == 2


def judge_many(services: Services, clock: "SetClock", make_report: MakeReport, n: int) -> None:
    for number in range(n):
        report = make_report(finding(), photo=jpeg((number * 20, 50, 90))).report
        clock.advance(minutes=1)
        assert report.photo_sha256 is not None
        judge_photo(
            services,
            JUDGE,
            case_of(services, report.id),
            NewVerdict(report.photo_sha256, (FindingWord(finding().id, "true"),)),
        )


def test_pages_and_streams_hold_every_line_once(
    services: Services, clock: "SetClock", make_report: MakeReport
) -> None:
    began = clock()
    judge_many(services, clock, make_report, 5)
    everything = "".join(stream_lines(services, SYSTEM_PRINCIPAL, None, None)).splitlines()
    assert len(check_lines(everything)) == 5
    paged: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        page = read_page(services, SYSTEM_PRINCIPAL, cursor=cursor, limit=2)
        paged += page.lines
        cursor = page.cursor
        if cursor is None:
            break
    assert paged == everything
    assert len(exported(services, since=began.replace(minute=4))) == 2
    for wrong in ("x", "bnVsbA", "WzEsMl0"):
        with pytest.raises(InvalidError):
            read_page(services, SYSTEM_PRINCIPAL, cursor=wrong)


def test_import_feedback_reads_the_export(
    services: Services,
    make_report: MakeReport,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo = jpeg((30, 60, 90), side=1000)
    report = make_report(finding(0), finding(1), photo=photo).report
    assert report.photo_sha256 is not None
    judge_photo(
        services,
        JUDGE,
        case_of(services, report.id),
        NewVerdict(
            report.photo_sha256,
            (FindingWord(finding(0).id, "true"), FindingWord(finding(1).id, "false")),
            (AddedBox("illegal_poster", BOX),),
            ("illegal_poster",),
        ),
    )
    out = tmp_path / "export"
    assert write_export(services, out, REASON) == (1, 0)
    arguments = [str(out / "feedback.jsonl"), "--photos", str(out / "photos")]
    made = tmp_path / "set"
    status = datasets_cli.main(["import-feedback", *arguments, "--out", str(made)])
    told = capsys.readouterr().out
    assert "1 photos, 2 boxes" in told and "0 skipped" in told, told
    assert status == 0
    (image,) = (made / "images").iterdir()
    assert image.read_bytes() == photo


def test_an_export_is_on_record_before_a_photo_goes_out_and_for_its_owner_only(
    services: Services,
    clock: "SetClock",
    make_report: MakeReport,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge_many(services, clock, make_report, 3)
    out = tmp_path / "export"
    recorded: list[tuple[str, object]] = []
    get = services.photos.get

    def note(sha256: str) -> bytes:
        with services.database.read() as connection:
            newest = list_audit(connection, limit=1)[0]
        recorded.append((newest.action, newest.details))
        return get(sha256)

    monkeypatch.setattr(services.photos, "get", note)
    before = os.umask(0)
    try:
        assert write_export(services, out, f"  {REASON} ") == (3, 0)
    finally:
        os.umask(before)
    assert recorded == [("feedback.exported", {"count": 3, "reason": REASON})] * 3
    for path in (out, *out.rglob("*")):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("reason", ["", " " * 20, "too short", "two\nlines of text", "x" * 501])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_export_needs_a_reason(services: Services, tmp_path: Path, reason: str) -> None:
    with pytest.raises(InvalidError):
        write_export(services, tmp_path / "export", reason)
    assert not (tmp_path / "export").exists()


def test_a_reason_is_as_long_as_over_http() -> None:
    from api.routes import photos

    assert photos.LEAST_REASON == LEAST_REASON


def test_erased_photos_teach_nothing(services: Services, make_report: MakeReport) -> None:
    from api.keeping.erasure import erase_reports

    report = make_report(finding()).report
    assert report.photo_sha256 is not None
    case_id = case_of(services, report.id)
    judge_photo(
        services, JUDGE, case_id, NewVerdict(report.photo_sha256, reviewed=("overflowing_bin",))
    )
    assert len(exported(services)) == 1
    erase_reports(services, [report.id], actor="system:test")
    assert exported(services) == []
