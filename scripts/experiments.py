"""Fill docs/model/experiments.md with the figures that the runs beside it left.

.venv/bin/python scripts/experiments.py [--check]
"""

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.__main__ import replace_between

PAGE = Path(__file__).parents[1] / "docs" / "model" / "experiments.md"
FOLDER = PAGE.with_suffix("")
COLUMNS = (
    ("bins", "overflowing_bin", "bins_montevideo"),
    ("dust", "site_dust", "dust_sites"),
    ("posters, streets", "illegal_poster", "streets_dhaka"),
    ("posters, tags", "illegal_poster", "posters_tags"),
    ("vending, streets", "street_vending", "streets_dhaka"),
)


def figures_table() -> str:
    """Return a line a run: what changed, and AP with the share of boxes found."""
    heads = " | ".join(head for head, _, _ in COLUMNS)
    lines = [f"| run | what it is | {heads} |", "|---|---|" + "---|" * len(COLUMNS)]
    runs: list[dict[str, str]] = json.loads((FOLDER / "runs.json").read_text(encoding="utf-8"))
    for run in runs:
        content = json.loads((FOLDER / f"{run['name']}.json").read_text(encoding="utf-8"))
        cells = [_cell(content["labels"][label]["sets"][name]) for _, label, name in COLUMNS]
        lines.append(f"| {run['name']} | {run['what']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(figures: dict[str, Any]) -> str:
    low, high = figures["average_precision_interval"]
    return f"{figures['average_precision']:.2f} ({low:.2f}–{high:.2f})"


def main() -> int:
    text = PAGE.read_text(encoding="utf-8")
    wanted = replace_between(text, "figures", figures_table())
    if wanted == text:
        return 0
    if "--check" in sys.argv:
        print(f"{PAGE} is stale")
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
