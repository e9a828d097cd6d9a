"""Every kind of official file that can be added, and what each table of the rules needs."""

from collections.abc import Mapping

from validator.reference.official.kind import Kind
from validator.reference.official.kinds import (
    add_on,
    coverage,
    hcpcs,
    leie,
    mpfs,
    mue,
    ncci_ptp,
    nppes,
    plain_lists,
    poa_exempt,
)

# NPPES first: it is told by one line, and the others would read their sheets.
KINDS: tuple[Kind, ...] = (
    nppes.KIND,
    ncci_ptp.KIND,
    mue.KIND,
    mpfs.KIND,
    poa_exempt.KIND,
    hcpcs.KIND,
    add_on.KIND,
    leie.KIND,
    coverage.KIND,
    *plain_lists.KINDS,
)
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
