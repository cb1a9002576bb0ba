"""核查: a handler's after-photo is scored and compared; what comes of it advises a person."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection

from api.cases.case import Case
from api.cases.closing import ClosingEvidence, judge_after_photo
from api.cases.duplicates import differing_bits
from api.cases.places import distance_m, to_wgs84
from api.casework.ledger import make_event, record_note
from api.casework.moving import find_case
from api.errors import ApiError, BusyError, ConflictError
from api.ids import new_id
from api.intake.scoring import captured_at
from api.photos.entry import enter_photo
from api.principal import Principal
from api.scoring.base import Comparison, Scored
from api.services import Services
from api.store.case_reports import list_photos
from api.store.cases import newest_of
from api.store.closing_checks import ClosingCheck, checked_photos, insert_check, list_checks
from api.store.photos import describe_photo
from detector.decode import hash_photo
from detector.errors import PhotoError
from detector.labels import ISSUE_LABELS
from detector.photo_facts import Datum, Position
from detector.score_json import score_to_json

HANDLING = frozenset({"dispatched", "handled", "reported_back", "checked", "sent_back"})
"""States in which an after-photo makes sense."""
MOST_AFTER_PHOTOS = 50
"""Of one round that are looked at to see whether one was sent again."""


@dataclass(frozen=True, slots=True)
class AfterPhoto:
    """What a handler hands in."""

    data: bytes
    lat: float | None = None
    """Degrees, in `datum`."""
    lon: float | None = None
    datum: Datum = "wgs84"


def check_after_photo(
    services: Services, principal: Principal, case_id: str, after: AfterPhoto
) -> ClosingCheck:
    """Score and compare an after-photo, and keep what was found; the case does not move.

    The same photo from the same key again is answered as the first time.

    Raises:
        NotFoundError: The key sees no such case.
        ConflictError: The case is not being handled.
        BusyError: Every worker is busy; nothing was kept.
        ScoringError: The photo hung or killed its worker; nothing was kept.
        StorageError: It could not be kept.
    """
    with services.database.read() as connection:
        case = _find_handled(connection, principal, case_id)
        again = _find_again(connection, principal, case, hash_photo(after.data))
        known = list_photos(connection, case.id)
        used = known.keys() | checked_photos(connection, case.id)
    if again is not None:
        return again
    scored = services.pool.score(after.data, case.id).result()
    comparison = _compare(services, case, after)
    sha256 = services.photos.put(after.data)
    place = _find_place(after, scored)
    evidence = replace(
        _gather(case, place, scored, comparison),
        same_file=sha256 in used,
        hash_bits=_nearest_copy(scored, known.values()),
    )
    verdict = judge_after_photo(evidence, services.rules.closing)
    now = services.clock()
    check = ClosingCheck(
        id=new_id(),
        case_id=case.id,
        at=now,
        actor=principal.actor,
        photo_sha256=sha256,
        lat=None if place is None else place.lat,
        lon=None if place is None else place.lon,
        outcome=verdict.outcome,
        reasons=[asdict(reason) for reason in verdict.reasons],
        score=score_to_json(scored.score, context=True),
    )
    with services.database.write() as connection:
        # Photos before cases, as whoever scores a report: else the two might wait for each other.
        enter_photo(connection, services.photos, sha256, after.data, at=now)
        describe_photo(
            connection,
            sha256,
            image_wh=scored.score.image_wh,
            captured_at=captured_at(services, scored),
            perceptual_hash=scored.perceptual_hash,
            plates=[one.box_xyxy for one in scored.score.context if one.label == "licence_plate"],
        )
        case = _find_handled(connection, principal, case_id, lock=True)
        again = _find_again(connection, principal, case, sha256)
        if again is not None:  # Sent twice at once: the other one was quicker.
            return again
        insert_check(connection, check)
        event = make_event(
            case,
            "after_photo",
            at=now,
            actor=principal.actor,
            before=case,
            details={
                "check": check.id,
                "outcome": check.outcome,
                "reasons": [reason.code for reason in verdict.reasons],
            },
        )
        record_note(connection, case, event)
    return check


def _find_handled(
    connection: Connection, principal: Principal, case_id: str, *, lock: bool = False
) -> Case:
    case = find_case(connection, principal, case_id, lock=lock)
    if case.state not in HANDLING:
        raise ConflictError(
            "not_being_handled",
            f"Case {case.number} is {case.state}: there is nothing to check.",
            "An after-photo comes after the case was dispatched and before it is closed.",
        )
    return case


def _find_again(
    connection: Connection, principal: Principal, case: Case, sha256: str
) -> ClosingCheck | None:
    """Return what the same key's same photo came to since the case was last dispatched.

    Its answer was lost on the way, and it was sent again.
    """
    since = []
    for event in newest_of(connection, case.id, ("dispatch", "after_photo"), MOST_AFTER_PHOTOS):
        if event.action == "dispatch":
            break
        since.append(event.details.get("check"))
    return next(
        (
            check
            for check in list_checks(connection, case.id)
            if check.id in since and (check.photo_sha256, check.actor) == (sha256, principal.actor)
        ),
        None,
    )


def _nearest_copy(scored: Scored, hashes: Iterable[str | None]) -> int | None:
    """Return in how many bits the photo differs from the most alike of the case's; None: none."""
    if scored.perceptual_hash is None:
        return None
    bits = [differing_bits(scored.perceptual_hash, one) for one in hashes if one is not None]
    return min(bits, default=None)


def _find_place(after: AfterPhoto, scored: Scored) -> Position | None:
    """Return where the photo was taken: as sent, else as its EXIF says; WGS-84."""
    if after.lat is not None and after.lon is not None:
        return to_wgs84(after.lat, after.lon, after.datum)
    return scored.score.facts.position


def _compare(services: Services, case: Case, after: AfterPhoto) -> Comparison | None:
    """Compare with the case's first photo; None: there is none, or it cannot be opened."""
    if case.photo_sha256 is None:
        return None
    try:
        before = services.photos.get(case.photo_sha256)
        return services.pool.compare(before, after.data).result()
    except BusyError:
        raise
    except (ApiError, PhotoError):
        return None  # The verdict then says that the place is unknown.


def _gather(
    case: Case, place: Position | None, scored: Scored, comparison: Comparison | None
) -> ClosingEvidence:
    score = scored.score
    away_m = None
    if place is not None and case.lat is not None and case.lon is not None:
        away_m = distance_m(case.lat, case.lon, place.lat, place.lon)
    found = tuple(one.label for one in score.findings if one.flagged and one.label in ISSUE_LABELS)
    return ClosingEvidence(
        label=case.label,
        labels_found=None if score.error is not None else found,
        distance_m=away_m,
        inliers=None if comparison is None else comparison.inliers,
        features=None if comparison is None else comparison.features,
    )
