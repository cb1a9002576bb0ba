"""Routes: Open311 GeoReport v2, for clients that know nothing of this project.

Everybody may read, as the standard has it; only a key reads what citizens wrote, and only a key
hands in.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.errors import ForbiddenError, InvalidError, NotFoundError
from api.http.deps import BearerCredentials, HeaderKey, get_services, identify, limit_address
from api.ids import is_id
from api.intake.accepting import accept_report
from api.open311.documents import (
    CREATED,
    DISCOVERY,
    FORM_BODY,
    FORMAT_PARAMETER,
    REQUESTS,
    SERVICE,
    SERVICES,
    TOKEN,
    Responses,
    discovery,
)
from api.open311.errors import PREFIX, error_responses, render_problem
from api.open311.form import make_report, parse_form, read_form
from api.open311.formats import make_answer
from api.open311.queries import parse_filter, parse_page, parse_span, split_list
from api.open311.service_requests import Reader, find_service_requests, list_service_requests
from api.open311.words import NOTICE, choose_language, find_label, list_services
from api.principal import Principal
from api.services import Services


def check_format(request: Request) -> None:
    """Refuse formats that the standard does not know.

    Raises:
        NotFoundError: The path ends in something else than .json or .xml.
    """
    ending = request.path_params.get("format")
    if ending not in {None, "json", "xml"}:
        raise NotFoundError("format", ending)


router = APIRouter(tags=["open311"], dependencies=[Depends(check_format)])

MOST_IDS: Final = 200
"""Of one query; an address of that many UUIDs is 7 KiB, what proxies let through."""

GivenServices = Annotated[Services, Depends(get_services)]
AcceptLanguage = Annotated[
    str, Header(description="English if it is named before Chinese; else Chinese.")
]
Jurisdiction = Annotated[
    str | None, Query(max_length=200, description="Not looked at: there is one jurisdiction.")
]
RequestId = Annotated[
    str, Path(max_length=80, description="As POST answered it, or from the list.")
]


class ListQuery(BaseModel):
    """What GET /requests may be asked; an empty text is the same as none."""

    model_config = ConfigDict(frozen=True)

    service_request_id: list[str] = Field(
        [], max_length=MOST_IDS, description="Of cases or reports; several, or with commas."
    )
    service_code: list[str] = Field([], max_length=MOST_IDS, description="Several, or with commas.")
    status: list[str] = Field([], max_length=10, description="open, closed, or both.")
    start_date: str = Field(
        "", max_length=40, description="Such as 2026-03-02T09:00:00+08:00; without both, 90 days."
    )
    end_date: str = Field("", max_length=40, description="At most 90 days after start_date.")
    page: str = Field("", max_length=9, description="A number from 1.")
    page_size: str = Field("", max_length=9, description="A number from 1 to 1000.")
    extensions: str = Field("", max_length=5, description="true: extended_attributes, too.")
    jurisdiction_id: str = Field("", max_length=200, description="Not looked at.")
    api_key: str = Field("", max_length=200, description="A key, if headers cannot be set.")


async def find_reader(
    request: Request,
    bearer: BearerCredentials,
    header_key: HeaderKey,
    accept_language: AcceptLanguage = "",
) -> Reader:
    """Return who reads: anybody, or somebody with a key, which must then be right."""
    language = choose_language(accept_language)
    sent = bearer.credentials if bearer is not None else header_key
    secret = sent or request.query_params.get("api_key")
    if not secret:
        await limit_address(request)
        return Reader(None, language)
    return Reader(await identify(request, secret), language)


GivenReader = Annotated[Reader, Depends(find_reader)]


async def show_discovery(
    request: Request, services: GivenServices, reader: GivenReader
) -> Response:
    """Say where this service is, and which formats it speaks."""
    del reader  # Counts the request.
    base = services.settings.public_url or str(request.base_url)
    return make_answer(request, "discovery", discovery(base.rstrip("/") + PREFIX))


async def show_services(
    request: Request,
    services: GivenServices,
    reader: GivenReader,
    jurisdiction_id: Jurisdiction = None,
) -> Response:
    """List what can be reported; each label is a service, and `other` is for the unsure."""
    del jurisdiction_id
    return make_answer(request, "services", list_services(services.rules, reader.language))


async def show_service(
    request: Request,
    services: GivenServices,
    reader: GivenReader,
    service_code: Annotated[str, Path(max_length=80)],
    jurisdiction_id: Jurisdiction = None,
) -> Response:
    """Describe one service; none asks for more than the standard's own fields."""
    del jurisdiction_id, reader
    try:
        find_label(services.rules, service_code)
    except KeyError:
        raise NotFoundError("service with the service_code", service_code) from None
    answer: dict[str, Any] = {"service_code": service_code, "attributes": []}
    return make_answer(request, "service_definition", answer)


async def create_service_request(
    request: Request,
    services: GivenServices,
    bearer: BearerCredentials,
    header_key: HeaderKey,
    accept_language: AcceptLanguage = "",
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Hand in a problem. The answer's `service_request_id` follows it from now on."""
    sent = bearer.credentials if bearer is not None else header_key
    # A key in a header is looked at before the form is read.
    principal = _check_right(await identify(request, sent)) if sent else None
    fields = await read_form(request)
    if principal is None:
        secret = fields.get("api_key") or request.query_params.get("api_key")
        principal = _check_right(await identify(request, secret))
    form = parse_form(fields)
    new = make_report(services.rules, form, principal.id, idempotency_key)
    accepted = await run_in_threadpool(accept_report, services, new)
    row = {
        "service_request_id": accepted.report.id,
        "service_notice": NOTICE.in_language(choose_language(accept_language)),
        "account_id": form.account_id,
    }
    return make_answer(request, "service_requests", [row], 201)


def show_token(
    request: Request,
    services: GivenServices,
    reader: GivenReader,
    token: Annotated[str, Path(max_length=80)],
    jurisdiction_id: Jurisdiction = None,
) -> Response:
    """Return the request of a token. Requests get their id at once, which is their token, too."""
    del jurisdiction_id
    if not is_id(token) or not find_service_requests(services, reader, [token.lower()]):
        raise NotFoundError("token", token)
    row = {"service_request_id": token.lower(), "token": token}
    return make_answer(request, "service_requests", [row])


def show_service_requests(
    request: Request,
    services: GivenServices,
    reader: GivenReader,
    asked: Annotated[ListQuery, Query()],
) -> Response:
    """List cases, newest first: the last 90 days, at most 1000. Ids overrule all else."""
    asking = Reader(reader.principal, reader.language, asked.extensions.lower() == "true")
    ids = split_list(asked.service_request_id)
    if len(ids) > MOST_IDS:
        raise InvalidError("too_many_ids", f"More than {MOST_IDS} ids.", "Ask in several queries.")
    if ids:
        known = [one.lower() for one in ids if is_id(one)]
        found = find_service_requests(services, asking, known)
        return make_answer(request, "service_requests", found)
    zone = services.rules.timezone
    span = parse_span(asked.start_date, asked.end_date, services.clock(), zone)
    wanted = parse_filter(asked.service_code, asked.status, span)
    rows = parse_page(asked.page, asked.page_size)
    found = list_service_requests(services, asking, wanted, offset=rows.offset, limit=rows.limit)
    return make_answer(request, "service_requests", found)


def show_service_request(
    request: Request,
    services: GivenServices,
    reader: GivenReader,
    service_request_id: RequestId,
    extensions: Annotated[str, Query(max_length=5)] = "",
    jurisdiction_id: Jurisdiction = None,
) -> Response:
    """Show one request, by the id of a report or of a case."""
    del jurisdiction_id
    asking = Reader(reader.principal, reader.language, extensions.lower() == "true")
    name = service_request_id
    found = find_service_requests(services, asking, [name.lower()]) if is_id(name) else []
    if not found:
        raise NotFoundError("service request", name)
    return make_answer(request, "service_requests", found)


def _check_right(principal: Principal) -> Principal:
    if not principal.may("report"):
        raise ForbiddenError(
            "right_missing",
            f"A key with the role {principal.role} may not hand in service requests.",
            "Ask an administrator for a key with the role citizen-intake.",
        )
    return principal


def _add(
    path: str,
    endpoint: Callable[..., Any],
    responses: Responses,
    *,
    method: str = "GET",
    body: dict[str, Any] | None = None,
) -> None:
    """Add a route twice: with the format's name at the end of its path, and without."""
    documented = responses | error_responses(400, 403, 404, 429, 503)
    for ending, parameters in ((".{format}", [FORMAT_PARAMETER]), ("", [])):
        router.add_api_route(
            PREFIX + path + ending,
            endpoint,
            methods=[method],
            status_code=min(status for status in responses if isinstance(status, int)),
            response_model=None,
            responses=documented,
            operation_id=endpoint.__name__ + ("_in_format" if ending else ""),
            summary=_SUMMARIES[endpoint.__name__],
            # An empty choice: no key is as good as one, but for POST, whose form may carry it.
            openapi_extra={"parameters": parameters, "security": [{}]} | (body or {}),
        )


_SUMMARIES: Final = {
    "show_discovery": "Where the service is",
    "show_services": "What can be reported",
    "show_service": "One service",
    "create_service_request": "Hand in a service request",
    "show_token": "The service request of a token",
    "show_service_requests": "List service requests",
    "show_service_request": "Look at a service request",
}

_add("/discovery", show_discovery, DISCOVERY)
_add("/services", show_services, SERVICES)
_add("/services/{service_code}", show_service, SERVICE)
_add("/requests", create_service_request, CREATED, method="POST", body=FORM_BODY)
_add("/tokens/{token}", show_token, TOKEN)
_add("/requests", show_service_requests, REQUESTS)
_add("/requests/{service_request_id}", show_service_request, REQUESTS)

__all__ = ["render_problem", "router"]
