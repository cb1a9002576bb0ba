"""street-issues-train export: weights into a draft bundle that can be measured."""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from training.errors import TrainingError
from training.parity import ParityError

if TYPE_CHECKING:
    from detector.models.bundle import Bundle
    from training.commands import Subparsers

EXIT_REFUSED = 1


def add_parser(commands: "Subparsers") -> None:
    """Add the command."""
    parser = commands.add_parser("export", help="turn weights into a draft bundle")
    parser.add_argument("weights", type=Path, help="a checkpoint, or an .onnx to take as it is")
    parser.add_argument(
        "--recipe",
        type=Path,
        required=True,
        metavar="FILE",
        help="the manifest but for what is measured",
    )
    parser.add_argument("--size", type=int, default=640, help="side of the input that is traced")
    parser.add_argument(
        "--head", default="one-to-one", choices=("one-to-one", "one-to-many"),
        help="which of the network's two heads answers",
    )  # fmt: skip
    parser.add_argument("--int8", action="store_true", help="convolutions in int8")
    parser.add_argument(
        "--calibration-sets", type=Path, metavar="DIR", help="photos that int8's scales come from"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> int:
    """Export, check, quantise if asked for, write the draft.

    Raises:
        TrainingError: An option is missing, or the weights cannot be exported.
    """
    from detector.decode import hash_photo
    from training.bundling import write_draft
    from training.promote import read_json

    if options.int8 and options.calibration_sets is None:
        raise TrainingError("usage", "--int8 needs --calibration-sets.")
    if options.out.exists() and any(options.out.iterdir()):
        raise TrainingError("out_not_empty", f"{options.out} is not empty.", "Name a new folder.")
    recipe = read_json(options.recipe)
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "model.onnx"
        try:
            _make_network(options, network, tuple(recipe.get("classes", ())))
        except ParityError as error:
            print(f"refused: {error}")
            return EXIT_REFUSED
        weights_sha256 = hash_photo(options.weights.read_bytes())
        draft = write_draft(Path(folder) / "draft", network, recipe, weights_sha256)
        if options.int8:
            draft = _quantise(options, draft, recipe, Path(folder))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(draft.folder, options.out, dirs_exist_ok=True)
    print(options.out)
    return 0


def _make_network(options: argparse.Namespace, network: Path, labels: tuple[str, ...]) -> None:
    if options.weights.suffix == ".onnx":
        shutil.copyfile(options.weights, network)
        return
    from training.export import export_network

    difference = export_network(
        options.weights,
        options.size,
        network,
        labels=labels or None,
        one_to_many=options.head == "one-to-many",
    )
    print(
        f"agrees with the trained network: at most {difference.box_px:.4f} px and "
        f"{difference.score:.6f} of score apart on {difference.n_rows} boxes"
    )


def _quantise(
    options: argparse.Namespace, draft: "Bundle", recipe: dict[str, object], folder: Path
) -> "Bundle":
    from training.bundling import write_draft
    from training.quantise import quantise_network
    from training.scoring import read_photos

    photos = [record.path for record in read_photos([options.calibration_sets])]
    network = folder / "int8.onnx"
    quantise_network(draft, photos, network)
    return write_draft(folder / "int8", network, recipe, draft.manifest.run["weights_sha256"])
