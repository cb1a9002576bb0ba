"""Which open case a report joins."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cases.duplicates import Candidate, Match, choose_case, differing_bits, hash_bands
from api.cases.rules import load_rules
from datasets.dedupe import hash_image

RULES = load_rules(None)
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BIN = "overflowing_bin"

hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)


def candidate(
    case_id: str = "a",
    label: str | None = BIN,
    distance_m: float | None = None,
    *,
    same_photo: bool = False,
    bits: int | None = None,
    age_h: int = 0,
) -> Candidate:
    opened_at = START - timedelta(hours=age_h)
    return Candidate(case_id, label, distance_m, same_photo, bits, opened_at)


def choose(*candidates: Candidate, label: str | None = BIN) -> Match | None:
    return choose_case(candidates, label=label, rules=RULES)


def test_nothing_found_opens_a_case() -> None:
    assert choose() is None


def test_near_cases_of_the_same_label_are_joined() -> None:
    assert choose(candidate(distance_m=30)) == Match("a", "near", 30, None)
    assert choose(candidate(distance_m=30.01)) is None
    assert choose(candidate(distance_m=None)) is None
    assert choose(candidate(distance_m=1, label="street_vending")) is None
    assert choose(candidate(distance_m=45, label="street_vending"), label="street_vending")


def test_nearness_says_nothing_without_a_label() -> None:
    assert choose(candidate(distance_m=0, label=None), label=None) is None
    assert choose(candidate(distance_m=0, label=None)) is None
    assert choose(candidate(distance_m=0), label=None) is None


def test_labels_of_which_the_rules_say_no_distance_are_not_joined_by_nearness() -> None:
    assert choose(candidate(distance_m=0, label="pothole"), label="pothole") is None


@pytest.mark.parametrize("case_label", [BIN, None])
@pytest.mark.parametrize("label", [BIN, None])
def test_photos_join_the_same_label_or_none(label: str | None, case_label: str | None) -> None:
    same = choose(candidate(label=case_label, same_photo=True), label=label)
    similar = choose(candidate(label=case_label, bits=22), label=label)
    assert same is not None
    assert same.why == "same_photo"
    assert similar == Match("a", "similar_photo", None, 22)


def test_one_photo_of_two_problems_makes_two_cases() -> None:
    assert choose(candidate(label="street_vending", same_photo=True, bits=0)) is None


def test_photos_that_differ_too_much_are_not_alike() -> None:
    assert choose(candidate(bits=23)) is None


def test_flat_walls_in_two_districts_stay_apart() -> None:
    assert choose(candidate(bits=3, distance_m=1000.5)) is None
    assert choose(candidate(bits=3, distance_m=1000)) is not None
    # The very same file is the same shot, whatever its positions say.
    assert choose(candidate(same_photo=True, distance_m=50_000)) is not None


def test_the_file_speaks_louder_than_its_likeness_and_that_than_nearness() -> None:
    near = candidate("near", distance_m=1, age_h=9)
    similar = candidate("similar", bits=20, age_h=9)
    same = candidate("same", same_photo=True)
    chosen = [
        choose(near, similar, same),
        choose(near, similar),
        choose(near),
    ]
    assert [match.why for match in chosen if match] == ["same_photo", "similar_photo", "near"]


def test_closest_then_oldest() -> None:
    far, close = candidate("far", distance_m=20, age_h=9), candidate("close", distance_m=10)
    assert (match := choose(far, close)) and match.case_id == "close"
    unlike, like = candidate("unlike", bits=20, age_h=9), candidate("like", bits=4)
    assert (match := choose(unlike, like)) and match.case_id == "like"
    old, new = candidate("old", same_photo=True, age_h=9), candidate("new", same_photo=True)
    assert (match := choose(new, old)) and match.case_id == "old"


def test_a_far_near_copy_may_still_be_near_by_a_wide_label() -> None:
    rules = replace(RULES, similar_within_m=100.0)
    match = choose_case(
        [candidate(label="site_dust", bits=2, distance_m=150)], label="site_dust", rules=rules
    )
    assert match is not None
    assert match.why == "near"


candidates = st.builds(
    Candidate,
    st.sampled_from("abcdef"),
    st.sampled_from((BIN, "site_dust", None)),
    st.none() | st.floats(0, 3000),
    st.booleans(),
    st.none() | st.integers(0, 256),
    st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours)),
)


@given(st.lists(candidates), st.sampled_from((BIN, "site_dust", None)), st.randoms())
def test_the_order_of_what_was_found_does_not_matter(
    found: list[Candidate], label: str | None, chance: random.Random
) -> None:
    match = choose_case(found, label=label, rules=RULES)
    shuffled = list(found)
    chance.shuffle(shuffled)
    again = choose_case(shuffled, label=label, rules=RULES)
    assert (match and (match.case_id, match.why)) == (again and (again.case_id, again.why))
    if match is None:
        assert all(choose_case([one], label=label, rules=RULES) is None for one in found)
    else:
        assert match.case_id in {one.case_id for one in found}


@given(hashes, st.sets(st.integers(0, 255), max_size=15))
def test_near_copies_share_a_band(first: str, flips: set[int]) -> None:
    second = f"{int(first, 16) ^ sum(1 << bit for bit in flips):064x}"
    assert differing_bits(first, second) == len(flips)
    assert any(a == b for a, b in zip(hash_bands(first), hash_bands(second), strict=True))


@given(hashes)
def test_bands_are_the_hash(text: str) -> None:
    bands = hash_bands(text)
    assert len(bands) == 16
    assert "".join(f"{band:04x}" for band in bands) == text
    assert differing_bits(text, text) == 0


def test_a_real_hash_fits() -> None:
    image = np.random.default_rng(4).integers(0, 256, (64, 64, 3), np.uint8)
    text = hash_image(image).tobytes().hex()
    assert len(hash_bands(text)) == 16
    darker = hash_image((image * 0.9).astype(np.uint8)).tobytes().hex()
    assert differing_bits(text, darker) <= RULES.similar_bits


@pytest.mark.parametrize("text", ["", "00", "g" * 64, "0" * 63, "0" * 65, " " * 64, "0 " * 32])
def test_what_is_no_hash_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        hash_bands(text)
    with pytest.raises(ValueError, match="hex"):
        differing_bits("0" * 64, text)
