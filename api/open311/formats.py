"""JSON and XML for one value, as GeoReport v2 maps them on each other."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import Response

Format = Literal["json", "xml"]

MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "json": "application/json; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
}
# What one thing of a list is called; JSON has no names for them.
_ITEM_TAGS: Final[Mapping[str, str]] = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "endpoints": "endpoint",
    "formats": "format",
}
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold, not even escaped."""


def asked_format(request: Request) -> Format:
    """Return the format that a request asks for: by the end of its path, else by Accept."""
    path = request.url.path
    if path.endswith(".xml"):
        return "xml"
    if path.endswith(".json"):
        return "json"
    accepted = request.headers.get("accept", "").lower()
    places = {form: accepted.find(form) for form in ("json", "xml")}
    # A browser's "text/html,application/xhtml+xml,application/xml" wants to be read by a person.
    wants_xml = places["xml"] >= 0 and places["json"] < 0 and "html" not in accepted
    return "xml" if wants_xml else "json"


def make_answer(request: Request, tag: str, value: Any, status: int = 200) -> Response:
    """Answer with a value in the format asked for.

    Args:
        request: Says the format.
        tag: Of XML's root; JSON has none.
        value: Of objects, lists, text, numbers, truth and None.
        status: Of HTTP.
    """
    form = asked_format(request)
    text = to_xml(tag, value) if form == "xml" else to_json(value)
    return Response(text.encode(), status, media_type=MEDIA_TYPES[form])


def to_json(value: Any) -> str:
    """Return a value as JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def to_xml(tag: str, value: Any) -> str:
    """Return a value as an XML document without namespaces, declaration first."""
    body = ElementTree.tostring(_element(tag, value), encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'


def _element(tag: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(tag)
    if isinstance(value, Mapping):
        element.extend(_element(name, inner) for name, inner in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        element.extend(_element(_ITEM_TAGS[tag], item) for item in value)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is not None:
        element.text = _NOT_IN_XML.sub("�", str(value))
    return element
