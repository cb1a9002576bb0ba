"""Secrets that the service gives out, and the keyed hashes it keeps of them."""

import hashlib
import hmac
import secrets
from typing import Final

SECRET_BYTES: Final = 32
"""256 random bits: nobody guesses one, so no slow hash is needed."""


class Keyring:
    """Hashes keys and tokens with the service's secret. Safe to use from several threads."""

    def __init__(self, secret: bytes) -> None:
        """Keep the secret; every replica needs the same."""
        self._secret = secret

    def hash(self, purpose: str, text: str) -> str:
        """Return the HMAC-SHA256 of a text, 64 hex digits.

        Args:
            purpose: Separates uses ("key", "token", "reporter", "idempotency"): the same text
                hashes differently for each.
            text: What was given out, or what a person sent.
        """
        # The length keeps "ab" + "c" and "a" + "bc" apart.
        message = f"{len(purpose)}:{purpose}:{text}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, message, hashlib.sha256).hexdigest()

    @staticmethod
    def new_secret(prefix: str) -> str:
        """Return a prefix and 256 random bits as 43 characters of base64url.

        Args:
            prefix: "sid_" for keys, "fol_" for follow tokens: says what was found when one is
                found somewhere.
        """
        return prefix + secrets.token_urlsafe(SECRET_BYTES)
