"""Keys: who holds one, making and revoking."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from api.http.deps import get_services
from api.ids import new_id
from api.principal import ROLES, Principal, Role
from api.schemas.types import Id, ShortText
from api.security.granting import grant_key, list_granted, withdraw_key
from api.security.keys import WantedKey
from api.services import Services
from api.web.admin_audit import name_actor
from api.web.admin_webhooks import split_words
from api.web.forms import PageForm
from api.web.pages import show_page
from api.web.visitor import Visitor, visit

router = APIRouter(prefix="/console/admin/keys", include_in_schema=False)

Manager = Annotated[Visitor, Depends(visit("manage"))]
Parts = Annotated[Services, Depends(get_services)]


class NewKeyForm(PageForm):
    """A key that is wanted."""

    name: ShortText
    role: Role
    grids: str = Field(default="", max_length=4000)
    """Prefixes, apart by spaces, commas or lines."""
    originals: bool = False
    new: Id
    """The id of the key to be: a form that is sent twice makes one."""


class RevokeForm(PageForm):
    """A key that is to open nothing from now on."""

    key: Id


@router.get("")
def show_keys(request: Request, visitor: Manager, services: Parts) -> Response:
    """Show the keys that the visitor manages."""
    return _show(request, visitor, services)


@router.post("")
def make_key(
    request: Request, visitor: Manager, services: Parts, form: Annotated[NewKeyForm, Form()]
) -> Response:
    """Make a key; this answer, which nothing keeps, is the only one that shows it."""
    wanted = WantedKey(
        form.name.strip(), form.role, form.originals, split_words(form.grids), form.new
    )
    holder, secret = grant_key(services, visitor.principal, wanted)
    return _show(request, visitor, services, made=holder, secret=secret)


@router.post("/revoke")
def revoke_key(
    request: Request, visitor: Manager, services: Parts, form: Annotated[RevokeForm, Form()]
) -> Response:
    """Revoke a key; whoever is signed in with it no longer is."""
    del request
    withdraw_key(services, visitor.principal, form.key)
    return RedirectResponse("/console/admin/keys?revoked=1", 303)


def _show(
    request: Request,
    visitor: Visitor,
    services: Services,
    *,
    made: Principal | None = None,
    secret: str | None = None,
) -> Response:
    keys = list_granted(services, visitor.principal)
    names = {key.principal.id: key.principal.name for key in keys}
    return show_page(
        request,
        "admin_keys.html",
        keys=[(key, name_actor(key.created_by, names)) for key in reversed(keys)],
        roles=ROLES,
        made=made,
        secret=secret,
        revoked="revoked" in request.query_params,
        new=new_id(),
    )
