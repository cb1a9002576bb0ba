"""Messages over a stream socket: a pickled head, and photos as plain bytes behind it.

Both ends are this program and neither listens anywhere, so pickle is no way in. Photos stay out of
the pickle: they would be copied twice more on each side.
"""

import pickle
import socket
import struct
from collections.abc import Sequence
from typing import Any, Final

LENGTH: Final = struct.Struct("<Q")
MOST_BYTES: Final = 2**33
"""A length over this is garbage; the largest body of a request is 1 GiB."""


class ClosedError(Exception):
    """The other end is gone, or speaks garbage."""


def send_message(connection: socket.socket, head: object, blobs: Sequence[bytes] = ()) -> None:
    """Send a head and the bytes that go with it.

    Raises:
        ClosedError: The other end is gone.
        TimeoutError: The socket's timeout passed.
    """
    packed = pickle.dumps((head, tuple(len(blob) for blob in blobs)), pickle.HIGHEST_PROTOCOL)
    try:
        connection.sendall(LENGTH.pack(len(packed)) + packed)
        for blob in blobs:
            connection.sendall(blob)
    except TimeoutError:
        raise
    except OSError as error:
        raise ClosedError from error


def receive_message(connection: socket.socket) -> tuple[Any, tuple[bytes, ...]]:
    """Wait for a head and the bytes that go with it.

    Raises:
        ClosedError: The other end is gone, or what came is no message.
        TimeoutError: The socket's timeout passed with nothing coming.
    """
    (length,) = LENGTH.unpack(_receive(connection, LENGTH.size))
    packed = _receive(connection, length)
    try:
        head, sizes = pickle.loads(packed)
    except Exception as error:  # Pickle raises many kinds on garbage.
        raise ClosedError from error
    return head, tuple(_receive(connection, size) for size in sizes)


def _receive(connection: socket.socket, n_bytes: int) -> bytes:
    """Return so many bytes, in one copy where the socket has no timeout."""
    if n_bytes > MOST_BYTES:
        raise ClosedError
    parts: list[bytes] = []
    missing = n_bytes
    while missing:
        try:
            part = connection.recv(missing, socket.MSG_WAITALL)
        except TimeoutError:
            raise
        except OSError as error:
            raise ClosedError from error
        if not part:
            raise ClosedError
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
