from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.camera.times import CHINA_STANDARD_TIME, check_hours, is_within, parse_timezone
from detector.errors import UsageError

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("+08:00", 8), ("-0330", -3.5), ("UTC", 0), ("Z", 0), ("+14:00", 14), ("Asia/Shanghai", 8)],
)
def test_time_zones(text: str, hours: float) -> None:
    assert NOON.astimezone(parse_timezone(text)).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize(
    "text", ["", "8", "+8", "+15:00", "+08:60", "Nowhere/Town", "../etc/passwd", "+08:00 ", "\0"]
)
def test_other_texts_are_no_time_zone(text: str) -> None:
    with pytest.raises(UsageError, match="is no time zone") as caught:
        parse_timezone(text)
    assert "+08:00" in caught.value.hint


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ([("6:00", "22:00")], "'6:00'"),
        ([("06:00", "24:00")], "'24:00'"),
        ([("06:00", "06:00")], "no length"),
        ([("06:00", "12:00"), ("11:00", "13:00")], "before the span before it ends"),
        ([("22:00", "06:00"), ("08:00", "12:00")], "over midnight"),
        ([("05:00", "12:00"), ("22:00", "06:00")], "over midnight"),
    ],
)
def test_hours_that_make_no_sense(hours: list[tuple[str, str]], words: str) -> None:
    assert words in (check_hours(hours) or "")


def test_hours_that_do() -> None:
    assert check_hours([]) is None
    assert check_hours([("06:00", "12:00"), ("12:00", "13:00"), ("22:00", "06:00")]) is None


@pytest.mark.parametrize(
    ("utc", "within"),
    [("22:00", True), ("21:59", False), ("13:59", True), ("14:00", False), ("18:00", False)],
)
def test_hours_are_local_and_end_outside(utc: str, within: bool) -> None:
    at = datetime.fromisoformat(f"2026-03-02T{utc}:00+00:00")
    assert is_within((("06:00", "22:00"),), at, CHINA_STANDARD_TIME) is within


@pytest.mark.parametrize(("utc", "within"), [("12:00", False), ("14:00", True), ("21:59", True)])
def test_a_span_goes_over_midnight(utc: str, within: bool) -> None:
    at = datetime.fromisoformat(f"2026-03-02T{utc}:00+00:00")
    assert is_within((("22:00", "06:00"),), at, CHINA_STANDARD_TIME) is within


@given(minute=st.integers(0, 24 * 60 - 1), first=st.times(), second=st.times())
def test_a_span_and_its_reverse_share_the_day(minute: int, first: object, second: object) -> None:
    start, end = str(first)[:5], str(second)[:5]
    at = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=minute)
    if start != end:
        one, other = (is_within((span,), at, UTC) for span in ((start, end), (end, start)))
        assert one is not other
