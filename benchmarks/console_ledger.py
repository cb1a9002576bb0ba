"""A made-up ledger of a bureau's year, for the benchmark of the console's pages."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from api.cases.places import place_cell
from api.cases.states import ENDED, CaseState
from api.scoring.fake import fake_score
from api.store.database import Database
from api.store.side_tables import cameras, incidents
from api.store.tables import case_events, case_reports, cases, photos, reports, verdicts, work_items
from benchmarks.api_queue import LABELS, SHANGHAI, TOWN_DEG, load, settle
from detector.detections import Finding
from detector.score_json import score_to_json

CASES: Final = 50_000
DAYS: Final = 365
CELLS: Final = tuple(f"310101{n // 20 + 1:03d}{n % 20 + 1:03d}" for n in range(400))
CAMERAS: Final = 60
INCIDENTS: Final = 3_000
VERDICTS: Final = 6_000
OPEN_SHARE: Final = 0.08
OPEN_STATES: Final[tuple[CaseState, ...]] = (
    *("collected", "collected", "verified", "filed", "dispatched", "dispatched"),
    *("handled", "reported_back", "checked", "sent_back"),
)
WAYS: Final[tuple[tuple[CaseState, tuple[str, ...]], ...]] = (
    ("closed", ("verify", "file", "dispatch", "handle", "report_back", "check", "close")),
    ("dismissed", ("dismiss",)),
)
REACHED: Final = {
    "verify": "verified",
    "file": "filed",
    "dispatch": "dispatched",
    "handle": "handled",
    "report_back": "reported_back",
    "check": "checked",
    "close": "closed",
    "dismiss": "dismissed",
}
STREETS: Final = ("人民大道", "花园路", "北京东路", "四川中路", "淮海中路", "延安西路", "中山北路")
NOTES: Final = (
    "垃圾桶已经满了好几天，味道很大，请尽快处理。",
    "每天早上都有人在这里摆摊，行人只能走到马路上去。",
    "墙上贴满了小广告，清理过一次又贴上了。",
    "工地没有洒水，车子一过尘土飞扬，窗户都不敢开。",
)
NEEDLE: Final = "蓝色雨棚下面第三根灯杆"
"""Stands in one note."""


def fill_ledger(database: Database, now: datetime) -> None:
    """Write the whole ledger.

    Args:
        database: With its tables, empty.
        now: The last case was opened about then.
    """
    made = list(make_cases(now))
    load(database, photos, _make_photos(now))
    load(database, cases, iter(made))
    load(database, reports, _make_reports(made))
    load(database, case_reports, _make_joins(made))
    load(database, case_events, _make_events(made))
    load(database, work_items, _make_work(made, now))
    load(database, verdicts, _make_verdicts(made))
    load(database, cameras, _make_cameras(now))
    load(database, incidents, _make_incidents(now))
    settle(database)


def make_cases(now: datetime) -> Iterator[dict[str, Any]]:
    """Make up the cases, oldest first: few are open, most of those lately opened."""
    chance = random.Random(1)
    step = timedelta(days=DAYS) / CASES
    for i in range(CASES):
        opened = (now - step * (CASES - i)).replace(microsecond=i)
        lat = SHANGHAI[0] + chance.uniform(-TOWN_DEG, TOWN_DEG) / 2
        lon = SHANGHAI[1] + chance.uniform(-TOWN_DEG, TOWN_DEG) / 2
        is_open = i >= CASES * (1 - OPEN_SHARE)
        state = chance.choice(OPEN_STATES) if is_open else WAYS[i % 7 == 0][0]
        moved = opened + timedelta(hours=chance.uniform(1, 30))
        yield {
            "id": _id(1, i),
            "number": f"{opened.year}-{i:06d}",
            "label": None if i % 31 == 0 else LABELS[i % 4],
            "event_code": "200102",
            "state": state,
            "source": ("citizen", "citizen", "camera", "inspector")[chance.randrange(4)],
            "lat": lat,
            "lon": lon,
            "place_cell": place_cell(lat, lon),
            "address": f"上海市黄浦区{chance.choice(STREETS)} {chance.randrange(1, 900)} 号",
            "grid_code": chance.choice(CELLS),
            "severity": ("small", "medium", "large")[i % 3],
            "priority": chance.randrange(1000),
            "reports_count": 1 + (i % 3 == 0),
            "reporters_count": 1 + (i % 3 == 0),
            "photo_sha256": f"{i:064x}",
            "opened_at": opened,
            "state_since": min(moved, now),
            "review_due_at": opened + timedelta(hours=24),
            "due_at": None if state in ("collected", "verified") else moved + timedelta(days=2),
            "ended_at": min(moved, now) if state in ENDED else None,
            "version": 3,
        }


def _id(kind: int, i: int) -> str:
    return f"{kind:08x}-0000-7000-8000-{i:012x}"


def _make_photos(now: datetime) -> Iterator[dict[str, Any]]:
    for i in range(CASES):
        yield {
            "sha256": f"{i:064x}",
            "size_bytes": 300_000,
            "media_type": "image/jpeg",
            "stored_at": now,
            "image_wh": "[1000, 1000]",
        }


def _reports_of(made: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    n = 0
    for case in made:
        for _ in range(case["reports_count"]):
            yield n, case
            n += 1


def _make_reports(made: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    chance = random.Random(2)
    box = (100.0, 100.0, 400.0, 400.0)
    found = tuple(
        Finding(f"{n:016x}-{n}", LABELS[n % 4], 0.7, box, True, "medium", {}) for n in range(3)
    )
    score = json.dumps(score_to_json(fake_score(b"", "photo.jpg", found)))
    for n, case in _reports_of(made):
        yield {
            "id": _id(2, n),
            "received_at": case["opened_at"],
            "source": case["source"],
            "photo_sha256": case["photo_sha256"],
            "note": _write_note(n, chance),
            "lat": case["lat"],
            "lon": case["lon"],
            "datum": "wgs84",
            "position_from": "sent",
            "address": case["address"],
            "state": "scored",
            "score": score,
            "scored_at": case["opened_at"],
        }


def _write_note(n: int, chance: random.Random) -> str | None:
    if n == CASES // 2:
        return f"就在{NEEDLE}旁边。"
    return None if n % 5 < 2 else " ".join(chance.choices(NOTES, k=1 + n % 3))


def _make_joins(made: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for n, case in _reports_of(made):
        yield {
            "case_id": case["id"],
            "report_id": _id(2, n),
            "joined_at": case["opened_at"],
            "why": "opened",
            "findings": json.dumps([f"{0:016x}-0"]),
        }


def _make_events(made: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seq = 0
    for i, case in enumerate(made):
        way = WAYS[i % 7 == 0][1] if case["state"] in ENDED else ("verify",)
        before = "collected"
        for step, action in enumerate(("opened", *way)):
            seq += 1
            reached = REACHED.get(action, "collected")
            yield {
                "seq": seq,
                "id": _id(3, seq),
                "case_id": case["id"],
                "at": case["opened_at"] + timedelta(hours=3 * step),
                "actor": "system:intake" if action == "opened" else "key:bench",
                "action": action,
                "from_state": None if action == "opened" else before,
                "to_state": reached,
                "details": "{}",
            }
            before = reached


def _make_work(made: list[dict[str, Any]], now: datetime) -> Iterator[dict[str, Any]]:
    for case in made:
        if case["state"] not in ENDED:
            names = ("state", "label", "grid_code", "priority")
            yield {
                "case_id": case["id"],
                **{name: case[name] for name in names},
                "since": case["opened_at"],
                "available_at": now,
                "lease_token": 0,
                "attempts": 0,
            }


def _make_verdicts(made: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for n, case in enumerate(made[-VERDICTS:]):
        label = case["label"] or LABELS[0]
        finding = {
            "label": label,
            "score": 0.7,
            "box_xyxy": [100.0, 100.0, 400.0, 400.0],
            "verdict": "true" if n % 6 else "false",
        }
        body = {
            "model": {"name": "fake", "version": "0.0.0"},
            "image_wh": [1000, 1000],
            "findings": [finding],
            "added": [],
            "reviewed": [label],
        }
        yield {
            "id": _id(4, n),
            "case_id": case["id"],
            "photo_sha256": case["photo_sha256"],
            "at": case["opened_at"],
            "actor": "key:bench",
            "role": "operator",
            "body": json.dumps(body),
        }


def _make_cameras(now: datetime) -> Iterator[dict[str, Any]]:
    for n in range(CAMERAS):
        yield {
            "id": _id(5, n),
            "code": f"CAM-{n:03d}",
            "name": f"{STREETS[n % 7]} {n}",
            "place": "site" if n % 2 else "street",
            "site": f"工地 {n // 6}" if n % 2 else None,
            "lat": SHANGHAI[0] + n / 1000,
            "lon": SHANGHAI[1],
            "labels": json.dumps(list(LABELS)),
            "hours": "[]",
            "zones": "[]",
            "created_at": now - timedelta(days=DAYS),
            "state": ("live", "live", "frozen", "black")[n % 4],
            "state_since": now,
            "heartbeat_at": now,
            "frame_sha256": f"{n:064x}",
        }


def _make_incidents(now: datetime) -> Iterator[dict[str, Any]]:
    peak = json.dumps({"label": "site_dust", "score": 0.8, "box_xyxy": [1, 1, 9, 9]})
    for n in range(INCIDENTS):
        at = now - timedelta(days=30) * (INCIDENTS - n) / INCIDENTS
        yield {
            "id": f"incident-{n}",
            "camera_id": _id(5, n % CAMERAS),
            "label": LABELS[3] if n % CAMERAS % 2 else LABELS[n % 3],
            "state": "open" if n > INCIDENTS - 40 else "cleared",
            "started_at": at,
            "ended_at": None if n > INCIDENTS - 40 else at + timedelta(minutes=20),
            "updated_at": at,
            "revision": 2,
            "frames": 20,
            "peak": peak,
            "report_id": _id(2, n),
        }


def round_down(at: datetime) -> datetime:
    """Return the minute in which an instant lies, UTC."""
    return at.astimezone(UTC).replace(second=0, microsecond=0)
