"""Addresses of cameras without what opens them."""

import re

HIDDEN = "***"

HARMLESS_QUERY_KEYS = frozenset(
    {
        "camera", "ch", "channel", "codec", "format", "fps", "height", "profile", "proto",
        "resolution", "stream", "streamtype", "subtype", "transport", "transportmode", "unicast",
        "width",
    }
)  # fmt: skip
"""Query values that tell cameras and their streams apart, as Hikvision, Dahua, Axis and Uniview
spell them. Any other value of a query may be a password or a token, and is hidden."""

_SCHEME = re.compile(r"^\s*([A-Za-z][A-Za-z0-9+.-]*):/{1,2}")
# admin:password@10.0.0.5/1, of somebody who forgot to write rtsp://. Files' names seldom look so.
_FORGOTTEN_SCHEME = re.compile(r"\s*[^/\\:@]+:.*@", re.DOTALL)
# Cameras of many small makers carry the password in the path:
# /user=admin_password=xyz_channel=1_stream=0.sdp, and /user=admin&password=xyz&channel=1.
_SECRET_IN_PATH = re.compile(
    r"(?i)((?:user(?:name)?|login|pass(?:word|wd)?|pwd|token|secret|auth\w*?|key|sig\w*?)=)"
    r"(.*?)(?=_[A-Za-z]+=|[&/;,?]|$)"
)


def hide_credentials(address: str) -> str:
    """Return an address that may be logged, shown and stored.

    User names, passwords, the values of unknown query keys and the fragment are replaced. Passwords
    that were not percent-encoded are hidden too, whatever signs they hold: in doubt more is hidden.
    A stream key that is a part of the path like any other (`rtmp://host/live/KEY`) cannot be known
    as one, and stays.

    Args:
        address: A URL of a stream, or a path of a local file, which is returned as it is.

    Returns:
        The address without its secrets.
    """
    scheme = _SCHEME.match(address)
    if scheme is None and _FORGOTTEN_SCHEME.match(address) is None:
        return address
    start = f"{scheme.group(1)}://" if scheme else ""
    rest = address[scheme.end() :] if scheme else address
    # A raw "/", "?" or "#" in a password ends the authority early for every parser, so the last
    # "@" of all is taken for the end of the credentials.
    userinfo, at, place = rest.rpartition("@")
    shown = f"{start}{HIDDEN}@" if at and userinfo else start
    place, fragment, _ = place.partition("#")
    path, question, query = place.partition("?")
    shown += _SECRET_IN_PATH.sub(rf"\g<1>{HIDDEN}", path)
    if question:
        shown += "?" + "&".join(_shown_pair(pair) for pair in query.split("&"))
    return shown + (f"#{HIDDEN}" if fragment else "")


def _shown_pair(pair: str) -> str:
    """Return one `key=value` of a query as it may be shown."""
    key, equals, value = pair.partition("=")
    if not equals:
        # A bare word may be a token: ?d41d8cd98f.
        return pair if pair.lower() in HARMLESS_QUERY_KEYS or not pair else HIDDEN
    if key.lower() in HARMLESS_QUERY_KEYS or not value:
        return pair
    return f"{key}={HIDDEN}"
