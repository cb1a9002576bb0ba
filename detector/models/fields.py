"""Strict reading of JSON objects: every error names the path of the key that is wrong."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from detector.errors import BundleError, StreetIssueError

T = TypeVar("T", bound=str)


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version such as 1.2.3, to compare."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def manifest_error(message: str) -> StreetIssueError:
    """Return the error of a manifest that is not as it should be."""
    return BundleError("manifest_invalid", message)


class Fields:
    """One JSON object, read key by key; `finish` refuses keys that nobody asked for."""

    def __init__(
        self,
        content: object,
        path: str,
        make_error: Callable[[str], StreetIssueError] = manifest_error,
    ) -> None:
        """Take an object.

        Args:
            content: What the JSON held at this place.
            path: Where that is, for messages.
            make_error: Makes the error of a message; what is read from here raises it.

        Raises:
            BundleError: It is not an object, or a key of it is not text; another error where
                `make_error` makes another.
        """
        self._make_error = make_error
        if not isinstance(content, dict):
            raise make_error(f"{path} must be an object.")
        for key in content:
            if not isinstance(key, str):  # YAML: `8: x`, `on: x`.
                raise make_error(f"{path}: the key {key!r} must be a text; put it into quotes.")
        self._content: dict[str, Any] = content
        self._path = path
        self._read: set[str] = set()

    def has(self, key: str) -> bool:
        """Tell whether a key is there and not null; counts as asked for."""
        self._read.add(key)
        return self._content.get(key) is not None

    def finish(self) -> None:
        """Refuse what was not asked for."""
        unknown = sorted(set(self._content) - self._read)
        if unknown:
            raise self.wrong(unknown[0], f"is unknown; known are {', '.join(sorted(self._read))}")

    def text(self, key: str) -> str:
        """Return a non-empty text."""
        value = self._value(key)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "must be a text")
        return value

    def version(self, key: str) -> str:
        """Return a text that is a version."""
        value = self.text(key)
        if not parse_version(value):
            raise self.wrong(key, "must be a version such as 1.2.3")
        return value

    def choice(self, key: str, allowed: tuple[T, ...]) -> T:
        """Return one of some texts."""
        value = self.text(key)
        for one in allowed:
            if one == value:
                return one
        raise self.wrong(key, f"is {value!r}; it must be one of {', '.join(allowed) or 'none'}")

    def number(self, key: str, low: float, high: float) -> float:
        """Return a number in [low, high]."""
        value = self._value(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "must be a number")
        if not low <= value <= high:  # False for NaN as well.
            raise self.wrong(key, f"is {value}; it must lie in [{low}, {high}]")
        return float(value)

    def integer(self, key: str, low: int = 0, high: int = 10**9) -> int:
        """Return a whole number in [low, high]."""
        value = self.number(key, low, high)
        if value != int(value):
            raise self.wrong(key, "must be a whole number")
        return int(value)

    def share(self, key: str) -> float:
        """Return a number in [0, 1]."""
        return self.number(key, 0, 1)

    def shares_by_name(self, names: tuple[str, ...]) -> dict[str, float]:
        """Return exactly these keys, each a number in [0, 1]."""
        shares = {name: self.share(name) for name in names}
        self.finish()
        return shares

    def names(self, key: str, allowed: tuple[T, ...]) -> tuple[T, ...]:
        """Return a list of different texts out of some."""
        value = self._value(key)
        if not isinstance(value, list) or not value or len(set(map(str, value))) != len(value):
            raise self.wrong(key, "must be a list of different names")
        for one in value:
            if one not in allowed:
                raise self.wrong(key, f"holds {one!r}; known are {', '.join(allowed)}")
        return tuple(value)

    def sizes(self, key: str, low: int, high: int) -> tuple[tuple[int, int], ...]:
        """Return a list of different [width, height], whole numbers in [low, high]."""
        value = self._value(key)
        sizes = tuple(map(tuple, value)) if isinstance(value, list) else ()
        for size in sizes:
            whole = all(isinstance(side, int) and low <= side <= high for side in size)
            if len(size) != 2 or not whole:
                raise self.wrong(key, f"must hold [width, height] in [{low}, {high}]")
        if not sizes or len(set(sizes)) != len(sizes):
            raise self.wrong(key, "must be a list of different [width, height]")
        return sizes

    def texts(self, key: str) -> dict[str, str]:
        """Return an object of texts."""
        value = self.object(key)
        if not all(isinstance(one, str) for one in value.values()):
            raise self.wrong(key, "must hold texts only")
        return dict(value)

    def object(self, key: str) -> Mapping[str, Any]:
        """Return an object as it is."""
        value = self._value(key)
        if not isinstance(value, dict):
            raise self.wrong(key, "must be an object")
        return value

    def objects(self, key: str) -> tuple[Mapping[str, Any], ...]:
        """Return a list of objects as they are."""
        value = self._value(key)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(key, "must be a list of objects")
        return tuple(value)

    def items(self, key: str) -> list[Any]:
        """Return a list as it is."""
        value = self._value(key)
        if not isinstance(value, list):
            raise self.wrong(key, "must be a list")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self._value(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return value

    def keys(self) -> tuple[str, ...]:
        """Return the keys that are there, for an object of names that its writer chose."""
        return tuple(self._content)

    def place(self, key: str, index: int | None = None) -> str:
        """Return where a key, or one item of its list, stands, for messages."""
        return f"{self._path}: {key}" + ("" if index is None else f"[{index}]")

    def group(self, key: str) -> "Fields":
        """Return an object to read further."""
        return Fields(self._value(key), self.place(key), self._make_error)

    def groups(self, key: str) -> tuple["Fields", ...]:
        """Return a list of objects to read further."""
        return tuple(
            Fields(one, self.place(key, i), self._make_error)
            for i, one in enumerate(self.objects(key))
        )

    def wrong(self, key: str, what: str) -> StreetIssueError:
        """Return the error that says what is wrong with a key, to raise."""
        return self._make_error(f"{self._path}: {key} {what}.")

    def _value(self, key: str) -> Any:
        self._read.add(key)
        if key not in self._content:
            raise self.wrong(key, "is missing")
        return self._content[key]
