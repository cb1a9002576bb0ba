"""Split photos into parts by capture group: what was shot together stays together."""

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets.errors import DatasetError


def group_of(path: Path, pattern: re.Pattern[str] | None) -> str:
    """Return the capture group of a photo.

    Args:
        path: Its file.
        pattern: What its first group finds in the name is the capture group; None: each photo is
            one of its own.

    Raises:
        DatasetError: The pattern does not fit the name.
    """
    if pattern is None:
        return path.stem
    found = pattern.search(path.stem)
    if found is None or pattern.groups < 1:
        raise DatasetError(
            "group_unknown",
            f"The pattern {pattern.pattern!r} finds no group in {path.name}.",
            "Give a regular expression with one (…) that fits every name.",
        )
    return found[1]


def compile_group(text: str | None) -> re.Pattern[str] | None:
    """Compile a pattern for capture groups as a user writes it; None and "" are none.

    Raises:
        DatasetError: It is no regular expression.
    """
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise DatasetError("group_unknown", f"{text!r} is no pattern: {error}.") from error


def split_groups(
    groups: Sequence[str], shares: Mapping[str, float], seed: int
) -> dict[str, tuple[int, ...]]:
    """Deal whole groups out to parts.

    The largest groups are dealt first, each to the part that lacks most, so that the shares are met
    as nearly as whole groups allow. The same input gives the same parts.

    Args:
        groups: Capture group of each photo.
        shares: Share of each part; they add up to 1.
        seed: Order among groups of one size.

    Returns:
        Positions of each part's photos, ascending.

    Raises:
        DatasetError: The shares do not add up to 1 or one is negative.
    """
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values(), default=-1) < 0:
        raise DatasetError("shares_invalid", f"The shares {dict(shares)} must add up to 1.")
    members: dict[str, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    order = sorted(members)
    random.Random(seed).shuffle(order)
    order.sort(key=lambda group: -len(members[group]))
    parts: dict[str, list[int]] = {name: [] for name in shares}
    for group in order:
        lacking = {name: shares[name] * len(groups) - len(parts[name]) for name in parts}
        parts[max(lacking, key=lambda name: lacking[name])].extend(members[group])
    return {name: tuple(sorted(positions)) for name, positions in parts.items()}
