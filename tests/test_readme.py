"""The READMEs say what the commands print, and both say the same."""

import re
from pathlib import Path

import pytest

from detector.labels import ISSUE_LABELS, Language, show_label
from detector.models import load_detector
from detector.models.bundle import Bundle
from detector.pipeline import Pipeline
from detector.sources import find_photos
from scripts import experiments
from scripts.readme import READMES, figures_table

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("name", "language"), READMES)
def test_the_figures_are_the_shipped_bundles(name: str, language: Language) -> None:
    assert figures_table(language) in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "language"), READMES)
def test_the_demo_output_is_what_the_demo_gives(
    name: str, language: Language, default_bundle: Bundle
) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    shown = text.split("<!-- demo output -->")[1].split("<!-- /demo output -->")[0]
    pipeline = Pipeline(load_detector(default_bundle, "onnxruntime"))
    for score in pipeline.score_many(find_photos([ROOT / "demo" / "scenes"])):
        part = shown.split(f"demo/scenes/{Path(score.source).name}")[1].split("demo/scenes/")[0]
        names = [show_label(label, language) for label in ISSUE_LABELS]
        rows = [line for line in part.splitlines() if any(name in line for name in names)]
        assert len(rows) == len(score.findings), score.source
        for finding in score.findings:
            # Another processor may round the second digit the other way.
            near = [f"{finding.score + step:.2f}" for step in (-0.01, 0, 0.01)]
            lines = [
                line for line in part.splitlines() if show_label(finding.label, language) in line
            ]
            assert any(number in line for line in lines for number in near), finding


def test_the_experiments_are_what_their_runs_left() -> None:
    assert experiments.figures_table() in experiments.PAGE.read_text(encoding="utf-8")


def test_both_languages_have_the_same_parts() -> None:
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name, _ in READMES)
    for pattern in (
        r"^##? ",
        r"^```",
        r"\]\((?!README)[^)]+\)",
        r"^\| `",
        r"^(?:make|street-issues)",
    ):
        counts = [len(re.findall(pattern, text, re.MULTILINE)) for text in (english, chinese)]
        assert counts[0] == counts[1] > 0, pattern


def test_links_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]
    assert len(pages) > 10
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page}: {target}"
