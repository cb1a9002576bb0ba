"""Cameras and times from names: what is plain is read, and nothing is guessed wrong."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.archive.camera_table import CameraRow, CameraTable, read_camera_table
from detector.archive.names import NamePattern, NameRules
from detector.errors import UsageError

RULES = NameRules()
QUARTER_PAST_EIGHT = datetime(2026, 3, 2, 0, 15, tzinfo=UTC)
"""08:15 in China."""
EIGHT = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "camera", "start"),
    [
        ("ch01_20260302081500.mp4", "ch01", QUARTER_PAST_EIGHT),
        ("depot/ch01_20260302081500.mp4", "depot/ch01", QUARTER_PAST_EIGHT),
        ("ch01/ch01_20260302081500.mp4", "ch01", QUARTER_PAST_EIGHT),
        (
            "192.168.1.64_01_20260302081500123_20260302091500123.mp4",
            "192.168.1.64_01",
            QUARTER_PAST_EIGHT + timedelta(milliseconds=123),
        ),
        ("NVR_ch3_main_20260302080000_20260302090000.asf", "NVR_ch3_main", EIGHT),
        ("2026-03-02/08/cam1-08.15.00.mkv", "cam1", QUARTER_PAST_EIGHT),
        ("2026-03-02/08.00.00-09.00.00[R][0@0][0].dav", "camera", EIGHT),
        ("2026-03-02/001/dav/08/08.00.00-09.00.00[R][0@0][0].dav", "001", EIGHT),
        ("gate/2026/03/02/08/15M00S_1772410500.mp4", "gate", QUARTER_PAST_EIGHT),
        ("gate/2026030208/15M00S_1772410500.mp4", "gate", QUARTER_PAST_EIGHT),
        ("gate/2026030208/15M00S.mp4", "gate", QUARTER_PAST_EIGHT),
        ("gate/2026-03-02_08-15-00.mp4", "gate", QUARTER_PAST_EIGHT),
        ("gate/2026-03-02 08.15.00.mp4", "gate", QUARTER_PAST_EIGHT),
        ("gate/20260302T001500Z.mp4", "gate", QUARTER_PAST_EIGHT),
        ("gate/20260302T021500+0200.mp4", "gate", QUARTER_PAST_EIGHT),
        ("gate/VID_20260302_081500.mp4", "gate", QUARTER_PAST_EIGHT),
        ("工地/通道3_2026年3月2日08时15分00秒.mp4", "工地/通道3", QUARTER_PAST_EIGHT),
        # A device's number of 20 digits, then the time.
        ("34020000001320000001_20260302081500.mp4", "34020000001320000001", QUARTER_PAST_EIGHT),
        # The folder of an export tells another day than the file.
        ("gate/20260501/20260302081500.mp4", "gate", QUARTER_PAST_EIGHT),
        # 01 is a channel, not the hour: nothing of it is dropped.
        ("20260302/01/20260302081500.mp4", "01", QUARTER_PAST_EIGHT),
        ("20260302/08/20260302081500.mp4", "08", QUARTER_PAST_EIGHT),
        # The end of a span is no time zone.
        ("gate/20260302081500-0900.mp4", "gate", QUARTER_PAST_EIGHT),
    ],
)
def test_recorders_names(path: str, camera: str, start: datetime) -> None:
    facts = RULES.read(path)
    assert (facts.camera, facts.start_at, facts.start_from) == (camera, start, "name")


@pytest.mark.parametrize(
    "path",
    [
        "gate/hiv00001.mp4",
        "gate/47120260302081500.mp4",
        "gate/2026030208150012.mp4",
        "gate/202603020815001234567.mp4",
        "gate/DS-2CD3T46WDV320200813AAWRE12345678.mp4",
        "gate/SN20260302081500X.mp4",
        "gate/A20260302081500.mp4",
        "gate/20261302081500.mp4",
        "gate/20260230081500.mp4",
        "gate/20260302246000.mp4",
        "gate/12345678901234.mp4",
        "gate/19700101080000.mp4",
        "gate/20000101000000.mp4",
        "gate/21000101000000.mp4",
        "gate/1772410500.mp4",
        "gate/1772410500123.mp4",
        "gate/2026-03-02.mp4",
        "gate/2026-03-02081500.mp4",
        "gate/08.15.00.mp4",
        "2026-03-02/000123.mp4",
        "2026-03-02/08/15.00.mp4",
        "2026-03-02/10-08-15-00.mp4",
        "2026-03-02/08-00-00-09-00-00-10.mp4",
        "2026-03-02/2026-03-05/08.15.00.mp4",
        "2026-03-02/20260305 08.15.mp4",
        "03-02-2026/08.15.00.mp4",
        # Two times that are no start and end within a day: one of them is something else.
        "20150430123456_ch1_20260302081500.mp4",
        "20260302081500_20260302081400.mp4",
        "20260302081500_20260302081600_20260302081700.mp4",
        # Seconds since 1970 that do not agree with the folders.
        "2026/03/02/08/16M00S_1772410500.mp4",
        "2026/03/02/08/15M61S.mp4",
    ],
)
def test_what_may_be_something_else_is_no_time(path: str) -> None:
    facts = RULES.read(path)
    assert (facts.start_at, facts.start_from) == (None, None)


@given(st.text(alphabet="0123456789-_.TZ:/ MSchv年月日", max_size=60))
def test_any_name_is_read(path: str) -> None:
    facts = RULES.read(path)
    assert facts.camera
    assert facts.start_at is None or 2000 <= facts.start_at.year <= 2100


@given(st.datetimes(datetime(2001, 1, 2), datetime(2099, 12, 30)))
def test_any_time_is_read_back(local: datetime) -> None:
    local = local.replace(microsecond=0)
    expected = local.replace(tzinfo=timezone(timedelta(hours=8)))
    for form in ("ch1_%Y%m%d%H%M%S", "ch1_%Y-%m-%d_%H-%M-%S", "%Y%m%d_%H%M%S_ch1"):
        facts = RULES.read(f"{local.strftime(form)}.mp4")
        assert (facts.camera, facts.start_at) == ("ch1", expected)


def test_the_camera_is_the_folder_or_in_the_root_the_stem() -> None:
    assert RULES.read("site/north/hiv00001.mp4").camera == "site/north"
    assert RULES.read("north.mp4").camera == "north"
    assert RULES.read("20260302081500.mp4", "", "north").camera == "north"
    assert RULES.read("site/north.mp4", "disk2").camera == "disk2/site"
    assert RULES.read("north.mp4", "disk2").camera == "disk2/north"


def test_a_pattern() -> None:
    rules = NameRules(NamePattern.parse("{camera}/{time:%Y%m%d_%H%M%S}"))
    facts = rules.read("HP-0137/20260302_081500.mp4")
    assert (facts.camera, facts.start_at) == ("HP-0137", QUARTER_PAST_EIGHT)
    assert (facts.start_from, facts.told) == ("pattern", True)


def test_a_pattern_in_pieces_with_anything_between() -> None:
    rules = NameRules(NamePattern.parse("*/{time:%Y-%m-%d/%H}/{camera}/{time:%M.%S}*"))
    facts = rules.read("frigate/recordings/2026-03-02/08/front_door/15.00-x.mp4")
    assert (facts.camera, facts.start_at) == ("front_door", QUARTER_PAST_EIGHT)


def test_a_pattern_of_seconds_and_of_a_camera_alone() -> None:
    rules = NameRules(NamePattern.parse("{camera}_{time:%s}"))
    assert rules.read("gate_1772410500.mp4").start_at == QUARTER_PAST_EIGHT
    facts = NameRules(NamePattern.parse("{camera}-*")).read("gate-20260302081500.mp4")
    assert (facts.camera, facts.start_from) == ("gate", "name")


def test_a_path_that_the_pattern_does_not_fit_is_read_without_it() -> None:
    rules = NameRules(NamePattern.parse("{camera}/{time:%Y%m%d_%H%M%S}"))
    for path in ("a/b/20260302_081500.mp4", "a/20261302_081500.mp4"):
        assert rules.read(path).start_from in (None, "name")
        assert not rules.read(path).told


@pytest.mark.parametrize(
    "text",
    [
        *("plain", "{camera}/{camera}", "{kamera}", "{time:%Y}", "{time:%Y%m%d}"),
        *("{time:%Q}", "{time:%Y%Y%m%d%H}", "{time:%", "{", ""),
    ],
)
def test_a_pattern_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        NamePattern.parse(text)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "cameras.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table(tmp_path: Path) -> None:
    table = read_camera_table(
        write(
            tmp_path,
            "\ufeffpath,camera,start,timezone,clock_offset_s\n"
            "north/hiv00001.mp4,HP-1,2026-03-02T08:15:00,,\n"
            "\n"
            "north/*,HP-1\n"
            "south/,HP-2,,+09:00,-60.5\n"
            "*/west*.mp4,HP-3,,,\n",
        )
    )
    rules = NameRules(table=table)
    first = rules.read("north/hiv00001.mp4")
    assert (first.camera, first.start_at, first.start_from) == ("HP-1", QUARTER_PAST_EIGHT, "csv")
    assert rules.read("north/a/hiv00002.mp4").camera == "HP-1"
    south = rules.read("south/20260302091500.mp4")
    assert south.camera == "HP-2"
    assert south.start_at == QUARTER_PAST_EIGHT - timedelta(seconds=60.5)
    assert south.start_from == "name"
    assert rules.read("x/west1.mp4").camera == "HP-3"
    assert rules.read("x/east1.mp4").camera == "x"


def test_the_first_row_that_fits_counts() -> None:
    rows = [("a/*", "1"), ("*/x.mp4", "2"), ("a/x.mp4", "3"), ("b/x.mp4", "4"), ("b/*", "5")]
    table = CameraTable.of((path, CameraRow(camera)) for path, camera in rows)
    found = {path: table.find(path) for path in ("a/x.mp4", "b/x.mp4", "b/y.mp4", "c.mp4")}
    assert [row and row.camera for row in found.values()] == ["1", "2", "5", None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("camera,start\n", "first line must name"),
        ("path,color\n", "first line must name"),
        ("path,camera\na,b,c\n", "line 2: there are 3 cells"),
        ("path,start\n*.mp4,2026-03-02T08:00:00\n", "line 2: a start is of one file"),
        ("path,start\na.mp4,yesterday\n", "line 2: 'yesterday' is no time"),
        ("path,clock_offset_s\na.mp4,nan\n", "line 2: clock_offset_s"),
        ("path,timezone\na.mp4,Mars\n", "line 2: 'Mars' is no time zone"),
        ("path,camera\n,x\n", "line 2: path is empty"),
        ('path\n"a\n', "no CSV file"),
    ],
)
def test_a_table_that_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_camera_table(write(tmp_path, text))


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_camera_table(tmp_path / "none.csv")
