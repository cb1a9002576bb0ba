"""Fill the READMEs with what the commands really print: the demo's table and the model's figures.

.venv/bin/python scripts/readme.py [--check]
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.__main__ import replace_between
from detector.labels import Language, show_label
from detector.models.bundle import DEFAULT_BUNDLE

ROOT = Path(__file__).parents[1]
READMES: tuple[tuple[str, Language], ...] = (("README.md", "en"), ("README.zh-CN.md", "zh"))
HEADS = {
    "en": "| issue | validation set | AP (95 % interval) | found at the threshold "
    "| false alarms on clean photos |",
    "zh": "| 问题 | 验证集 | AP（95% 区间） | 阈值下检出 | 无问题照片上的误报 |",
}
JUDGED = {
    "overflowing_bin": ("bins_montevideo",),
    "site_dust": ("dust_sites", "streets_dhaka"),
    "illegal_poster": ("streets_dhaka", "posters_tags"),
    "street_vending": ("streets_dhaka", "vending_dhaka"),
}


def demo_output(language: Language) -> str:
    """Return what `make demo` prints of the scenes, without the line of speed."""
    command = [sys.executable, "-m", "detector.cli", "score", "demo/scenes", "--lang", language]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    summary = re.sub(r"[;；].*(photos/s|每秒).*$", "", done.stderr.strip())
    return f"```\n{done.stdout.rstrip()}\n{summary}\n```"


def figures_table(language: Language) -> str:
    """Return the shipped bundle's figures as a table."""
    manifest: dict[str, Any] = json.loads(
        (DEFAULT_BUNDLE / "manifest.json").read_text(encoding="utf-8")
    )
    lines = [HEADS[language], "|---|---|---|---|---|"]
    for label, sets in JUDGED.items():
        content = manifest["figures"][label]
        for name in sets:
            one = content["sets"][name]
            low, high = one["average_precision_interval"]
            min_iou = one.get("min_iou", content["min_iou"])
            precision = f"AP{round(min_iou * 100)} {one['average_precision']:.2f} "
            precision += f"({low:.2f}–{high:.2f})"
            lines.append(
                f"| {show_label(label, language)} | {name} | {precision} "
                f"| {one['hits']} / {one['boxes']} "
                f"| {one['false_alarms_on_clean']} / {one['clean_pictures']} |"
            )
    return "\n".join(lines)


def main() -> int:
    stale = []
    for name, language in READMES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        wanted = replace_between(text, "demo output", demo_output(language))
        wanted = replace_between(wanted, "figures", figures_table(language))
        if wanted != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(wanted, encoding="utf-8")
    print(f"changed: {', '.join(stale) or 'nothing'}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
