"""The labels of the product: four issues, and context that speaks for or against them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class LabelNames:
    """How a label is shown to people."""

    zh: str
    """Name in simplified Chinese."""
    en: str
    """Name in English."""

    def in_language(self, language: Language) -> str:
        """Return the name in one language."""
        return self.zh if language == "zh" else self.en


ISSUE_LABELS: Final = ("illegal_poster", "overflowing_bin", "street_vending", "site_dust")
"""What a bureau acts on."""

CONTEXT_LABELS: Final = ("garbage", "bin", "licence_plate")
"""What a model may also see: never a finding, but evidence for judging and for privacy."""

LABEL_NAMES: Final[Mapping[str, LabelNames]] = MappingProxyType(
    {
        "illegal_poster": LabelNames("非法小广告", "illegal poster"),
        "overflowing_bin": LabelNames("垃圾满溢", "overflowing bin"),
        "street_vending": LabelNames("占道经营", "street vending"),
        "site_dust": LabelNames("施工扬尘", "site dust"),
        "garbage": LabelNames("散落垃圾", "garbage"),
        "bin": LabelNames("垃圾桶", "bin"),
        "licence_plate": LabelNames("车牌", "licence plate"),
    }
)


def show_label(label: str, language: Language) -> str:
    """Return a label's name for people; an unknown label shows as itself."""
    names = LABEL_NAMES.get(label)
    return label if names is None else names.in_language(language)
