"""What people wrote, as cells of a file that a spreadsheet opens."""

from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff"
"""Excel takes UTF-8 for a local code page without it."""
_COMMANDS: Final = tuple("=+-@\t\r\n＝＋－＠")
"""A cell that begins so may be run as a formula by what opens the file."""


def guard_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_COMMANDS) else text
