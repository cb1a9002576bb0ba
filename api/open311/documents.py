"""What the Open311 resources look like: the discovery document, and their part of OpenAPI."""

from typing import Any, Final

from api.open311.form import MULTIPART, URLENCODED
from api.open311.formats import to_xml

SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
CHANGED: Final = "2026-11-23T00:00:00Z"
"""When what this service offers under Open311 last changed."""

Schema = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

FORMAT_PARAMETER: Final[Schema] = {
    "name": "format",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "enum": ["json", "xml"]},
}


def discovery(url: str) -> dict[str, Any]:
    """Return the discovery document.

    Args:
        url: Under which the resources stand.
    """
    return {
        "changeset": CHANGED,
        "contact": "Ask the bureau that runs this service for a key.",
        "key_service": "Keys are given out by the bureau: street-issues-api keys create.",
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": url,
                "changeset": CHANGED,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }


def _document(
    words: str, tag: str, schema: Schema, example: Any, *, status: int = 200
) -> Responses:
    """Describe an answer that comes as JSON or as XML."""
    return {
        status: {
            "description": words,
            "content": {
                "application/json": {"schema": schema, "example": example},
                "text/xml": {"example": to_xml(tag, example)},
            },
        }
    }


def _object(properties: dict[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


_TEXT: Final[Schema] = {"type": "string"}
_MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}
_MAYBE_NUMBER: Final[Schema] = {"type": ["number", "null"]}
_TIME: Final[Schema] = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}


def _list_of(item: Schema) -> Schema:
    return {"type": "array", "items": item}


_ID_EXAMPLE: Final = "01890a5d-ac96-774b-bcce-b302099a8057"

DISCOVERY: Final = _document(
    "Where the service is.",
    "discovery",
    _object(
        {
            "changeset": _TEXT,
            "contact": _TEXT,
            "key_service": _TEXT,
            "endpoints": _list_of({"type": "object"}),
        }
    ),
    discovery("https://bureau.example/open311/v2"),
)
SERVICES: Final = _document(
    "What can be reported.",
    "services",
    _list_of(
        _object(
            {
                "service_code": _TEXT,
                "service_name": _TEXT,
                "description": _TEXT,
                "metadata": {"type": "boolean"},
                "type": {"type": "string", "enum": ["realtime"]},
                "keywords": _TEXT,
                "group": _TEXT,
            }
        )
    ),
    [
        {
            "service_code": "overflowing_bin",
            "service_name": "垃圾满溢",
            "description": "垃圾桶满溢，或垃圾堆放在桶边",
            "metadata": False,
            "type": "realtime",
            "keywords": "垃圾, 满溢, bin",
            "group": "市容环境",
        }
    ],
)
SERVICE: Final = _document(
    "A service without further fields.",
    "service_definition",
    _object({"service_code": _TEXT, "attributes": _list_of({"type": "object"})}),
    {"service_code": "overflowing_bin", "attributes": []},
)
CREATED: Final = _document(
    "It was taken in.",
    "service_requests",
    _list_of(
        _object({"service_request_id": _TEXT, "service_notice": _TEXT, "account_id": _MAYBE_TEXT})
    ),
    [
        {
            "service_request_id": _ID_EXAMPLE,
            "service_notice": "已收到，工作人员将尽快核实。",
            "account_id": None,
        }
    ],
    status=201,
)
TOKEN: Final = _document(
    "The request of a token.",
    "service_requests",
    _list_of(_object({"service_request_id": _TEXT, "token": _TEXT})),
    [{"service_request_id": _ID_EXAMPLE, "token": _ID_EXAMPLE}],
)
REQUESTS: Final = _document(
    "Service requests.",
    "service_requests",
    _list_of(
        _object(
            {
                "service_request_id": _TEXT,
                "status": {"type": "string", "enum": ["open", "closed"]},
                "status_notes": _TEXT,
                "service_name": _TEXT,
                "service_code": _TEXT,
                "description": _MAYBE_TEXT,
                "agency_responsible": _MAYBE_TEXT,
                "service_notice": _MAYBE_TEXT,
                "requested_datetime": _TIME,
                "updated_datetime": _TIME,
                "expected_datetime": _MAYBE_TIME,
                "address": _MAYBE_TEXT,
                "address_id": _MAYBE_TEXT,
                "zipcode": _MAYBE_TEXT,
                "lat": _MAYBE_NUMBER,
                "long": _MAYBE_NUMBER,
                "media_url": _MAYBE_TEXT,
                "extended_attributes": {"type": "object"},
            },
            optional=("extended_attributes",),
        )
    ),
    [
        {
            "service_request_id": _ID_EXAMPLE,
            "status": "open",
            "status_notes": "已派遣，处理中",
            "service_name": "垃圾满溢",
            "service_code": "overflowing_bin",
            "description": None,
            "agency_responsible": None,
            "service_notice": None,
            "requested_datetime": "2026-03-02T09:00:00+08:00",
            "updated_datetime": "2026-03-02T10:30:00+08:00",
            "expected_datetime": "2026-03-02T15:30:00+08:00",
            "address": None,
            "address_id": None,
            "zipcode": None,
            "lat": 31.2304,
            "long": 121.4737,
            "media_url": None,
        }
    ],
)

_LINE: Final[Schema] = {"type": "string", "maxLength": 200}
_FORM: Final[Schema] = {
    "type": "object",
    "required": ["service_code"],
    "properties": {
        "api_key": {"type": "string", "description": "Not looked at if a header carries one."},
        "service_code": _LINE,
        "lat": {"type": "number", "minimum": -90, "maximum": 90, "description": "WGS-84."},
        "long": {"type": "number", "minimum": -180, "maximum": 180, "description": "WGS-84."},
        "address_string": _LINE,
        "address_id": _LINE,
        "email": _LINE,
        "device_id": _LINE,
        "account_id": _LINE,
        "first_name": _LINE,
        "last_name": _LINE,
        "phone": _LINE,
        "description": {"type": "string", "maxLength": 4000},
        "media_url": {
            "type": "string",
            "pattern": r"^(https?://[^\x00-\x20\x7f]+)?$",  # Empty: not sent.
            "maxLength": 2000,
            "description": "Kept for people to look at; it is never fetched.",
        },
        "jurisdiction_id": _LINE,
    },
}
_FORM_EXAMPLE: Final = {
    "api_key": "sid_…",
    "service_code": "overflowing_bin",
    "lat": 31.2304,
    "long": 121.4737,
    "description": "垃圾桶满了",
}
FORM_BODY: Final[Schema] = {
    "requestBody": {
        "required": True,
        "content": {
            URLENCODED: {"schema": _FORM, "example": _FORM_EXAMPLE},
            MULTIPART: {"schema": _FORM, "example": _FORM_EXAMPLE},
        },
    }
}
