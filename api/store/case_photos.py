"""Photos and people's names as a case's page shows them, each with one query."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from api.store.photos import Photo, parse_photo
from api.store.side_tables import keys
from api.store.tables import photos


def read_photos(connection: Connection, sha256s: Collection[str]) -> Mapping[str, Photo]:
    """Return what is known of photos, by SHA-256; unknown ones are left out."""
    if not sha256s:
        return {}
    rows = connection.execute(select(photos).where(photos.c.sha256.in_(sorted(sha256s))))
    return {row["sha256"]: parse_photo(row) for row in rows.mappings()}


def name_actors(connection: Connection, actors: Collection[str]) -> Mapping[str, str]:
    """Return the names of the keys behind `key:ID`; other actors are left out."""
    ids = sorted({actor.removeprefix("key:") for actor in actors if actor.startswith("key:")})
    if not ids:
        return {}
    rows = connection.execute(select(keys.c.id, keys.c.name).where(keys.c.id.in_(ids)))
    return {f"key:{row.id}": row.name for row in rows}
