r"""Put a network, its recipe, thresholds and figures together into a bundle.

    python -m training.promote --network model.onnx --recipe FILE --thresholds FILE \
        --figures FILE --out DIR

The recipe holds what is decided (labels, suppression, data); the rest is measured. The card is
written from both, so its table is the evaluation's and nobody's memory.
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from detector.models.bundle import CARD_NAME, MANIFEST_NAME, Bundle, load_bundle
from training.evaluate import format_summary

FIGURES_MARK = "{{figures}}"
DATA_MARK = "{{data}}"
THRESHOLDS_MARK = "{{thresholds}}"


def write_bundle(
    out: Path,
    *,
    network: Path,
    recipe: dict[str, Any],
    card: str,
    thresholds: dict[str, float],
    figures: dict[str, Any],
) -> Bundle:
    """Write a bundle and load it again, which checks it.

    Args:
        out: Folder to write; created.
        network: The ONNX file.
        recipe: The manifest but for files, thresholds and figures.
        card: Text of the card, with marks where data, thresholds and figures go.
        thresholds: Per issue label.
        figures: What `training.evaluate` wrote.

    Raises:
        BundleError: The parts do not fit together.
    """
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(network, out / "model.onnx")
    lines = [f"| {label} | {threshold:.2f} |" for label, threshold in thresholds.items()]
    filled = (
        card.replace(FIGURES_MARK, format_summary(figures))
        .replace(DATA_MARK, _data_table(recipe["data"]))
        .replace(THRESHOLDS_MARK, "\n".join(["| label | threshold |", "|---|---|", *lines]))
    )
    (out / CARD_NAME).write_text(filled, encoding="utf-8")
    files = {name: _sha256(out / name) for name in ("model.onnx", CARD_NAME)}
    manifest = {**recipe, "files": files, "thresholds": thresholds, "figures": figures["labels"]}
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (out / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")
    return load_bundle(out)


def _data_table(data: list[dict[str, Any]]) -> str:
    lines = ["| set | pictures | used for | licence | source |", "|---|---|---|---|---|"]
    lines += [
        f"| {one['name']} | {one['pictures']} | {one['used_for']} | {one['licence']} "
        f"| {one['source']} |"
        for one in data
    ]
    return "\n".join(lines)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m training.promote")
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, required=True, help="JSON; its card lies beside it")
    parser.add_argument("--thresholds", type=Path, required=True)
    parser.add_argument("--figures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    bundle = write_bundle(
        options.out,
        network=options.network,
        recipe=json.loads(options.recipe.read_text(encoding="utf-8")),
        card=options.recipe.with_suffix(".md").read_text(encoding="utf-8"),
        thresholds=json.loads(options.thresholds.read_text(encoding="utf-8")),
        figures=json.loads(options.figures.read_text(encoding="utf-8")),
    )
    print(f"{bundle.manifest.name} {bundle.manifest.version} in {bundle.folder}")


if __name__ == "__main__":
    main()
