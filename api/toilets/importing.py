"""Public toilets from a file into the ledger."""

from dataclasses import dataclass
from pathlib import Path

from api.errors import InvalidError
from api.services import Services
from api.store.audit import record_audit
from api.store.toilets import count_toilets, remove_other_toilets, save_toilets
from api.toilets.files import parse_csv, parse_geojson
from api.toilets.toilet import ToiletFile
from detector.errors import UsageError
from detector.photo_facts import Datum


@dataclass(frozen=True, slots=True)
class ToiletImport:
    """What an import did."""

    saved: int
    removed: int
    total: int
    """There are now."""


def read_toilet_file(path: Path, datum: Datum) -> ToiletFile:
    """Read a file by its ending.

    Raises:
        UsageError: The ending is neither of GeoJSON nor of CSV.
        InvalidError: It is no such file.
        OSError: It cannot be read.
    """
    kind = path.suffix.lower()
    if kind not in {".geojson", ".json", ".csv"}:
        raise UsageError(f"{path} is neither *.geojson, *.json nor *.csv.")
    parse = parse_csv if kind == ".csv" else parse_geojson
    return parse(path.read_bytes(), datum)


def import_toilets(
    services: Services, content: ToiletFile, *, actor: str, source: str, whole: bool = False
) -> ToiletImport:
    """Put what a file holds into the ledger, all of it or nothing.

    Args:
        services: What the service works with.
        content: The file's; toilets whose id is known are replaced.
        actor: Who does it.
        source: The file's name, for the audit log.
        whole: The file is the whole list: toilets that are not in it are removed.

    Raises:
        InvalidError: The file holds none: that is a slip, also where it is called the whole list.
        StorageError: The database does not answer.
    """
    if not content.toilets:
        raise InvalidError(
            "toilets_empty", "None of the toilets can be used; the list stays as it was."
        )
    with services.database.write() as connection:
        saved = save_toilets(connection, content.toilets)
        kept = [toilet.id for toilet in content.toilets]
        removed = remove_other_toilets(connection, kept) if whole else 0
        done = ToiletImport(saved, removed, count_toilets(connection))
        record_audit(
            services.database,
            connection,
            at=services.clock(),
            actor=actor,
            action="toilets.imported",
            target="toilets",
            details={"file": source, "saved": saved, "removed": removed},
        )
    return done
