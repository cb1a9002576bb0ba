"""Model cards: the part of Markdown that they use, as blocks that a template shows as text.

No HTML of a card ever gets into a page: a bundle may come from anywhere.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Look = Literal["plain", "strong", "code"]
_SPANS: Final = re.compile(
    r"\*\*(?P<strong>.+?)\*\*|`(?P<code>[^`]+)`|\[(?P<link>[^\]]+)\]\([^)]*\)"
)
_HEADING: Final = re.compile(r"(#{1,6})\s+(.+)")
_RULE: Final = re.compile(r"\|?[\s:|-]*-[\s:|-]*")
_ITEM: Final = re.compile(r"\s*[-*]\s+(.+)")


@dataclass(frozen=True, slots=True)
class Span:
    """Some words."""

    text: str
    look: Look = "plain"


Words = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, paragraph, list, table or piece of code."""

    kind: Literal["heading", "paragraph", "items", "table", "code"]
    level: int = 0
    """Of a heading, from 1."""
    rows: tuple[tuple[Words, ...], ...] = ()
    """A table's rows, the header first; a list's items, a paragraph and a heading in one cell."""
    text: str = ""
    """Code as it is."""


def parse_card(text: str) -> tuple[Block, ...]:
    """Split a card into blocks; what it does not know becomes a paragraph."""
    return tuple(_read_blocks(text.splitlines()))


def _read_blocks(lines: list[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        line = lines[at]
        first = at
        at += 1
        if not line.strip():
            continue
        if line.startswith("```"):
            while at < len(lines) and not lines[at].startswith("```"):
                at += 1
            yield Block("code", text="\n".join(lines[first + 1 : at]))
            at += 1
        elif heading := _HEADING.fullmatch(line):
            yield Block("heading", len(heading[1]), ((_read_words(heading[2]),),))
        elif line.startswith("|"):
            while at < len(lines) and lines[at].startswith("|"):
                at += 1
            table = _read_table(lines[first:at])
            # Of a rule alone there is nothing to show but the rule.
            yield table if table.rows else _paragraph(lines[first:at])
        elif _ITEM.fullmatch(line):
            while at < len(lines) and lines[at].strip() and not _begins(lines[at]):
                at += 1
            yield _read_items(lines[first:at])
        else:
            while at < len(lines) and lines[at].strip() and not _begins(lines[at], items=True):
                at += 1
            yield _paragraph(lines[first:at])


def _begins(line: str, *, items: bool = False) -> bool:
    """Tell whether a line begins another block."""
    starts = line.startswith(("```", "|")) or _HEADING.fullmatch(line) is not None
    return starts or (items and _ITEM.fullmatch(line) is not None)


def _paragraph(lines: list[str]) -> Block:
    return Block("paragraph", rows=((_read_words(" ".join(lines)),),))


def _read_table(lines: list[str]) -> Block:
    cells = [line.strip().strip("|").split("|") for line in lines if not _RULE.fullmatch(line)]
    return Block(
        "table", rows=tuple(tuple(_read_words(one.strip()) for one in row) for row in cells)
    )


def _read_items(lines: list[str]) -> Block:
    items: list[str] = []
    for line in lines:
        item = _ITEM.fullmatch(line)
        if item:
            items.append(item[1])
        else:
            items[-1] += " " + line.strip()
    return Block("items", rows=tuple((_read_words(one),) for one in items))


def _read_words(text: str) -> Words:
    spans, at = [], 0
    for match in _SPANS.finditer(text):
        if match.start() > at:
            spans.append(Span(text[at : match.start()]))
        if match["strong"] is not None:
            spans.append(Span(match["strong"], "strong"))
        elif match["code"] is not None:
            spans.append(Span(match["code"], "code"))
        else:
            spans.append(Span(match["link"]))
        at = match.end()
    if at < len(text):
        spans.append(Span(text[at:]))
    return tuple(spans)
