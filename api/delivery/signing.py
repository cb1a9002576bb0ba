"""Signatures as Standard Webhooks describes them (standardwebhooks.com, version 1)."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

SECRET_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32  # Standard Webhooks: between 24 and 64


def make_secret() -> str:
    """Return a new random secret: whsec_ and base64 (the usual alphabet, not the one of URLs)."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(message_id: str, at: datetime, body: bytes, secret: str) -> str:
    """Return one signature: v1, a comma and base64 of HMAC-SHA256 over id.timestamp.body.

    Raises:
        ValueError: The secret is not whsec_ and base64.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook's secret is whsec_ and base64") from error
    signed = f"{message_id}.{int(at.timestamp())}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


def make_headers(
    message_id: str, at: datetime, body: bytes, valid_secrets: Sequence[str]
) -> dict[str, str]:
    """Return the three headers that a receiver verifies.

    Args:
        message_id: The event's id, the same at every try.
        at: When this try is made: receivers refuse timestamps older than some minutes.
        body: What is sent, byte for byte.
        valid_secrets: Each signs; the receiver needs only one of them.
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(sign(message_id, at, body, one) for one in valid_secrets),
    }
