"""A store of bundles: versions that never change, one current, switched in one step."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from detector.errors import BundleError
from detector.models.bundle import DEFAULT_BUNDLE, Bundle, find_bundle, load_bundle
from training.errors import TrainingError
from training.store import BundleStore

NAME = "street-issues-n"


@pytest.fixture
def version(tmp_path: Path) -> Callable[[str], Bundle]:
    """The shipped bundle under another version; its network is other bytes."""

    def make(number: str, card: str = "card") -> Bundle:
        import hashlib

        folder = tmp_path / f"made-{number}-{card}"
        shutil.copytree(DEFAULT_BUNDLE, folder)
        (folder / "model.onnx").write_bytes(number.encode() * 50_000)
        (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        content["version"] = number
        content["files"] = {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in content["files"]
        }
        (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
        return load_bundle(folder)

    return make


def test_versions_are_installed_switched_and_told(
    tmp_path: Path, version: Callable[..., Bundle]
) -> None:
    store = BundleStore(tmp_path / "store", NAME)
    assert store.current() is None and store.versions() == () and store.history() == ()
    for number in ("1.0.0", "1.1.0", "2.0.0"):
        store.install(version(number), f"why {number}")
    assert set(store.versions()) == {"1.0.0", "1.1.0", "2.0.0"} and store.current() == "2.0.0"
    loaded = load_bundle(find_bundle(str(store.current_link)))
    assert loaded.manifest.version == "2.0.0" and loaded.folder.name == "2.0.0"

    back = store.roll_back(None, "too many false alarms")
    assert back is not None and (back.before, back.after) == ("2.0.0", "1.1.0")
    again = store.roll_back(None, "")
    assert again is not None and again.after == "1.0.0"
    with pytest.raises(TrainingError, match="Nothing was current"):
        store.roll_back(None, "")
    assert [(one.action, one.before, one.after) for one in store.history()] == [
        ("promote", None, "1.0.0"),
        ("promote", "1.0.0", "1.1.0"),
        ("promote", "1.1.0", "2.0.0"),
        ("rollback", "2.0.0", "1.1.0"),
        ("rollback", "1.1.0", "1.0.0"),
    ]
    assert store.history()[3].why == "too many false alarms" and store.history()[3].who


def test_switching_to_what_is_current_does_nothing(
    tmp_path: Path, version: Callable[..., Bundle]
) -> None:
    store = BundleStore(tmp_path / "store", NAME)
    first, second = version("1.0.0"), version("2.0.0")
    store.install(first, "")
    store.install(first, "")
    assert len(store.history()) == 1
    store.install(second, "")
    assert store.roll_back("1.0.0", "") is not None
    assert store.roll_back("1.0.0", "") is None
    assert store.current() == "1.0.0" and len(store.history()) == 3
    store.install(second, "again")
    assert store.current() == "2.0.0"


def test_what_cannot_be_switched_to_leaves_the_current_one(
    tmp_path: Path, version: Callable[..., Bundle]
) -> None:
    store = BundleStore(tmp_path / "store", NAME)
    with pytest.raises(TrainingError, match="no model"):
        store.roll_back(None, "")
    store.install(version("1.0.0"), "")
    store.install(version("2.0.0"), "")
    with pytest.raises(TrainingError, match=r"no version 3.*1\.0\.0"):
        store.roll_back("3.0.0", "")
    with pytest.raises(TrainingError, match="cannot name"):
        store.roll_back("../elsewhere", "")
    with pytest.raises(TrainingError, match="another bundle of that version"):
        store.install(version("2.0.0", card="other"), "")
    (store.current_link.parent / "1.0.0" / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(BundleError, match="not the file"):
        store.roll_back("1.0.0", "")
    assert store.current() == "2.0.0" and len(store.history()) == 2


def test_a_copy_that_fails_leaves_nothing(
    tmp_path: Path, version: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BundleStore(tmp_path / "store", NAME)
    bundle = version("1.0.0")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("training.store.shutil.copyfile", fail)
    with pytest.raises(OSError, match="No space"):
        store.install(bundle, "")
    assert store.current() is None and store.versions() == ()
    assert {one.name for one in store.current_link.parent.iterdir()} == {".lock"}


def test_a_reader_never_sees_half_a_bundle(tmp_path: Path, version: Callable[..., Bundle]) -> None:
    store = BundleStore(tmp_path / "store", NAME)
    store.install(version("1.0.0"), "")
    store.install(version("2.0.0"), "")
    seen: set[str] = set()
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen.add(load_bundle(store.current_link).manifest.version)
            except BaseException as error:
                failures.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(60):
        store.roll_back("1.0.0", "")
        store.roll_back("2.0.0", "")
    done.set()
    reader.join()
    assert not failures and seen <= {"1.0.0", "2.0.0"} and seen
