"""Addresses within this service."""

import re
from typing import Final

_OWN: Final = re.compile(r"/(?![/\\])[!-~]*")
"""One slash, and no other after it: `//host` and `/\\host` lead elsewhere."""


def own_path(asked: str, otherwise: str = "/") -> str:
    """Return a path that a form asked to be sent to, if it stays within this service."""
    return asked if _OWN.fullmatch(asked) else otherwise
