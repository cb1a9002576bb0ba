"""Public toilets (公厕): read from files that cities and OpenStreetMap give out. Pure."""

import hashlib
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from api.cases.places import to_wgs84
from api.errors import InvalidError
from detector.photo_facts import Datum

Wheelchair = Literal["yes", "no", "limited"]

MOST_TEXT: Final = 500
"""Characters kept of a name, an address, opening hours: the longest in OpenStreetMap is 255."""
MOST_ID: Final = 80
"""Width of the ledger's column."""

_WHEELCHAIR: Final[Mapping[str, Wheelchair]] = {
    **dict.fromkeys(("yes", "designated", "true", "1", "是", "有", "有无障碍"), "yes"),
    **dict.fromkeys(("no", "false", "0", "否", "无", "没有"), "no"),
    **dict.fromkeys(("limited", "部分", "有限"), "limited"),
}
_FREE: Final = frozenset({"no", "false", "0", "否", "无", "免费", "不收费"})
_PAID: Final = frozenset({"yes", "true", "1", "是", "有", "收费"})


@dataclass(frozen=True, slots=True)
class Toilet:
    """A public toilet."""

    id: str
    """Of its source, or made from name and position."""
    name: str
    lat: float
    """WGS-84 degrees."""
    lon: float
    address: str | None = None
    opening_hours: str | None = None
    """OpenStreetMap's opening_hours syntax, or plain words."""
    wheelchair: Wheelchair | None = None
    """None: unknown."""
    fee: bool | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with one row of a file."""

    row: int
    """Line of a CSV file, or count of the feature in GeoJSON; from 1."""
    reason: str
    kept: bool
    """The toilet was taken all the same, without the value that could not be read."""


@dataclass(frozen=True, slots=True)
class ToiletFile:
    """What a file holds."""

    toilets: tuple[Toilet, ...]
    """In the file's order, ids unique."""
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class RawToilet:
    """One row as the file says it, before it is understood."""

    row: int
    id: str
    name: str
    lat: str | float
    lon: str | float
    address: str = ""
    opening_hours: str = ""
    wheelchair: str = ""
    fee: str = ""


class ToiletReader:
    """Collects rows of one file: good ones become toilets, bad ones problems."""

    def __init__(self, datum: Datum) -> None:
        """Take the datum of the file's positions."""
        self._datum = datum
        self._toilets: dict[str, Toilet] = {}
        self._problems: list[RowProblem] = []

    def refuse(self, row: int, reason: str) -> None:
        """Note a row that cannot be used."""
        self._problems.append(RowProblem(row, reason, kept=False))

    def take(self, raw: RawToilet) -> None:
        """Understand one row."""
        try:
            lat, lon = _parse_position(raw, self._datum)
        except InvalidError as error:
            self.refuse(raw.row, str(error))
            return
        name = clean_text(raw.name) or "公共厕所"
        toilet = Toilet(
            id=clean_text(raw.id)[:MOST_ID] or make_toilet_id(name, lat, lon),
            name=name,
            lat=lat,
            lon=lon,
            address=clean_text(raw.address) or None,
            opening_hours=clean_text(raw.opening_hours) or None,
            wheelchair=self._parse_wheelchair(raw),
            fee=self._parse_fee(raw),
        )
        if toilet.id in self._toilets:
            self.refuse(raw.row, f"the id {toilet.id} stands in the file twice")
            return
        self._toilets[toilet.id] = toilet

    def result(self) -> ToiletFile:
        """Return what was collected."""
        return ToiletFile(tuple(self._toilets.values()), tuple(self._problems))

    def _parse_wheelchair(self, raw: RawToilet) -> Wheelchair | None:
        word = clean_text(raw.wheelchair).lower()
        if word and word not in _WHEELCHAIR:
            known = ", ".join(get_args(Wheelchair))
            self._note(raw.row, f"accessibility {word!r} is none of {known}, 有, 无, 部分")
        return _WHEELCHAIR.get(word)

    def _parse_fee(self, raw: RawToilet) -> bool | None:
        word = clean_text(raw.fee).lower()
        if not word:
            return None
        if word in _FREE:
            return False
        if word in _PAID or any(letter in "123456789" for letter in word):
            return True
        self._note(raw.row, f"fee {word!r} is none of yes, no, 收费, 免费, or a price")
        return None

    def _note(self, row: int, reason: str) -> None:
        self._problems.append(RowProblem(row, reason, kept=True))


def clean_text(text: object) -> str:
    """Return a value as one line of text that both databases take, without outer spaces."""
    if text is None or isinstance(text, (dict, list)):
        return ""
    line = "".join(
        " " if unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} else letter
        for letter in str(text)
    )
    return " ".join(line.split())[:MOST_TEXT]


def make_toilet_id(name: str, lat: float, lon: float) -> str:
    """Return an id that stays the same when the same file is imported again.

    Args:
        name: As shown.
        lat: WGS-84 degrees; a metre's change makes another id.
        lon: As `lat`.
    """
    words = f"{name}|{lat:.5f}|{lon:.5f}"
    return "t-" + hashlib.sha256(words.encode()).hexdigest()[:20]


def _parse_position(raw: RawToilet, datum: Datum) -> tuple[float, float]:
    try:
        lat, lon = float(raw.lat), float(raw.lon)
    except (TypeError, ValueError):
        raise InvalidError(
            "position_missing",
            f"latitude {str(raw.lat)[:40]!r}, longitude {str(raw.lon)[:40]!r}: no number",
        ) from None
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        raise InvalidError(
            "position_invalid", f"latitude {lat}, longitude {lon} is no place on earth"
        )
    if lat == 0 and lon == 0:
        raise InvalidError("position_missing", "latitude 0, longitude 0 stands for no position")
    place = to_wgs84(lat, lon, datum)
    return place.lat, place.lon
