"""Verify the reference from end to end: the committed facts, and the file that was built from them."""

from collections.abc import Iterator

from validator.errors import Place, ReferenceError
from validator.reference.build import built_path, make_tables
from validator.reference.sources import shipped_sources
from validator.reference.tables import BuiltTables


def check_reference() -> Iterator[str]:
    """One line for each thing found right; raises ReferenceError at the first that is not.

    The tables are made again from the sources and compared with the built ones, row for row.
    """
    sources = shipped_sources()
    sources.check_files()
    yield f"{len(sources.manifest['facts'])} fact tables and the tabular list: hashes as in releases.yaml"
    made = make_tables(sources)
    yield f"{len(sources.manifest['releases'])} releases: counts and hashes as in releases.yaml"
    path = built_path(sources)
    if not path.is_file():
        yield f"{path.name} is not built yet; it is made when it is needed"
        return
    built = BuiltTables(path)
    for name, table in made.items():
        differing = built.read(
            f'(from "{name}" except all from made) union all (from made except all from "{name}")', made=table
        )
        if differing.height:
            raise ReferenceError(
                f"the built table {name} differs from what the sources make in {differing.height:,} rows",
                fix="Build it again: validator reference build",
                place=Place(str(path)),
            )
    yield f"{path.name}: {len(made)} tables, each equal to what the sources make"
