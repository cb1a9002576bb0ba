"""The modules of the pages' routes."""

from types import ModuleType
from typing import Final

from api.web.routes import (
    admin,
    admin_imports,
    admin_keys,
    admin_rules,
    admin_webhooks,
    after_photos,
    assets,
    boxes,
    cases,
    citizen,
    home,
    languages,
    ledger,
    queue,
    sign_in,
    statistics,
    wall,
    zones,
)

PAGES: Final[tuple[ModuleType, ...]] = (
    admin,
    admin_imports,
    admin_keys,
    admin_rules,
    admin_webhooks,
    after_photos,
    assets,
    boxes,
    cases,
    citizen,
    home,
    languages,
    ledger,
    queue,
    sign_in,
    statistics,
    wall,
    zones,
)
