"""The report's lists: cameras that were not watching, files with problems."""

from collections.abc import Iterator, Sequence
from typing import Final

from detector.archive.markup import escape
from detector.archive.report_words import Speech, show_clock
from detector.archive.rows import FileProblem
from detector.archive.timeline_facts import StateStretch

MOST_ROWS: Final = 1000
"""Of each list; a page of more is not read."""


def list_states(states: Sequence[StateStretch], say: Speech) -> Iterator[str]:
    """Return when cameras were not watching; nothing where they always were."""
    if not states:
        return
    yield f'<section id="states"><h2>{say("cameras_state")}</h2><div class="scroll"><table>'
    yield _heads([say(key) for key in ("camera", "state", "from", "to", "length", "reason")])
    yield from (_state_row(one, say) for one in states[:MOST_ROWS])
    yield "</tbody></table></div>"
    if len(states) > MOST_ROWS:
        yield f'<p class="note">{say("states_limit", count=MOST_ROWS)}</p>'
    yield "</section>"


def list_problems(problems: Sequence[FileProblem], say: Speech) -> Iterator[str]:
    """Return what was wrong with files; nothing where nothing was."""
    if not problems:
        return
    # Files that were not looked through come first.
    ordered = sorted(problems, key=lambda one: not one.fatal)
    yield f'<section id="problems"><h2>{say("problems")}</h2><div class="scroll"><table>'
    yield _heads([say("file"), say("state"), say("what")])
    yield from (_problem_row(one, say) for one in ordered[:MOST_ROWS])
    yield "</tbody></table></div>"
    if len(ordered) > MOST_ROWS:
        yield f'<p class="note">{say("problems_limit", count=MOST_ROWS)}</p>'
    yield "</section>"


def _state_row(one: StateStretch, say: Speech) -> str:
    start, end = one.stretch
    if one.started_at is None:
        first, last = show_clock(start), show_clock(end)
    else:
        first = f"{say.from_seconds(start):%Y-%m-%d %H:%M}"
        last = f"{say.from_seconds(end):%Y-%m-%d %H:%M}"
    until = f" ({say('until_end')})" if one.to_end else ""
    name = one.camera if one.source is None else f"{one.camera} · {one.source}"
    return (
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(say.state(one.state))}</td>'
        f"<td>{first}</td><td>{last}{until}</td><td>{say.duration(end - start)}</td>"
        f"<td>{escape(one.reason)}</td></tr>"
    )


def _problem_row(one: FileProblem, say: Speech) -> str:
    at = "" if one.at_s is None else f" ({say('at', at=show_clock(one.at_s))})"
    state = say("not_read") if one.fatal else say("partly")
    hint = f'<span class="hint">{escape(one.hint)}</span>' if one.hint else ""
    return (
        f'<tr class="{"fatal" if one.fatal else ""}"><th scope="row">{escape(one.source)}</th>'
        f"<td>{state}</td><td>{escape(one.message)}{at} {hint} <code>{escape(one.code)}</code>"
        "</td></tr>"
    )


def _heads(names: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f"<thead><tr>{cells}</tr></thead><tbody>"
