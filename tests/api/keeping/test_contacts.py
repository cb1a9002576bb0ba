import pytest

from api.intake.contacts import normalise_contact


@pytest.mark.parametrize(
    "text",
    [
        "13912345678",
        " 139 1234 5678",
        "139-1234-5678",
        "+8613912345678",
        "+86 (139) 1234 5678",
        "008613912345678",
        "8613912345678",
        "１３９１２３４５６７８",
        "＋８６ 139 1234 5678",
    ],
)
def test_one_phone_in_many_spellings(text: str) -> None:
    assert normalise_contact("phone", text) == "13912345678"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("010-8612 3456", "01086123456"),
        ("8612 3456", "86123456"),  # A number of Beijing without its area code.
        ("86 010 8612 3456", "01086123456"),
        ("+44 20 7946 0000", "442079460000"),
        ("None", "none"),  # Not the same as every other text without a digit.
        ("", ""),
    ],
)
def test_phones(text: str, expected: str) -> None:
    assert normalise_contact("phone", text) == expected
    assert normalise_contact("phone", expected) == expected


@pytest.mark.parametrize("name", ["email", "account_id", "device_id"])
def test_other_contacts_know_no_case_and_no_width(name: str) -> None:
    assert normalise_contact(name, " Wang@Example.ORG ") == "wang@example.org"
    assert normalise_contact(name, "Ｗang@example.org") == "wang@example.org"
    assert normalise_contact(name, "86139") == "86139"
