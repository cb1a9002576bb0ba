from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from api.errors import ConflictError, InvalidError, NotFoundError, UnauthenticatedError
from api.principal import ROLES, Role
from api.security.key_cache import KeyCache
from api.security.keys import WantedKey, authenticate, create_key, recall_key, revoke
from api.store.audit import list_audit
from api.store.keys import list_keys
from api.store.side_tables import audit, keys

if TYPE_CHECKING:
    from api.principal import Principal
    from api.services import Services


def make(
    services: "Services", role: Role = "handler", *, secret: str | None = None, **kw: object
) -> "tuple[Principal, str]":
    wanted = WantedKey(**{"name": "a key", "role": role, **kw})  # type: ignore[arg-type]  # as the test says
    return create_key(services, wanted, actor="system:test", secret=secret)


@pytest.mark.parametrize("role", ROLES)
def test_a_new_key_opens_what_it_was_made_for(services: "Services", role: Role) -> None:
    principal, secret = make(services, role, originals=True, grids=("110101", "110102"))
    services.known_keys = KeyCache()
    assert authenticate(services, secret) == principal
    assert (principal.role, principal.originals) == (role, True)
    assert principal.grids == ("110101", "110102")


def test_the_key_itself_is_nowhere_in_the_database(services: "Services") -> None:
    _, secret = make(services)
    with services.database.read() as connection:
        rows = [*connection.execute(select(keys)), *connection.execute(select(audit))]
    assert len(rows) == 2
    assert secret not in str(rows)
    assert secret.removeprefix("sid_") not in str(rows)


@pytest.mark.parametrize(
    "wrong", ["", "sid_", "sid_" + "A" * 43, "é" * 40, "a" * 10_000, "\x00" * 40]
)
def test_other_keys_open_nothing(services: "Services", wrong: str) -> None:
    make(services)
    with pytest.raises(UnauthenticatedError):
        authenticate(services, wrong)


def test_another_secret_makes_every_key_worthless(services: "Services") -> None:
    from api.security.keyring import Keyring

    _, secret = make(services)
    services.known_keys = KeyCache()
    services.keyring = Keyring(b"another secret of thirty-two bytes and more")
    with pytest.raises(UnauthenticatedError):
        authenticate(services, secret)


def test_a_revoked_key_is_refused_at_once_here(services: "Services") -> None:
    principal, secret = make(services)
    authenticate(services, secret)
    revoked = revoke(services, principal.id, actor="system:test")
    assert revoked.revoked_at == services.clock()
    assert recall_key(services, secret) is None
    with pytest.raises(UnauthenticatedError):
        authenticate(services, secret)


def test_a_key_revoked_elsewhere_is_refused_after_the_caches_life(services: "Services") -> None:
    now = 100.0
    services.known_keys = KeyCache(5.0, lambda: now)
    principal, secret = make(services)
    authenticate(services, secret)
    here = services.known_keys
    services.known_keys = KeyCache()  # As another process has its own.
    revoke(services, principal.id, actor="system:test")
    services.known_keys = here
    assert authenticate(services, secret) == principal
    now += 5.1
    with pytest.raises(UnauthenticatedError):
        authenticate(services, secret)


def test_revoking_twice_is_harmless_and_written_once(services: "Services") -> None:
    principal, _ = make(services)
    first = revoke(services, principal.id, actor="system:test")
    assert revoke(services, principal.id, actor="system:test") == first
    with services.database.read() as connection:
        actions = [row.action for row in list_audit(connection)]
    assert actions == ["key.revoked", "key.created"]


def test_an_unknown_key_cannot_be_revoked(services: "Services") -> None:
    with pytest.raises(NotFoundError):
        revoke(services, "01890a5d-ac96-774b-bcce-b302099a8057", actor="system:test")


def test_a_preset_key_works_and_is_taken_once(services: "Services") -> None:
    preset = "a-preset-key-of-forty-characters-0123456"
    principal, secret = make(services, "admin", secret=preset)
    assert secret == preset
    assert authenticate(services, preset) == principal
    with pytest.raises(ConflictError):
        make(services, "admin", secret=preset)
    with services.database.read() as connection:
        assert len(list_keys(connection)) == 1
        assert len(list_audit(connection)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "king"},
        {"grids": ("",)},
        {"grids": ("1\n",)},
        {"secret": "short"},
        {"secret": "with spaces " * 5},
    ],
)
def test_what_makes_no_sense_is_refused(services: "Services", wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        make(services, **wrong)  # type: ignore[arg-type]  # wrong on purpose


def test_keys_are_listed_oldest_first_with_the_revoked(services: "Services") -> None:
    first, _ = make(services)
    services.clock.advance(seconds=1)  # type: ignore[attr-defined]  # the tests' clock
    second, _ = make(services)
    revoke(services, first.id, actor="system:test")
    with services.database.read() as connection:
        found = list_keys(connection)
    assert [key.principal.id for key in found] == [first.id, second.id]
    assert [key.revoked_at is None for key in found] == [False, True]
