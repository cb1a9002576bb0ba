"""street-issues-train from export to rollback, over the shipped network and made-up photos."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from detector.models.bundle import DEFAULT_BUNDLE, load_bundle
from training.cli import build_parser, main

RECIPE = Path(__file__).parents[2] / "training" / "recipes" / "street-issues-n-0.2.0.json"
NETWORK = DEFAULT_BUNDLE / "model.onnx"
ORT = ("--runtime", "onnxruntime")


def run(*arguments: object) -> int:
    return main([str(one) for one in arguments])


def write_recipe(folder: Path, version: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{version}.json"
    content = {**json.loads(RECIPE.read_text(encoding="utf-8")), "version": version}
    path.write_text(json.dumps(content), encoding="utf-8")
    path.with_suffix(".md").write_text("# Card\n{{figures}}\n{{thresholds}}\n", encoding="utf-8")
    return path


def test_from_a_network_to_a_store_and_back(
    tmp_path: Path, write_set: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path / "recipes", "1.0.0")
    write_set("held_out", 4, first_seed=10)
    sets = write_set("judged")
    held_out, judged = sets / "held_out", sets / "judged"
    draft, chosen, figures = tmp_path / "draft", tmp_path / "chosen", tmp_path / "figures.json"
    store = tmp_path / "store"

    assert run("export", NETWORK, "--recipe", recipe, "--out", draft) == 0
    assert run("calibrate", "--model", draft, "--sets", held_out, *ORT, "--out", chosen) == 0
    assert "allowed" in capsys.readouterr().out
    measure = ("evaluate", "--model", draft, "--thresholds", chosen / "thresholds.json")
    assert run(*measure, "--sets", judged, *ORT, "--figures", figures, "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(figures.read_text(encoding="utf-8"))

    def promote(*more: object) -> int:
        parts = ("--calibration", chosen, "--figures", figures, *ORT)
        return run("promote", draft, *parts, "--store", store, *more)

    assert promote("--recipe", recipe) == 0
    assert "nothing is replaced" in capsys.readouterr().out
    current = load_bundle(store / "street-issues-n" / "current")
    assert current.manifest.version == "1.0.0"
    thresholds = json.loads((chosen / "thresholds.json").read_text(encoding="utf-8"))
    assert dict(current.manifest.thresholds) == thresholds
    assert current.manifest.calibration["budget_per_100"] == 2.0
    assert "photos" not in current.manifest.calibration

    # As good as the current one on each label: taken.
    assert promote("--recipe", write_recipe(tmp_path / "recipes", "1.1.0"), "--why", "x") == 0
    # Worse than the current one on a label: refused, unless told.
    better = json.loads(figures.read_text(encoding="utf-8"))
    manifest_path = store / "street-issues-n" / "1.1.0" / "manifest.json"
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    manifest["figures"]["illegal_poster"]["all"]["average_precision"] = 0.75
    manifest_path.write_text(json.dumps(manifest), encoding="utf-8")
    capsys.readouterr()
    third = write_recipe(tmp_path / "recipes", "1.2.0")
    assert promote("--recipe", third) == 1
    was = better["labels"]["illegal_poster"]["all"]["average_precision"]
    told = capsys.readouterr().out
    assert f"refused: The new bundle is worse: illegal_poster: AP 0.7500 -> {was:.4f}" in told
    assert load_bundle(store / "street-issues-n" / "current").manifest.version == "1.1.0"
    assert promote("--recipe", third, "--allow-worse", "illegal_poster") == 0

    assert run("rollback", "street-issues-n", "--store", store, "--why", "test") == 0
    assert "1.2.0 -> 1.1.0" in capsys.readouterr().out
    assert run("rollback", "street-issues-n", "--store", store, "--to", "1.1.0") == 0
    assert "current already" in capsys.readouterr().out
    assert run("rollback", "street-issues-n", "--store", store, "--list") == 0
    listed = capsys.readouterr().out
    assert "* 1.1.0" in listed and "rollback 1.2.0 -> 1.1.0 test" in listed
    assert run("rollback", "street-issues-n", "--store", store, "--to", "9") == 2
    assert "no version 9" in capsys.readouterr().err


def test_promote_refuses_another_run_and_shared_photos(
    tmp_path: Path, write_set: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = write_recipe(tmp_path / "recipes", "1.0.0")
    write_set("held_out", 4, first_seed=10)
    sets = write_set("judged")
    held_out, judged = sets / "held_out", sets / "judged"
    draft, chosen = tmp_path / "draft", tmp_path / "chosen"
    assert run("export", NETWORK, "--recipe", recipe, "--out", draft) == 0
    assert run("calibrate", "--model", draft, "--sets", held_out, *ORT, "--out", chosen) == 0

    def promote_with(name: str, weights_sha256: str) -> int:
        measure = ("evaluate", "--model", draft, "--thresholds", chosen / "thresholds.json")
        assert run(*measure, "--sets", judged, *ORT, "--figures", tmp_path / name) == 0
        record = {"config": {}, "finished": True, "weights_sha256": weights_sha256}
        (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
        parts = ("--calibration", chosen, "--figures", tmp_path / name, "--run", tmp_path)
        return run("promote", draft, "--recipe", recipe, *parts, "--out", tmp_path / "bundle")

    assert promote_with("figures.json", "0" * 64) == 2
    assert "not exported from the weights of that run" in capsys.readouterr().err
    # An .onnx is taken as it is, so here it is the weights.
    own = load_bundle(draft).manifest.sha256
    assert promote_with("figures.json", own) == 0
    assert load_bundle(tmp_path / "bundle").manifest.run["weights_sha256"] == own
    shared = held_out / "images" / "0.jpg"
    (judged / "images" / "2.jpg").write_bytes(shared.read_bytes())
    assert promote_with("mixed.json", own) == 2
    assert "chosen on 1 of the photos" in capsys.readouterr().err


def test_compare_takes_labelled_photos_or_plain_ones(
    tmp_path: Path, write_set: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    sets = write_set()
    out = tmp_path / "out"
    assert run("compare", "default", "default", "--sets", sets, *ORT, "--out", out / "a") == 0
    assert "(+0.00, +0.00 to +0.00)" in capsys.readouterr().out
    assert (out / "a" / "index.html").exists()
    photos = sets / "made_up" / "images"
    assert run("compare", "default", "default", photos, *ORT, "--json", "--out", out / "b") == 0
    assert json.loads(capsys.readouterr().out)["outcome_changes"] == 0
    assert (out / "b" / "changes.csv").exists()
    assert run("compare", "default", "default") == 2
    for option in ("--rules", "--photos", "--run", "--held-out", "--precision"):
        value = {"--held-out": "0.1", "--precision": "bf16"}.get(option, "x")
        assert run("compare", "default", "default", photos, option, value) == 2
        assert f"Only with --sets: {option}." in capsys.readouterr().err
    assert run("compare", "default", "default", photos, "--sets", sets) == 2
    assert run("compare", "default", "default", tmp_path / "sets" / "made_up" / "labels") == 2


def test_evaluate_writes_a_report_and_a_cards_table(
    tmp_path: Path, write_set: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    sets = write_set()
    out = tmp_path / "report"
    assert run("evaluate", "--sets", sets, *ORT, "--markdown", "--out", out, "--worst", "1") == 0
    assert "| illegal_poster | made_up | 3 | 1 |" in capsys.readouterr().out
    assert {one.name for one in out.iterdir()} == {"figures.json", "index.html", "pictures"}


def test_what_a_run_held_out_is_measured(
    tmp_path: Path, write_set: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    sets = write_set("many", 12)
    record = {"config": {"held_out_share": 0.4}, "finished": True}
    (tmp_path / "run.json").write_text(json.dumps(record), encoding="utf-8")
    assert run("evaluate", "--sets", sets, *ORT, "--run", tmp_path, "--json") == 0
    by_run = json.loads(capsys.readouterr().out)
    assert run("evaluate", "--sets", sets, *ORT, "--held-out", "0.4", "--json") == 0
    by_share = json.loads(capsys.readouterr().out)
    assert by_run == by_share and 0 < by_run["pictures"] < 12
    # A run that is not finished has held out the same.
    unfinished = json.dumps({**record, "finished": False})
    (tmp_path / "run.json").write_text(unfinished, encoding="utf-8")
    assert run("evaluate", "--sets", sets, *ORT, "--run", tmp_path, "--json") == 0
    assert json.loads(capsys.readouterr().out) == by_run
    for text in ("[]", "{}", '{"config": {"held_out_share": "x"}}'):
        (tmp_path / "run.json").write_text(text, encoding="utf-8")
        assert run("evaluate", "--sets", sets, "--run", tmp_path) == 2
        assert "run.json" in capsys.readouterr().err
    assert run("evaluate", "--sets", sets, "--held-out", "0") == 2
    assert run("evaluate", "--sets", sets, "--run", tmp_path / "none") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("evaluate", "--sets", "nowhere"), "no set"),
        (("calibrate", "--sets", "nowhere"), "no set"),
        (("export", "x.onnx", "--recipe", "nowhere.json", "--out", "new"), "nowhere.json"),
        (("export", "x.onnx", "--recipe", "x", "--out", "new", "--int8"), "--calibration-sets"),
        (("rollback", "n", "--store", "nowhere"), "no model"),
    ],
)
def test_errors_have_words_and_status_2(
    arguments: tuple[str, ...],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    assert words in capsys.readouterr().err


def test_every_command_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "model-trainer.md").read_text(encoding="utf-8")
    [commands] = [one for one in build_parser()._actions if isinstance(one.choices, dict)]
    for name in commands.choices or ():
        assert f"street-issues-train {name}" in text
