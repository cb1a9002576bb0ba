"""The audit log as people read it: names for keys, words for what was done."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from api.services import Services
from api.store.audit import AuditFilter, AuditRow, list_audit
from api.store.keys import list_keys

PAGE_ROWS: Final = 50
_ACTOR: Final = re.compile(r"key:([0-9a-f-]{36})")
ACTION_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "key.created": ("新建密钥", "key made"),
    "key.revoked": ("停用密钥", "key revoked"),
    "session.opened": ("登录", "signed in"),
    "session.closed": ("退出", "signed out"),
    "webhook.created": ("新建推送", "webhook made"),
    "webhook.changed": ("修改推送", "webhook changed"),
    "webhook.disabled": ("推送被停用", "webhook disabled"),
    "webhook.secret_rotated": ("更换推送密钥", "webhook secret rotated"),
    "webhook.deleted": ("删除推送", "webhook deleted"),
    "webhook.tested": ("测试推送", "webhook tested"),
    "webhook.replayed": ("重新推送", "webhook replayed"),
    "grid.imported": ("导入网格", "grid imported"),
    "toilets.imported": ("导入公厕", "toilets imported"),
    "camera.registered": ("登记摄像机", "camera registered"),
    "camera.changed": ("修改摄像机", "camera changed"),
    "camera.retired": ("停用摄像机", "camera retired"),
    "photo.original_read": ("查看原图", "original photo read"),
    "feedback.exported": ("导出反馈", "feedback exported"),
    "ledger.exported": ("导出台账", "ledger exported"),
    "report.erased": ("删除上报人信息", "report erased"),
}


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What somebody looks for."""

    actor: str | None = None
    """Part of a key's name, or the beginning of an actor."""
    action: str | None = None
    target: str | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A row with names."""

    row: AuditRow
    actor: str
    target: str
    details: str
    """As JSON on one line; empty: none."""


def name_keys(services: Services) -> Mapping[str, str]:
    """Return the names of all keys by their ids."""
    with services.database.read() as connection:
        return {key.principal.id: key.principal.name for key in list_keys(connection)}


def page_audit(
    services: Services, search: AuditSearch, before: int | None
) -> tuple[tuple[AuditLine, ...], int | None]:
    """Return a page of rows, the newest first, and the row before which the next page begins."""
    names = name_keys(services)
    asked = search.actor
    alike = (
        ()
        if asked is None
        else tuple(f"key:{id_}" for id_, name in names.items() if asked.lower() in name.lower())
    )
    wanted = AuditFilter(asked, alike, search.action, search.target)
    with services.database.read() as connection:
        rows = list_audit(connection, before_seq=before, limit=PAGE_ROWS + 1, wanted=wanted)
    shown = rows[:PAGE_ROWS]
    return (
        tuple(_line(row, names) for row in shown),
        shown[-1].seq if len(rows) > PAGE_ROWS else None,
    )


def name_actor(actor: str, names: Mapping[str, str]) -> str:
    """Return who did something: a key's name, or the actor as it is."""
    return names.get(actor.removeprefix("key:"), actor)


def name_within(text: str, names: Mapping[str, str]) -> str:
    """Return a message with keys' names in the place of their actors."""
    return _ACTOR.sub(lambda match: names.get(match[1], match[0]), text)


def _line(row: AuditRow, names: Mapping[str, str]) -> AuditLine:
    kind, _, id_ = row.target.partition("/")
    target = names.get(id_, row.target) if kind == "keys" else row.target
    details = json.dumps(dict(row.details), ensure_ascii=False) if row.details else ""
    return AuditLine(row, name_actor(row.actor, names), target, details)
