"""What the rules say of an after-photo."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cases.closing import ClosingEvidence, judge_after_photo
from api.cases.rules import load_rules

RULES = load_rules(None).closing
LABEL = "overflowing_bin"
CLEAN: dict[str, Any] = {
    "label": LABEL,
    "labels_found": (),
    "distance_m": 12.0,
    "hash_bits": 90,
    "inliers": 60,
    "features": (800, 900),
}


def judge(**changes: Any) -> tuple[str, list[str]]:
    verdict = judge_after_photo(ClosingEvidence(**{**CLEAN, **changes}), RULES)
    return verdict.outcome, [reason.code for reason in verdict.reasons]


def test_a_clean_photo_of_the_same_place_is_resolved() -> None:
    assert judge() == ("resolved", [])
    assert judge(distance_m=None) == ("resolved", [])
    assert judge(inliers=None, features=None) == ("resolved", [])
    assert judge(labels_found=("street_vending",)) == ("resolved", [])


NOT_RESOLVED: list[tuple[dict[str, Any], list[str]]] = [
    ({"labels_found": (LABEL,)}, ["label_still_found"]),
    ({"same_file": True, "hash_bits": None}, ["same_picture"]),
    ({"hash_bits": 0}, ["same_picture"]),
    ({"hash_bits": RULES.same_picture_bits}, ["same_picture"]),
    # A copy of the before-photo tells nothing of where the handler stood.
    ({"same_file": True, "distance_m": None, "inliers": None}, ["same_picture"]),
    ({"distance_m": RULES.distance_m + 0.5}, ["too_far"]),
    # The place is settled: few inliers add nothing.
    ({"distance_m": 5000.0, "inliers": 0}, ["too_far"]),
    ({"distance_m": None, "inliers": RULES.least_inliers - 1}, ["other_place"]),
    (
        {"labels_found": (LABEL,), "hash_bits": 0, "distance_m": 101.0},
        ["label_still_found", "same_picture", "too_far"],
    ),
    ({"labels_found": None, "distance_m": 101.0}, ["too_far", "unscored"]),
]


@pytest.mark.parametrize(("changes", "codes"), NOT_RESOLVED)
def test_not_resolved(changes: dict[str, Any], codes: list[str]) -> None:
    assert judge(**changes) == ("not_resolved", codes)


UNSURE: list[tuple[dict[str, Any], list[str]]] = [
    ({"labels_found": None}, ["unscored"]),
    ({"label": None}, ["unlabelled"]),
    # The position says yes, the features no: a person looks.
    ({"inliers": RULES.least_inliers - 1}, ["other_place"]),
    # A blank wall has nothing to match.
    ({"distance_m": None, "inliers": 0, "features": (900, 20)}, ["place_unknown"]),
    ({"distance_m": None, "inliers": None, "features": None}, ["place_unknown"]),
]


@pytest.mark.parametrize(("changes", "codes"), UNSURE)
def test_unsure(changes: dict[str, Any], codes: list[str]) -> None:
    assert judge(**changes) == ("unsure", codes)


def test_limits_themselves_still_pass() -> None:
    assert judge(
        distance_m=RULES.distance_m,
        inliers=RULES.least_inliers,
        features=(RULES.least_features, RULES.least_features),
        hash_bits=RULES.same_picture_bits + 1,
    ) == ("resolved", [])


evidences = st.builds(
    ClosingEvidence,
    label=st.none() | st.just(LABEL),
    labels_found=st.none() | st.just(()) | st.just((LABEL,)) | st.just(("site_dust", LABEL)),
    distance_m=st.none() | st.floats(0, 1000),
    same_file=st.booleans(),
    hash_bits=st.none() | st.integers(0, 256),
    inliers=st.none() | st.integers(0, 100),
    features=st.none() | st.tuples(st.integers(0, 500), st.integers(0, 500)),
)


@given(evidences)
def test_only_resolved_has_no_reasons_and_every_reason_speaks_both_languages(
    evidence: ClosingEvidence,
) -> None:
    verdict = judge_after_photo(evidence, RULES)
    assert (verdict.outcome == "resolved") == (not verdict.reasons)
    for reason in verdict.reasons:
        assert reason.message.isascii()
        assert not reason.message_zh.isascii()
    codes = [reason.code for reason in verdict.reasons]
    assert len(codes) == len(set(codes))


@given(evidences)
def test_a_label_that_is_still_found_is_never_resolved(evidence: ClosingEvidence) -> None:
    found = evidence.labels_found is not None and evidence.label in evidence.labels_found
    unseen = evidence.labels_found is None
    outcome = judge_after_photo(evidence, RULES).outcome
    if found or evidence.same_file:
        assert outcome == "not_resolved"
    if unseen or evidence.label is None:
        assert outcome != "resolved"
