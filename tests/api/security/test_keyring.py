import re

from hypothesis import given
from hypothesis import strategies as st

from api.security.keyring import Keyring

KEYRING = Keyring(b"a secret of at least thirty-two bytes")


@given(st.text(), st.text(), st.text(), st.text())
def test_purposes_and_texts_never_mix(purpose: str, text: str, other: str, third: str) -> None:
    same = (purpose, text) == (other, third)
    assert (KEYRING.hash(purpose, text) == KEYRING.hash(other, third)) is same


def test_the_hash_is_keyed() -> None:
    assert KEYRING.hash("key", "x") != Keyring(b"another secret of thirty-two bytes.").hash(
        "key", "x"
    )


def test_the_hash_stays_the_same_over_releases() -> None:
    # Written into every ledger: another form would make every key worthless.
    hashed = Keyring(b"0" * 32).hash("key", "sid_example")
    assert re.fullmatch("[0-9a-f]{64}", hashed)
    assert hashed == "a59082f70a6d4cec6664ccd5c419243d9d58b34fd10b9992d0ac4944af68890b"


def test_secrets_hold_256_bits_and_never_repeat() -> None:
    made = {Keyring.new_secret("sid_") for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"sid_[A-Za-z0-9_-]{43}", one) for one in made)
