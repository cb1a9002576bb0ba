"""Strict reading of the files that people write: YAML or JSON, a wrong key named with its place."""

import json
import re
from pathlib import Path
from typing import Any, Final

from detector.errors import ExtraMissingError, UsageError
from detector.models.fields import Fields

FLOAT: Final = r"^[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.?[0-9]+[eE][-+]?[0-9]+|\.[0-9]+)$"
MOST_FILE_BYTES: Final = 16 * 2**20
"""Far more than ten thousand cameras need; guards against a path to a video."""


def open_fields(content: object, path: str) -> Fields:
    """Return a strict reader of one object of a file that a person wrote.

    Args:
        content: What the file held at this place.
        path: Where that is, for messages.

    Raises:
        UsageError: It is not an object. All that the reader refuses later is a UsageError too.
    """
    return Fields(content, path, UsageError)


def read_yaml_or_json(path: Path) -> object:
    """Read a file of one YAML or JSON document; JSON by its ending `.json`, else YAML.

    Returns:
        Objects, lists, texts, numbers, true, false and null, as JSON has them.

    Raises:
        UsageError: It cannot be read, is no UTF-8 text, is not YAML or JSON, or says one key twice.
        ExtraMissingError: It is YAML, and PyYAML is not installed.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) > MOST_FILE_BYTES:
        raise UsageError(f"{path} is larger than {MOST_FILE_BYTES // 2**20} MiB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start}).") from error
    return _parse_json(text, path) if path.suffix.lower() == ".json" else _parse_yaml(text, path)


def _parse_json(text: str, path: Path) -> object:
    def no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) < len(pairs):
            keys = [key for key, _ in pairs]
            twin = next(key for key in keys if keys.count(key) > 1)
            raise UsageError(f"{path}: the key {twin!r} stands twice in one object.")
        return content

    try:
        return json.loads(text, object_pairs_hook=no_twins)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}, line {error.lineno}: {error.msg}.") from error
    except ValueError as error:  # A number of thousands of digits.
        raise UsageError(f"{path} is not JSON: {error}.") from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply.") from error


def _parse_yaml(text: str, path: Path) -> object:
    try:
        import yaml
    except ImportError as error:
        raise ExtraMissingError("camera", f"Reading {path}", "Or write it as JSON.") from error

    class Loader(yaml.SafeLoader):
        """YAML as JSON has it: no dates, no 6:30 as 390, no `on` as true, no keys twice."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            seen: set[tuple[str, str]] = set()
            for key_node, _ in node.value:
                if not isinstance(key_node, yaml.ScalarNode):
                    raise yaml.constructor.ConstructorError(
                        None, None, "a key must be a text", key_node.start_mark
                    )
                key = (key_node.tag, key_node.value)
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key[1]!r} stands twice", key_node.start_mark
                    )
                seen.add(key)
            content: dict[Any, Any] = super().construct_mapping(node, deep)
            return content

    # YAML 1.1 reads 06:30 as 390 (base 60), `no` as false and 2026-03-02 as a date; people who
    # write hours and names mean the text.
    Loader.yaml_implicit_resolvers = {}
    for tag, pattern, first in (
        ("null", r"^(?:~|null|)$", "~n"),
        ("bool", r"^(?:true|false)$", "tf"),
        ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
        (
            "float",
            FLOAT,
            "-+.0123456789",
        ),
    ):
        starts = [*first, ""] if tag == "null" else list(first)
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), starts)
    try:
        return yaml.load(text, Loader)  # A SafeLoader: it makes plain values alone.
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise UsageError(f"{path}{line}: {error.problem or error.context}.") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a number of thousands of digits.
        raise UsageError(f"{path} is not YAML: {error}.") from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply.") from error
