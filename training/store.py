"""Bundles by name and version, with one of each name current; switching is one rename.

    STORE/NAME/VERSION/          a bundle, never changed once it is there
    STORE/NAME/current           link to the version in use: `--model STORE/NAME/current`
    STORE/NAME/history.jsonl     who switched, when, from what to what, why

A version appears whole or not at all: it is copied under a hidden name, checked and renamed. The
link is replaced by a rename too, and readers follow it once (`load_bundle`), so that a reader
sees the old bundle or the new one, never a mixture. One writer at a time, by a lock file.
"""

import fcntl
import getpass
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from detector.models.bundle import MANIFEST_NAME, Bundle, load_bundle
from training.errors import TrainingError

CURRENT: Final = "current"
HISTORY: Final = "history.jsonl"
ANY: Final = ""
"""In the place of a version: whichever is current."""

Action = Literal["promote", "rollback"]


@dataclass(frozen=True, slots=True)
class Switch:
    """One line of the history."""

    at: str
    """UTC, ISO 8601."""
    who: str
    action: Action
    before: str | None
    """The version that was current."""
    after: str
    why: str


class BundleStore:
    """The versions of one model name in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        """Name the place; nothing is made before something is installed."""
        self._folder = folder / _plain(name)

    @property
    def current_link(self) -> Path:
        """What to give to `--model`."""
        return self._folder / CURRENT

    def current(self) -> str | None:
        """Return the version in use, if any."""
        link = self.current_link
        return Path(os.readlink(link)).name if link.is_symlink() else None

    def versions(self) -> tuple[str, ...]:
        """Return the versions that are there, oldest first by when they were installed."""
        if not self._folder.is_dir():
            return ()
        found = [
            path
            for path in self._folder.iterdir()
            if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
        ]
        return tuple(path.name for path in sorted(found, key=_installed_at))

    def history(self) -> tuple[Switch, ...]:
        """Return every switch, oldest first; a last line that a power cut tore is left out.

        Raises:
            TrainingError: Another line cannot be read.
        """
        path = self._folder / HISTORY
        if not path.exists():
            return ()
        lines = _without_torn_line(path.read_bytes()).splitlines()
        try:
            return tuple(Switch(**json.loads(line)) for line in lines)
        except (ValueError, TypeError) as error:
            raise TrainingError("history_unreadable", f"{path} cannot be read: {error}.") from error

    def install(self, bundle: Bundle, why: str, *, instead_of: str | None = ANY) -> Path:
        """Copy a bundle in and make it current.

        Installing the same bundle again changes nothing but what is current.

        Args:
            bundle: What to copy.
            why: For the history.
            instead_of: The version that the bundle was judged against, None for none; if another
                has become current meanwhile, nothing is done.

        Returns:
            The folder of the version.

        Raises:
            TrainingError: Another bundle of this version is there, or another version is current.
            BundleError: The copy is not whole.
        """
        version = _plain(bundle.manifest.version)
        target = self._folder / version
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            current = self.current()
            if instead_of not in (ANY, current):
                was = instead_of or "none"
                raise TrainingError(
                    "current_changed",
                    f"{current} has become current meanwhile, in the place of {was}.",
                    "Promote again: the bundle must be compared with that one.",
                )
            if target.exists():
                _check_same(bundle.folder, target)
            else:
                self._copy(bundle, target)
            self._switch(version, "promote", why)
        return target

    def roll_back(self, version: str | None, why: str) -> Switch | None:
        """Make an earlier version current.

        Args:
            version: Which; None goes one promotion further back.
            why: For the history.

        Returns:
            What was done; None if that version is current already.

        Raises:
            TrainingError: There is no such version, or nothing to go back to.
            BundleError: The version is not whole; the current one stays.
        """
        if not self._folder.is_dir():
            raise TrainingError("store_empty", f"There is no model in {self._folder}.")
        with self._locked():
            wanted = self._replaced_by_current() if version is None else _plain(version)
            if wanted not in self.versions():
                known = ", ".join(self.versions()) or "none"
                raise TrainingError(
                    "version_unknown", f"{self._folder} has no version {wanted}; it has {known}."
                )
            load_bundle(self._folder / wanted)
            return self._switch(wanted, "rollback", why)

    def _replaced_by_current(self) -> str:
        current = self.current()
        trail = _trail(self.history())
        if current in trail:
            while trail.pop() != current:
                pass
        if trail:
            return trail[-1]
        raise TrainingError(
            "nothing_before",
            f"Nothing was current in {self._folder} before {current}.",
            "Name a version with --to.",
        )

    def _copy(self, bundle: Bundle, target: Path) -> None:
        half = Path(tempfile.mkdtemp(prefix=".half-", dir=self._folder))
        try:
            for name in (*bundle.manifest.files, MANIFEST_NAME):
                shutil.copyfile(bundle.folder / name, half / name)
                _flush(half / name)
            load_bundle(half)
            half.chmod(0o755)  # mkdtemp's folders are for their owner alone
            half.rename(target)
        except BaseException:
            shutil.rmtree(half, ignore_errors=True)
            raise
        _flush(self._folder)

    def _switch(self, version: str, action: Action, why: str) -> Switch | None:
        before = self.current()
        if before == version:
            return None
        at = datetime.now(UTC).isoformat(timespec="seconds")
        switch = Switch(at, _name_user(), action, before, version, why)
        fresh = self._folder / f".{CURRENT}-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(version)
        fresh.replace(self.current_link)
        _flush(self._folder)
        self._write_down(switch)
        return switch

    def _write_down(self, switch: Switch) -> None:
        path = self._folder / HISTORY
        old = path.read_bytes() if path.exists() else b""
        mended = _without_torn_line(old)
        line = json.dumps(asdict(switch), ensure_ascii=False).encode() + b"\n"
        with path.open("ab") as stream:
            if len(mended) < len(old):
                stream.truncate(len(mended))
            stream.write(mended[len(old) :] + line)
            stream.flush()
            os.fsync(stream.fileno())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _trail(history: Iterable[Switch]) -> list[str]:
    """Return the versions from the first promotion to the current one.

    A promotion adds one, a rollback takes off those after the one it went to: so promoting A, B
    and A again leads back to B and then to A, and not to B for ever.
    """
    trail: list[str] = []
    for switch in history:
        if switch.before is not None and trail[-1:] != [switch.before]:
            trail.append(switch.before)  # a line was lost
        if switch.action == "rollback" and switch.after in trail:
            while trail[-1] != switch.after:
                trail.pop()
        else:
            trail.append(switch.after)
    return trail


def _without_torn_line(content: bytes) -> bytes:
    """Return a history whose last line is whole and ended."""
    whole, end, last = content.rpartition(b"\n")
    if not last:
        return content
    try:
        json.loads(last)
    except ValueError:
        return whole + end
    return content + b"\n"


def _name_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in passwd
        return str(os.getuid())


def _plain(name: str) -> str:
    if Path(name).name != name or name.startswith(".") or name in (CURRENT, HISTORY):
        raise TrainingError("name_invalid", f"{name!r} cannot name a folder of the store.")
    return name


def _installed_at(folder: Path) -> tuple[float, str]:
    return folder.stat().st_mtime, folder.name


def _check_same(new: Path, old: Path) -> None:
    if (new / MANIFEST_NAME).read_bytes() != (old / MANIFEST_NAME).read_bytes():
        raise TrainingError(
            "version_taken",
            f"{old} holds another bundle of that version.",
            "Give the new one another version in its recipe.",
        )


def _flush(path: Path) -> None:
    """Make sure that what was written survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
