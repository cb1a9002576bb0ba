"""What a report comes to: it joins the case of the same problem, or opens one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from api.cases.case import Case, make_move
from api.cases.deadlines import reckon
from api.cases.duplicates import Candidate, Match, choose_case
from api.cases.priority import reckon_priority
from api.casework.ledger import make_event, record_change, record_opening
from api.ids import new_id
from api.services import Services
from api.store.case_reports import CaseReport, add_report, count_reports, speaks_for
from api.store.cases import get_case, next_case_number
from api.store.duplicates import index_photo, near_cases, same_photo_cases, similar_photo_cases
from api.store.reports import Report
from detector.detections import Finding, Severity
from detector.labels import ISSUE_LABELS

INTAKE: Final = "system:intake"
GRAVEST_FIRST: Final[tuple[Severity, ...]] = ("large", "medium", "small")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One problem that a report speaks of."""

    label: str | None
    findings: tuple[Finding, ...] = ()
    """That show it; none: the reporter says so, or nobody knows yet."""

    @property
    def severity(self) -> Severity | None:
        """The gravest among the findings."""
        seen = {finding.severity for finding in self.findings}
        return next((one for one in GRAVEST_FIRST if one in seen), None)


def list_sightings(label: str | None, findings: Sequence[Finding]) -> tuple[Sighting, ...]:
    """Return the problems that a report speaks of; never none: a person looks at every report.

    Args:
        label: What the reporter says; it counts even where the model does not see it.
        findings: Of the model, those under their threshold included.
    """
    flagged = [one for one in findings if one.flagged and one.label in ISSUE_LABELS]
    labels: list[str | None] = list(dict.fromkeys(one.label for one in flagged))
    if label not in labels and (label is not None or not labels):
        labels.append(label)
    return tuple(
        Sighting(name, tuple(one for one in flagged if one.label == name)) for name in labels
    )


def open_cases(
    services: Services,
    connection: Connection,
    report: Report,
    findings: Sequence[Finding] = (),
    perceptual_hash: str | None = None,
) -> tuple[Case, ...]:
    """Let a report join the cases of its problems, or open them.

    Args:
        services: What the service works with.
        connection: The transaction that also writes the report.
        report: With all that is known of its place.
        findings: What the model says of its photo.
        perceptual_hash: Of its photo, if that could be decoded.
    """
    # Five people report one bin at once: the second has to see the case that the first opens.
    services.database.serialise(connection, "cases")
    now = services.clock()
    cases = []
    for sighting in list_sightings(report.label, findings):
        candidates = _find_candidates(services, connection, report, sighting, perceptual_hash)
        match = choose_case(candidates, label=sighting.label, rules=services.rules)
        case = None if match is None else get_case(connection, match.case_id, lock=True)
        if match is None or case is None or case.ended_at is not None:
            case = _open_case(services, connection, report, sighting, now)
        else:
            case = _join_case(services, connection, case, report, sighting, match, now)
        if report.photo_sha256 is not None and perceptual_hash is not None:
            index_photo(connection, case.id, report.photo_sha256, perceptual_hash)
        cases.append(case)
    return tuple(cases)


def find_grid_code(services: Services, report: Report) -> str | None:
    """Return the grid cell that a report lies in; None: in none, or nobody knows."""
    if report.lat is None or report.lon is None:
        return None
    return services.grid.find(report.lat, report.lon)


def recount(services: Services, connection: Connection, case: Case) -> Case:
    """Return a case with its reports counted anew, and the priority that follows."""
    counted = count_reports(connection, case.id)
    return replace(
        case,
        reports_count=counted.reports,
        reporters_count=counted.reporters,
        priority=reckon_priority(
            case.severity, counted.reporters, services.rules, label=case.label
        ),
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What another report, or another case, knows of the same problem."""

    label: str | None
    severity: Severity | None
    photo_sha256: str | None
    lat: float | None
    lon: float | None
    address: str | None


def absorb(services: Services, connection: Connection, case: Case, known: Known) -> Case:
    """Return a case that also knows what another does, counted anew.

    What it knows itself stays; of the severities the graver counts.
    """
    label = case.label or known.label
    if case.lat is None and known.lat is not None and known.lon is not None:
        cell = services.grid.find(known.lat, known.lon)
        case = replace(case, lat=known.lat, lon=known.lon, grid_code=cell)
    return recount(
        services,
        connection,
        replace(
            case,
            label=label,
            event_code=case.event_code if case.label else services.rules.event_for(label).code,
            severity=_graver(case.severity, known.severity),
            photo_sha256=case.photo_sha256 or known.photo_sha256,
            address=case.address or known.address,
        ),
    )


def start_case(
    services: Services, connection: Connection, report: Report, sighting: Sighting, now: datetime
) -> Case:
    """Return a new case for a report's problem; nothing is written but its number."""
    number = next_case_number(connection, now.astimezone(services.rules.timezone).year)
    event = services.rules.event_for(sighting.label)
    return Case(
        id=new_id(),
        number=number,
        label=sighting.label,
        event_code=event.code,
        state="collected",
        source=report.source,
        lat=report.lat,
        lon=report.lon,
        address=report.address,
        grid_code=find_grid_code(services, report),
        severity=sighting.severity,
        priority=reckon_priority(sighting.severity, 1, services.rules, label=sighting.label),
        reports_count=1,
        reporters_count=1,
        photo_sha256=report.photo_sha256,
        opened_at=now,
        state_since=now,
        review_due_at=reckon(services.rules.review, now, services.calendar).at,
        due_at=None,
        due_note=None,
        ended_at=None,
        merged_into=None,
        version=1,
    )


def _find_candidates(
    services: Services,
    connection: Connection,
    report: Report,
    sighting: Sighting,
    perceptual_hash: str | None,
) -> tuple[Candidate, ...]:
    found: list[Candidate] = []
    place = None
    if report.lat is not None and report.lon is not None:
        place = (report.lat, report.lon)
        radius_m = services.rules.near_m.get(sighting.label or "")
        if radius_m is not None:
            found.extend(near_cases(connection, sighting.label, *place, radius_m))
    if report.photo_sha256 is not None:
        found.extend(same_photo_cases(connection, report.photo_sha256, place=place))
    if perceptual_hash is not None:
        bits = services.rules.similar_bits
        found.extend(similar_photo_cases(connection, perceptual_hash, bits, place=place))
    return tuple(found)


def _open_case(
    services: Services, connection: Connection, report: Report, sighting: Sighting, now: datetime
) -> Case:
    case = start_case(services, connection, report, sighting, now)
    event = make_event(
        case, "opened", at=now, actor=INTAKE, details=_describe(report, sighting, None)
    )
    record_opening(services, connection, case, event)
    add_report(connection, _joined(case, report, sighting, None, now))
    if report.source == "camera" and services.rules.camera_files_at_once:
        for name in ("verify", "file"):
            moved = make_move(case, name, at=now)
            line = make_event(moved, name, at=now, actor="system:camera", before=case)
            record_change(services, connection, moved, line)
            case = moved
    return case


def _join_case(
    services: Services,
    connection: Connection,
    case: Case,
    report: Report,
    sighting: Sighting,
    match: Match,
    now: datetime,
) -> Case:
    if speaks_for(connection, case.id, report.id):
        return case  # Claimed and seen are one problem of an unlabelled case.
    add_report(connection, _joined(case, report, sighting, match, now))
    joined = absorb(
        services,
        connection,
        replace(case, version=case.version + 1),
        Known(
            label=sighting.label,
            severity=sighting.severity,
            photo_sha256=report.photo_sha256,
            lat=report.lat,
            lon=report.lon,
            address=report.address,
        ),
    )
    event = make_event(
        joined,
        "report_joined",
        at=now,
        actor=INTAKE,
        before=case,
        details=_describe(report, sighting, match),
    )
    record_change(services, connection, joined, event)
    return joined


def _graver(one: Severity | None, other: Severity | None) -> Severity | None:
    return next((severity for severity in GRAVEST_FIRST if severity in (one, other)), None)


def _joined(
    case: Case, report: Report, sighting: Sighting, match: Match | None, now: datetime
) -> CaseReport:
    return CaseReport(
        case_id=case.id,
        report_id=report.id,
        joined_at=now,
        why="opened" if match is None else match.why,
        distance_m=None if match is None else match.distance_m,
        findings=tuple(finding.id for finding in sighting.findings),
    )


def _describe(report: Report, sighting: Sighting, match: Match | None) -> dict[str, object]:
    described: dict[str, object] = {
        "report_id": report.id,
        "source": report.source,
        "findings": len(sighting.findings),
    }
    if match is not None:
        described |= {"why": match.why, "distance_m": match.distance_m, "bits": match.photo_bits}
    return described
