"""Configs are strict: what is wrong is named by its path."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from training.config import parse_config, read_config
from training.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "training" / "configs"
GOOD: dict[str, Any] = {
    "name": "tiny",
    "version": "0.1.0",
    "warm_start": "yolo26n.pt",
    "labels": ["overflowing_bin", "bin"],
    "rivals": [{"labels": ["overflowing_bin", "bin"]}],
    "seed": 0,
    "held_out_share": 0.1,
    "stages": [
        {
            "name": "only",
            "epochs": 1,
            "sizes_wh": [[64, 64], [96, 64]],
            "batch": 2,
            "learning_rate": 0.001,
            "final_share": 0.1,
            "mosaic": 0.5,
            "frozen_layers": 0,
            "draws": {"bins": 4},
        }
    ],
}


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    content = deepcopy(GOOD)
    change(content)
    return content


def test_a_good_config_is_read() -> None:
    config = parse_config(GOOD, "x.yaml")
    assert config.stages[0].sizes_wh == ((64, 64), (96, 64))
    assert config.rivals == (("overflowing_bin", "bin"),)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one.update(colour=1), "colour is unknown"),
        (lambda one: one["stages"][0].update(lr=1), r"stages\[0\]: lr is unknown"),
        (lambda one: one["stages"][0].pop("batch"), r"stages\[0\]: batch is missing"),
        (lambda one: one["stages"][0].update(sizes_wh=[[65, 64]]), "multiples of 32"),
        (lambda one: one["stages"][0].update(draws={}), "draws must name sets"),
        (lambda one: one["stages"][0].update(draws={"bins": 0}), "counts"),
        (lambda one: one.update(stages=[]), "at least one stage"),
        (lambda one: one.update(labels=["cat"]), "cat"),
        (lambda one: one["rivals"][0].update(labels=["garbage"]), "garbage"),
        (lambda one: one.update(held_out_share=2), "held_out_share is 2"),
    ],
)
def test_what_is_wrong_is_named(change: Callable[[dict[str, Any]], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(changed(change), "x.yaml")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "none.yaml")


def test_broken_yaml_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "x.yaml")
