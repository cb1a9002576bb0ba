"""A store of bundles: versions that never change, one current, switched in one step."""

import json
import os
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


def test_each_rollback_goes_one_promotion_further_back(
    tmp_path: Path, version: Callable[..., Bundle]
) -> None:
    store = BundleStore(tmp_path / "store", NAME)
    first, second, third = (version(one) for one in ("1.0.0", "2.0.0", "3.0.0"))

    def back() -> str:
        switch = store.roll_back(None, "")
        assert switch is not None and switch.after == store.current()
        return switch.after

    for bundle in (first, second, first):
        store.install(bundle, "")
    assert [back(), back()] == ["2.0.0", "1.0.0"]
    with pytest.raises(TrainingError, match="Nothing was current"):
        store.roll_back(None, "")
    # What was rolled back is gone from the way; what --to goes forward to is on it.
    store.install(third, "")
    assert back() == "1.0.0"
    store.roll_back("2.0.0", "")
    assert back() == "1.0.0"


def test_a_bundle_judged_against_another_one_is_not_installed(
    tmp_path: Path, version: Callable[..., Bundle]
) -> None:
    store = BundleStore(tmp_path / "store", NAME)
    first, second = version("1.0.0"), version("2.0.0")
    store.install(first, "", instead_of=None)
    for judged in (None, "0.9.0"):
        with pytest.raises(TrainingError, match=r"1\.0\.0 has become current meanwhile"):
            store.install(second, "", instead_of=judged)
    assert store.current() == "1.0.0" and store.versions() == ("1.0.0",)
    store.install(second, "", instead_of="1.0.0")
    assert store.current() == "2.0.0"


def test_a_torn_last_line_of_the_history_is_skipped(
    tmp_path: Path, version: Callable[..., Bundle]
) -> None:
    store = BundleStore(tmp_path / "store", NAME)
    store.install(version("1.0.0"), "广告")
    store.install(version("2.0.0"), "广告")
    path = store.current_link.parent / "history.jsonl"
    whole = path.read_bytes()
    first, _ = whole.splitlines(keepends=True)
    for torn in (b"{", b'{"at": "20', "广".encode()[:2], b"\0" * 8):
        path.write_bytes(first + torn)
        assert [one.after for one in store.history()] == ["1.0.0"]
    assert store.roll_back(None, "back") is not None
    assert store.current() == "1.0.0"
    assert [one.after for one in store.history()] == ["1.0.0", "1.0.0"]
    assert path.read_bytes().startswith(first) and b"\0" not in path.read_bytes()
    path.write_bytes(whole[:-1])  # only the end of the line is gone
    assert store.roll_back("2.0.0", "") is not None
    assert [one.after for one in store.history()] == ["1.0.0", "2.0.0", "2.0.0"]
    path.write_bytes(b"{\n" + whole)
    with pytest.raises(TrainingError, match=r"history\.jsonl cannot be read"):
        store.history()


def test_a_user_without_a_name_switches_too(
    tmp_path: Path, version: Callable[..., Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("training.store.getpass.getuser", fail)
    store = BundleStore(tmp_path / "store", NAME)
    store.install(version("1.0.0"), "")
    assert store.current() == "1.0.0" and store.history()[0].who == str(os.getuid())


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
