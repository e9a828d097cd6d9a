"""Which layout a file has: the one that knows most of its headings, and what each heading stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from validator.claims.fields import FIELDS
from validator.claims.layout import Joined, Layout, plain, shipped_layouts

_DIAGNOSES = tuple(name for name, field in FIELDS.items() if field.kind in ("diagnosis", "diagnosis_list"))


@dataclass(frozen=True)
class Binding:
    """One layout held against the headings of one file.

    `columns` maps a field to the headings it is read from (several are joined); `unused` are the headings
    that nothing reads; `missing` says what the file lacks to be of this layout, empty where it fits.
    """

    layout: Layout
    columns: Mapping[str, tuple[str, ...]]
    unused: tuple[str, ...]
    missing: tuple[str, ...]
    ambiguous: tuple[str, ...] = ()

    @property
    def used(self) -> int:
        """How many headings of the file are read."""
        return len({heading for headings in self.columns.values() for heading in headings})

    @property
    def fits(self) -> bool:
        return not self.missing


def bind(layout: Layout, headings: Sequence[str]) -> Binding:
    """Hold a layout against the headings of a file. Each heading is read for one field only."""
    places: dict[str, list[str]] = {}
    for heading in headings:
        places.setdefault(plain(heading), []).append(heading)
    taken: set[str] = set()
    columns: dict[str, tuple[str, ...]] = {}
    for name, alternatives in layout.headings.items():
        for alternative in alternatives:
            wanted = alternative.headings if isinstance(alternative, Joined) else (alternative,)
            keys = [plain(heading) for heading in wanted]
            # A part that another field reads as well (REV_CNTR_DT is first and last day) may be read twice
            # where the layout says so by the very same spelling; aliases of tolerant layouts may not.
            if all(key in places and (not layout.tolerant or key not in taken) for key in keys):
                columns[name] = tuple(places[key][0] for key in keys)
                taken.update(keys)
                break
    read = {heading for headings in columns.values() for heading in headings}
    if layout.claim_totals:
        read |= {places[plain(key)][0] for key in layout.claim_totals.when if plain(key) in places}
    return Binding(
        layout=layout,
        columns=columns,
        unused=tuple(heading for heading in headings if heading not in read),
        missing=tuple(_missing(layout, columns, places)),
        ambiguous=tuple(heading for key in taken for heading in places[key][1:]),
    )


def _missing(
    layout: Layout, columns: Mapping[str, tuple[str, ...]], places: Mapping[str, list[str]]
) -> list[str]:
    """What the file lacks to be of this layout, in words."""
    lacking = [f'no column "{heading}"' for heading in layout.all_of if plain(heading) not in places]
    lacking += [
        f'a column "{heading}", which it never has' for heading in layout.none_of if plain(heading) in places
    ]
    if "claim_id" not in columns:
        lacking.append("no column with the claim number")
    if not any(name in columns for name in (*_DIAGNOSES, "procedure_code", "revenue_code", "ndc")):
        lacking.append("no column with diagnoses, procedures or drugs")
    return lacking


def candidates(headings: Sequence[str]) -> list[Binding]:
    """Every shipped layout held against the headings, the best first: what fits, then what reads most.

    Among equals a strict layout goes before a tolerant one.
    """
    bindings = [bind(layout, headings) for layout in shipped_layouts().values()]
    return sorted(bindings, key=lambda one: (not one.fits, -one.used, one.layout.tolerant, one.layout.name))


def best_binding(headings: Sequence[str], layout: Layout | None = None) -> Binding:
    """The binding of the layout asked for, or of the best one; it may not fit, see `missing`."""
    return bind(layout, headings) if layout else candidates(headings)[0]
