"""What holds for every pool: the real one, and the fake that stands in for it in tests."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from api.scoring.base import PictureRequest, ScoringPool
from api.scoring.fake import FakePool
from api.scoring.opening import open_pool
from api.settings import Settings

SCENES = Path(__file__).parents[3] / "demo" / "scenes"
PHOTO = (SCENES / "overflowing_bin.jpg").read_bytes()
OTHER = (SCENES / "posters.jpg").read_bytes()
PATIENCE_S = 60.0


@pytest.fixture(scope="module", params=["fake", "processes"])
def pool(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScoringPool]:
    if request.param == "fake":
        yield FakePool()
        return
    pool = open_pool(Settings(data=tmp_path_factory.mktemp("data"), runtime="onnx"))
    yield pool
    pool.close()


def test_it_is_ready_and_says_what_it_looks_for(pool: ScoringPool) -> None:
    assert pool.has_room() and pool.is_alive() and pool.busy == 0
    assert pool.model.name and len(pool.model.sha256) == 64
    assert {"overflowing_bin", "illegal_poster"} <= set(pool.labels)


def test_a_score_belongs_to_its_photo(pool: ScoringPool) -> None:
    futures = [pool.score(data, name) for data, name in ((PHOTO, "a.jpg"), (OTHER, ""))]
    first, second = (future.result(PATIENCE_S) for future in futures)
    assert (first.score.sha256, first.score.source) == (sha256(PHOTO).hexdigest(), "a.jpg")
    assert (second.score.sha256, second.score.source) == (sha256(OTHER).hexdigest(), "")
    assert first.score.error is None and first.score.model == pool.model
    assert first.perceptual_hash is not None and second.perceptual_hash is not None
    assert len(bytes.fromhex(first.perceptual_hash)) == 32
    assert first.perceptual_hash != second.perceptual_hash


def test_a_picture_is_a_jpeg(pool: ScoringPool) -> None:
    picture = pool.picture(PHOTO, PictureRequest(300)).result(PATIENCE_S)
    assert picture.startswith(b"\xff\xd8")


def test_a_photo_is_like_itself(pool: ScoringPool) -> None:
    itself = pool.compare(PHOTO, PHOTO).result(PATIENCE_S)
    other = pool.compare(PHOTO, OTHER).result(PATIENCE_S)
    assert itself.hash_bits == 0 < other.hash_bits
    assert itself.inliers > other.inliers
    assert itself.inliers <= itself.matches <= min(itself.features)
