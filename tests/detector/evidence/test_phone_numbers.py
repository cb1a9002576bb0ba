"""Phone numbers in lines of text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.evidence.phone_numbers import find_phones

MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
SEPARATORS = st.sampled_from(["", " ", "-", ".", "  ", " - ", "－", "—", "·", "（", "） "])
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@st.composite
def numbers(draw: st.DrawFn) -> tuple[tuple[str, ...], str]:
    """Groups of digits, and the number that they are."""
    kind = draw(st.sampled_from(["mobile", "service", "city", "town"]))
    if kind == "mobile":
        digits = draw(MOBILES)
        sizes = draw(st.sampled_from([(11,), (3, 4, 4), (3, 8), (7, 4), (3, 3, 5), (4, 3, 4)]))
        return _cut(digits, sizes), digits
    if kind == "service":
        head = draw(st.sampled_from(["400", "800"]))
        rest = draw(st.from_regex(r"[0-9]{7}", fullmatch=True))
        sizes = draw(st.sampled_from([(10,), (3, 3, 4), (3, 7), (3, 4, 3)]))
        return _cut(head + rest, sizes), f"{head}-{rest[:3]}-{rest[3:]}"
    area = draw(
        st.sampled_from(["010", "021", "028"])
        if kind == "city"
        else st.from_regex(r"0[3-9][0-9]{2}", fullmatch=True)
    )
    local = draw(st.from_regex(r"[1-9][0-9]{7}", fullmatch=True))
    return (area, local), f"{area}-{local}"


def _cut(digits: str, sizes: tuple[int, ...]) -> tuple[str, ...]:
    groups, at = [], 0
    for size in sizes:
        groups.append(digits[at : at + size])
        at += size
    return tuple(groups)


@given(
    numbers(),
    st.lists(SEPARATORS, min_size=2, max_size=2),
    st.booleans(),
    st.sampled_from(["", "电话：", "办证刻章 ", "Tel:", "（"]),
    st.sampled_from(["", " 张师傅", "，随叫随到", "）"]),
)
def test_a_number_is_found_once_however_it_is_written(
    number: tuple[tuple[str, ...], str],
    separators: list[str],
    full_width: bool,
    before: str,
    after: str,
) -> None:
    groups, wanted = number
    text = groups[0] + "".join(
        separator + group for separator, group in zip(separators, groups[1:], strict=False)
    )
    line = before + (text.translate(FULL_WIDTH) if full_width else text) + after
    assert find_phones([line]) == (wanted,)
    assert find_phones([line, line]) == (wanted,)


@given(MOBILES, st.lists(st.sampled_from([" ", "-", ".", ""]), min_size=10, max_size=10))
def test_a_mobile_alone_is_found_wherever_it_is_cut(digits: str, separators: list[str]) -> None:
    text = digits[0] + "".join(a + b for a, b in zip(separators, digits[1:], strict=True))
    parts = re.findall(r"\d+", text)
    date = len(parts) >= 3 and len(parts[0]) == 4 and max(map(len, parts[1:3])) <= 2
    assert find_phones([text]) == (() if date and digits[:2] == "19" else (digits,))


@given(st.from_regex(r"[0-9]{1,25}", fullmatch=True))
def test_digits_that_are_no_number_are_not_found(digits: str) -> None:
    valid = re.fullmatch(
        r"((00)?86|0)?1[3-9]\d{9}|[48]00\d{7}|(010|02[0-57-9])\d{8}|0[3-9]\d{9,10}", digits
    )
    assert len(find_phones([digits])) == (1 if valid else 0)


@pytest.mark.parametrize(
    "line",
    [
        "身份证 110105199003071234",
        "11010519900307123X",
        "110105 19900307 1234",
        "2024-10-12 13:45",
        "1990-01-01 123",
        "2026.11.23",
        "12800001234",
        "1380000123",
        "138000012345",
        "QQ:13800001234",
        "ＱＱ 4001234567",
        "微信号：13800001234",
        "加VX 13800001234",
        "售价13800001234元",
        "￥4001234567",
        "面积 120.5 平米 租金 3500 元",
        "6222 0212 3456 7890 123",
    ],
)
def test_other_figures_are_not_phones(line: str) -> None:
    assert find_phones([line]) == ()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("13800001234/13900001234", ("13800001234", "13900001234")),
        ("138 0000 1234 139-0000-1234", ("13800001234", "13900001234")),
        ("13800001234 010-65123456", ("13800001234", "010-65123456")),
        ("+86 138 0000 1234", ("13800001234",)),
        ("0086-13800001234", ("13800001234",)),
        ("(0731)8512345", ("0731-8512345",)),
        ("010-65123456-801", ("010-65123456",)),
        ("QQ 1234567 电话 13800001234", ("13800001234",)),
        ("电话/微信：13800001234", ("13800001234",)),
        ("微信同号13800001234", ("13800001234",)),
        ("热线400-123-4567转8", ("400-123-4567",)),
    ],
)
def test_numbers_among_other_things(line: str, wanted: tuple[str, ...]) -> None:
    assert find_phones([line]) == wanted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["电话：138", "0000 1234"], ("13800001234",)),
        (["1380000", "1234"], ("13800001234",)),
        (["0731", "85123456"], ("0731-85123456",)),
        (["租金 138", "00001234"], ()),
        (["1380000", "1234 元"], ()),
        (["1380000", "开锁", "1234"], ()),
        (["138000", "01234"], ()),
        (["1380000", "13900001234"], ("13900001234",)),
        (["QQ 1380000", "1234"], ()),
    ],
)
def test_a_number_is_joined_over_two_lines_only_where_nothing_else_stands(
    lines: list[str], wanted: tuple[str, ...]
) -> None:
    assert find_phones(lines) == wanted
