"""street-issues-data render and synth: rendered objects, and training scenes composed with them."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datasets.commands import Subparsers

RENDER: Final = "render"
SYNTH: Final = "synth"


def add_parsers(commands: "Subparsers", arguments: Sequence[str]) -> None:
    """Add both; the engine is imported only if `synth` is the command that is asked for.

    Args:
        commands: The program's commands.
        arguments: The command line, without the program's name.
    """
    render = commands.add_parser(RENDER, help="render objects for scenes, with Blender")
    render.set_defaults(run=run_render)
    if arguments[:1] == [RENDER]:
        from datasets.synth import rendering

        rendering.add_arguments(render)
    synth = commands.add_parser(SYNTH, help="compose training scenes on background photos")
    synth.set_defaults(run=run_synth)
    if arguments[:1] == [SYNTH]:
        from datasets.synth import engine

        engine.add_arguments(synth)


def run_render(options: argparse.Namespace) -> int:
    """Render objects as the options say."""
    from datasets.synth import rendering

    return rendering.run(options)


def run_synth(options: argparse.Namespace) -> int:
    """Compose scenes as the engine's options say."""
    from datasets.synth import engine

    return engine.run(options)
