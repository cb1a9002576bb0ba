"""Text from outside, made harmless for a page."""

import html
from collections.abc import Iterable
from typing import Final

from detector.archive.lines import encode_text
from detector.labels import ISSUE_LABELS

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def escape(text: str) -> str:
    """Return text for an element or a quoted attribute.

    Control characters and those that turn the direction of writing are replaced: a file's name
    must not show as another.
    """
    shown = encode_text(text).decode()
    return html.escape("".join(one if one.isprintable() else REPLACEMENT for one in shown))


def name_class(label: str) -> str:
    """Return the style class of a label; those the product does not know share one."""
    return f"l-{label}" if label in ISSUE_LABELS else "l-other"


def sort_labels(labels: Iterable[str]) -> list[str]:
    """Return labels in the order in which every part of a page names them."""
    known = {label: number for number, label in enumerate(ISSUE_LABELS)}
    return sorted(set(labels), key=lambda label: (known.get(label, len(known)), label))
