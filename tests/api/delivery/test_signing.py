"""What the receivers' own library says of our signatures."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from api.delivery.signing import make_headers, make_secret, sign

BODIES = st.dictionaries(st.text(), st.text() | st.integers()).map(
    lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
)


@given(body=BODIES, key=st.binary(min_size=24, max_size=64))
def test_the_library_verifies_every_body_and_key(body: bytes, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = make_headers("msg_1", datetime.now(UTC), body, [secret])
    assert Webhook(secret).verify(body, headers) == json.loads(body)


def test_each_of_several_secrets_verifies_while_rotating() -> None:
    old, new, other = make_secret(), make_secret(), make_secret()
    headers = make_headers("msg_1", datetime.now(UTC), b"{}", [new, old])
    assert Webhook(new).verify(b"{}", headers) == {}
    assert Webhook(old).verify(b"{}", headers) == {}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(b"{}", headers)


def test_a_changed_body_id_or_time_does_not_verify() -> None:
    secret = make_secret()
    headers = make_headers("msg_1", datetime.now(UTC), b'{"a":1}', [secret])
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b'{"a":2}', headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b'{"a":1}', {**headers, "webhook-id": "msg_2"})
    later = str(int(headers["webhook-timestamp"]) + 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b'{"a":1}', {**headers, "webhook-timestamp": later})
    old = make_headers("msg_1", datetime.now(UTC) - timedelta(minutes=6), b"{}", [secret])
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(b"{}", old)


def test_secrets_are_random_and_of_256_bits() -> None:
    made = {make_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(base64.b64decode(one.removeprefix("whsec_"))) == 32 for one in made)


def test_a_secret_that_is_not_base64_is_refused() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        sign("msg_1", datetime.now(UTC), b"{}", "whsec_not_base64!")
