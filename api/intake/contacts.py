"""Contacts in one spelling: the same phone or address is known again however it is written."""

import unicodedata
from typing import Final

CHINA: Final = "86"
LEAST_NATIONAL: Final = 10
"""Digits of a Chinese number with its area code: a bare 86 before fewer is part of the number, such
as Beijing's 8612 3456."""


def normalise_contact(name: str, text: str) -> str:
    """Return a contact as it is compared.

    Args:
        name: Of the field: phone, email, account_id, device_id, ...
        text: As a person wrote it.

    Returns:
        A phone's digits without China's country code; of anything else its letters without case,
        width or space around it.
    """
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    if name == "phone":
        return _normalise_phone(folded) or folded
    return folded


def _normalise_phone(text: str) -> str:
    digits = "".join(str(unicodedata.decimal(one)) for one in text if one.isdecimal())
    if digits.startswith(f"00{CHINA}"):
        return digits.removeprefix(f"00{CHINA}")
    national = digits.removeprefix(CHINA)
    written_out = text.lstrip("( ").startswith("+")
    return national if written_out or len(national) >= LEAST_NATIONAL else digits
