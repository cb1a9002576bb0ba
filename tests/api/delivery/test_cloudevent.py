"""The envelope, field by field."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from api.delivery.cloudevent import MOST_BYTES, format_event, make_source
from api.store.deliveries import Event

EVENT = Event(
    id="01890a5d-ac96-774b-bcce-b302099a8057",
    seq=42,
    type="cn.street-issues.case.opened",
    subject="cases/01890a5d-ac96-774b-bcce-b302099a8058",
    at=datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
    data={"number": "SI-2026-1", "label": "overflowing_bin", "address": "南京东路"},
)


def test_it_has_what_cloudevents_asks_for() -> None:
    body = format_event(EVENT, "https://example.org")
    assert json.loads(body) == {
        "specversion": "1.0",
        "id": EVENT.id,
        "source": "https://example.org",
        "type": EVENT.type,
        "subject": EVENT.subject,
        "time": "2026-03-02T01:00:00.123Z",
        "sequence": "00000000000000000042",
        "datacontenttype": "application/json",
        "data": EVENT.data,
    }
    assert "南京东路".encode() in body


def test_the_source_is_a_uri_with_or_without_a_public_address() -> None:
    assert make_source("https://example.org/") == "https://example.org"
    assert make_source(None) == "urn:street-issues"


def test_a_large_event_keeps_its_short_values_and_a_link() -> None:
    large = replace(EVENT, data={"label": "site_dust", "note": "尘" * 10_000, "list": [1] * 10_000})
    told = json.loads(format_event(large, "urn:x"))
    assert told["data"] == {"label": "site_dust", "trimmed": True, "link": f"/v1/{EVENT.subject}"}
    assert told["id"] == EVENT.id


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@given(
    data=st.dictionaries(st.text(st.characters(codec="utf-8")), JSON_VALUES),
    copies=st.integers(1, 300),
)
def test_it_always_stays_under_the_limit(data: dict[str, object], copies: int) -> None:
    repeated = {f"{name}{n}": value for n in range(copies) for name, value in data.items()}
    body = format_event(replace(EVENT, at=datetime(2026, 1, 1, tzinfo=UTC), data=repeated), "urn:x")
    assert len(body) < MOST_BYTES
    told = json.loads(body)["data"]
    assert told == repeated or told["trimmed"] is True
