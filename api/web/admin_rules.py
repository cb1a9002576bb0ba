"""The rules in use beside the file that they came from, and files that are to replace it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.cases.rules import SHIPPED_RULES
from api.cases.rules_compare import RuleChange, compare_rules
from api.cases.rules_form import list_faults, parse_rules
from api.errors import InvalidError, NotFoundError, SettingsError
from api.services import Services
from api.web.admin_words import say_in
from detector.labels import Language

MOST_BYTES: Final = 2**18
"""Over ten times the file that ships; reading YAML takes a second for so much."""


@dataclass(frozen=True, slots=True)
class RulesFile:
    """The file that the service reads at its start."""

    path: Path | None
    """None: the one that ships."""
    is_current: bool
    """It says what is in use; False: it was changed since the start, or cannot be read."""


@dataclass(frozen=True, slots=True)
class RulesCheck:
    """What came of looking at a changed file."""

    faults: tuple[str, ...]
    """In words, each with the path of its key; none: the service would start with it."""
    changes: tuple[RuleChange, ...]
    """What would be different from the rules in use."""


def look_at_file(services: Services) -> RulesFile:
    """Compare the rules in use with their file as it is now."""
    path = services.settings.rules
    try:
        text = (path or SHIPPED_RULES).read_text(encoding="utf-8")
        is_current = not compare_rules(services.rules, parse_rules(text, "rules"))
    except (OSError, UnicodeDecodeError, SettingsError):
        is_current = False
    return RulesFile(path, is_current)


def read_rules_file(services: Services) -> bytes:
    """Return the file.

    Raises:
        NotFoundError: It cannot be read.
    """
    path = services.settings.rules or SHIPPED_RULES
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundError("rules file", path.name) from error


def check_rules(services: Services, data: bytes, name: str, language: Language) -> RulesCheck:
    """Look at a changed file; nothing is stored.

    Args:
        services: What the service works with: the rules in use, the model's labels.
        data: The file.
        name: Its name, for messages.
        language: In which faults are told.

    Raises:
        InvalidError: It is not UTF-8 text, or far too long.
    """
    if len(data) > MOST_BYTES:
        raise InvalidError(
            "rules_too_long", f"The file is larger than {MOST_BYTES // 1024} KiB.", "Is it the one?"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidError(
            "rules_unreadable", "The file is not UTF-8 text.", "Save it as UTF-8."
        ) from error
    try:
        wanted = parse_rules(text, name)
    except SettingsError as error:
        return RulesCheck(tuple(say_in(language, one) for one in list_faults(error)), ())
    flagged = services.pool.labels
    faults = tuple(
        say_in(
            language,
            f"thresholds.{label} is a label that the model in use does not flag; "
            f"it flags {', '.join(flagged)}",
        )
        for label in wanted.thresholds
        if flagged and label not in flagged
    )
    return RulesCheck(faults, () if faults else compare_rules(services.rules, wanted))
