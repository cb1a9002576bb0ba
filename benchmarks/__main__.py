"""Run every benchmark and write the figures into benchmarks/README.md.

python -m benchmarks [NAME ...]
"""

import sys
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.processes import run

README = Path(__file__).with_name("README.md")
NAMES = (
    *("throughput", "overlap", "footprint", "parity", "privacy", "tiles"),
    *("api_score", "api_queue", "api_places", "console_pages", "page_budget"),
    *("scan_speed", "scan_memory", "scan_listing", "scan_engines", "gate", "scenery"),
)


def replace_between(text: str, mark: str, body: str) -> str:
    """Put a body between `<!-- mark -->` and `<!-- /mark -->`."""
    start, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    before, rest = text.split(start, 1)
    return f"{before}{start}\n{body}\n{end}{rest.split(end, 1)[1]}"


def main() -> None:
    text = README.read_text(encoding="utf-8")
    for name in sys.argv[1:] or NAMES:
        # Each in a process of its own: what one held would count in the next one's memory.
        figures = run([sys.executable, "-m", f"benchmarks.{name}"]).output.strip()
        body = f"Machine: {describe_machine()}\n\n{figures}"
        print(f"# {name}\n{body}\n", flush=True)
        text = replace_between(text, name, body)
        README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
