from pathlib import Path

import pytest

from detector.errors import UsageError
from detector.reading import open_fields, read_yaml_or_json


def read(tmp_path: Path, data: bytes, name: str = "x.yaml") -> object:
    path = tmp_path / name
    path.write_bytes(data)
    return read_yaml_or_json(path)


def test_yaml_reads_plain_values_as_json_would(tmp_path: Path) -> None:
    text = b"""\xef\xbb\xbf
text: [06:30, 2026-03-02, yes, off, 0137, 0x1F, 1_000, .inf, "null"]
number: [12, -3, 0.5, 1e3, .5]
other: [true, false, null, ~, ]
again: &one {a: 1}
alias: *one
"""
    assert read(tmp_path, text) == {
        "text": ["06:30", "2026-03-02", "yes", "off", "0137", "0x1F", "1_000", ".inf", "null"],
        "number": [12, -3, 0.5, 1000.0, 0.5],
        "other": [True, False, None, None],
        "again": {"a": 1},
        "alias": {"a": 1},
    }


def test_the_ending_json_makes_it_json(tmp_path: Path) -> None:
    assert read(tmp_path, b'{"a": [1, 2.5, null]}', "x.JSON") == {"a": [1, 2.5, None]}
    with pytest.raises(UsageError, match="line 2"):
        read(tmp_path, b'{"a":\n b}', "x.json")


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"a: 1\nb: 2\na: 3", "x.yaml", "line 3: the key 'a' stands twice"),
        (b'{"a": 1, "a": 1}', "x.json", "the key 'a' stands twice"),
        (b"a: [1", "x.yaml", "line 1"),
        (b"a: !!python/object/apply:os.getcwd []", "x.yaml", "could not determine"),
        (b"? [1]\n: 2", "x.yaml", "a key must be a text"),
        (b"a: \xff", "x.yaml", "not UTF-8 text"),
        (b"a: \x01", "x.yaml", "is not YAML"),
        (b"9" * 5000, "x.json", "is not JSON"),
        (b"a: " + b"9" * 5000, "x.yaml", "is not YAML"),
        (b"[" * 100_000, "x.json", "nested too deeply"),
        (b"[" * 5_000, "x.yaml", "nested too deeply"),
        (b" " * (16 * 2**20 + 1), "x.yaml", "larger than 16 MiB"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, data: bytes, name: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, data, name)
    assert words in caught.value.message and name in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_yaml_or_json(tmp_path / "none.yaml")


def test_fields_raise_usage_errors_down_to_the_last_group() -> None:
    fields = open_fields({"a": {"b": [{"c": "x"}]}, "on": True, "list": [1]}, "f.yaml")
    deep = fields.group("a").groups("b")[0]
    with pytest.raises(UsageError, match=r"f\.yaml: a: b\[0\]: c must be a number"):
        deep.number("c", 0, 1)
    assert (
        fields.flag("on") and fields.items("list") == [1] and fields.keys() == ("a", "on", "list")
    )
    with pytest.raises(UsageError, match="on must be a list"):
        fields.items("on")
    with pytest.raises(UsageError, match="list must be true or false"):
        fields.flag("list")
