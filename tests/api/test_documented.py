"""What can be set, called and asked for stands in the docs."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cases.states import MOVES
from api.cli import build_parser
from api.principal import ROLES
from api.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


def read_docs() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md")))


def walk(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, str]]:
    """Yield each command, and each of its options, by what a person types."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command, sub in action.choices.items():
                yield f"{name} {command}", ""
                yield from walk(sub, f"{name} {command}")
        else:
            for option in action.option_strings:
                if option.startswith("--") and option != "--help":
                    yield name, option


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_table(name: str) -> None:
    assert f"| `{name}` |" in (DOCS / "running.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("command", "option"), list(walk(build_parser(), "street-issues-api")))
def test_every_command_and_option_is_documented(command: str, option: str) -> None:
    docs = read_docs()
    assert command in docs, command
    assert option in docs, f"{command} {option}"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_documented(role: str) -> None:
    assert f"| `{role}` |" in (DOCS / "running.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("move", [name for name in MOVES if name != "merge"])
def test_every_move_is_documented(move: str) -> None:
    assert f"`{move}`" in (DOCS / "handover.md").read_text(encoding="utf-8")
