"""YAML as people edit it: nothing stands twice, and nothing small unfolds into something huge."""

from collections.abc import Hashable
from typing import Any, Final

import yaml

MOST_VALUES: Final = 100_000
"""In one file, aliases written out; the rules that ship have a thousand."""


def read_yaml(text: str) -> Any:
    """Return what a text of YAML holds.

    Raises:
        yaml.YAMLError: It is none, or a key stands there twice.
        ValueError: It is far larger once its aliases (*name) are written out.
        RecursionError: It is nested too deeply.
    """
    content = yaml.load(text, _Loader)
    _check_spread(content)
    return content


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML would silently take the later one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value} stands there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _check_spread(content: Any) -> None:
    """Check that a file is not far larger once its aliases (*name) are written out.

    Raises:
        ValueError: It is, or something in it holds itself.
    """
    sizes: dict[int, int] = {}

    def measure(one: Any) -> int:
        if not isinstance(one, dict | list | tuple | set):
            return 1
        known = sizes.get(id(one))
        if known is None:
            sizes[id(one)] = MOST_VALUES  # Until it is measured: whoever holds itself has no end.
            parts = [*one, *one.values()] if isinstance(one, dict) else one
            known = sizes[id(one)] = 1 + sum(map(measure, parts))
        if known >= MOST_VALUES:
            raise ValueError(f"it holds over {MOST_VALUES:,} values")
        return known

    measure(content)
