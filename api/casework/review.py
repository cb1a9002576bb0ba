"""What an operator decides with one press: accept, dismiss for a usual reason, merge."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, get_args

from sqlalchemy import Connection

from api.cases.case import Case
from api.cases.duplicates import Candidate
from api.cases.states import MoveName
from api.casework.moving import (
    MoveOrder,
    check_may_move,
    check_version,
    find_case,
    make_recorded_move,
)
from api.errors import NotFoundError
from api.principal import Principal
from api.services import Services
from api.store.case_neighbours import find_number
from api.store.case_reports import list_photos
from api.store.cases import get_cases
from api.store.duplicates import near_cases, same_photo_cases, similar_photo_cases
from detector.labels import Language

DismissalName = Literal["no_issue", "duplicate", "unclear", "not_ours", "gone", "permitted"]
DISMISSALS: Final[Mapping[DismissalName, tuple[str, str]]] = MappingProxyType(
    {
        "no_issue": ("不是问题（误报）", "Not an issue (false alarm)"),
        "duplicate": ("重复上报", "Reported already"),
        "unclear": ("照片不清，无法判断", "Photo too unclear to tell"),
        "not_ours": ("不属管辖范围", "Not within our remit"),
        "gone": ("问题已自行消除", "Gone by itself"),
        "permitted": ("合法经营或合法设置", "Permitted trade or installation"),
    }
)
"""Why cases are dismissed, as bureaus usually say."""
DISMISSAL_NAMES: Final[tuple[DismissalName, ...]] = get_args(DismissalName)

ALIKE_WITHIN: Final = 3
"""A merge is offered within so many times the distance at which reports join by themselves."""
LEAST_RADIUS_M: Final = 100.0
MOST_RADIUS_M: Final = 300.0
MOST_PHOTOS: Final = 5
"""Of a case that copies are looked for of."""
MOST_TWINS: Final = 9
"""They are chosen by the keys 1 to 9."""


@dataclass(frozen=True, slots=True)
class Twin:
    """Another case that may be the same problem."""

    case: Case
    distance_m: float | None
    same_photo: bool
    photo_bits: int | None
    """In which the most alike photos differ; None: none look alike."""


def accept_case(
    services: Services, principal: Principal, case_id: str, version: int | None
) -> Case:
    """Verify a case and file it, or file one that is verified; both moves or none.

    Raises:
        NotFoundError: The key sees no such case.
        ForbiddenError: The key may not.
        IllegalMoveError: Somebody decided otherwise before.
        ConflictError: The case has changed since it was seen.
    """
    check_may_move(principal, "file")
    now = services.clock()
    with services.database.write() as connection:
        case = find_case(connection, principal, case_id, lock=True)
        check_version(case, version)
        moves: tuple[MoveName, ...] = ("file",) if case.state == "verified" else ("verify", "file")
        for move in moves:
            order = MoveOrder(move)
            case = make_recorded_move(
                services, connection, case, order, actor=principal.actor, at=now
            )
    return case


def word_dismissal(name: DismissalName | None, own: str | None, language: Language) -> str | None:
    """Return the reason as the history keeps it: the usual words, then the operator's own."""
    usual = None if name is None else DISMISSALS[name][0 if language == "zh" else 1]
    joint = "：" if language == "zh" else ": "
    return joint.join(part for part in (usual, (own or "").strip()) if part) or None


def find_other(connection: Connection, principal: Principal, number: str) -> str:
    """Return the id of a case by the number that people say.

    Raises:
        NotFoundError: The key sees none of this number.
    """
    found = find_number(connection, number, principal.grids)
    if found is None:
        raise NotFoundError("case", number)
    return found


def find_twins(
    services: Services, connection: Connection, principal: Principal, case: Case
) -> tuple[Twin, ...]:
    """Return the open cases that may be the same problem, the likeliest first."""
    if case.ended_at is not None:
        return ()
    place = None if case.lat is None or case.lon is None else (case.lat, case.lon)
    found: dict[str, Candidate] = {}

    def note(candidates: tuple[Candidate, ...]) -> None:
        for one in candidates:
            known = found.get(one.case_id)
            if one.case_id != case.id and (known is None or _rank(one) < _rank(known)):
                found[one.case_id] = one

    for sha256, perceptual_hash in list(list_photos(connection, case.id).items())[:MOST_PHOTOS]:
        note(same_photo_cases(connection, sha256, place=place))
        if perceptual_hash is not None:
            bits = services.rules.similar_bits
            note(similar_photo_cases(connection, perceptual_hash, bits, place=place))
    if place is not None:
        near_m = services.rules.near_m.get(case.label or "", 0.0)
        radius_m = min(MOST_RADIUS_M, max(LEAST_RADIUS_M, ALIKE_WITHIN * near_m))
        for label in dict.fromkeys((case.label, None)):
            note(near_cases(connection, label, *place, radius_m))
    ranked = sorted(found.values(), key=_rank)
    cases = get_cases(connection, [one.case_id for one in ranked])
    twins = [
        Twin(cases[one.case_id], one.distance_m, one.same_photo, one.photo_bits)
        for one in ranked
        if one.case_id in cases and principal.sees(cases[one.case_id].grid_code)
    ]
    return tuple(twins[:MOST_TWINS])


def _rank(one: Candidate) -> tuple[int, float, str]:
    if one.same_photo:
        return 0, 0.0, one.case_id
    if one.photo_bits is not None:
        return 1, float(one.photo_bits), one.case_id
    return 2, one.distance_m or 0.0, one.case_id
