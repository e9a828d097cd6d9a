"""Read an X12 837: the rows are its CLM and LX segments, numbered by their place in the file."""

from collections.abc import Iterator, Mapping

import polars as pl

from validator.claims.pieces import REJECTED, ROW, Piece, no_rejections, without_long_cells
from validator.claims.rows import Rows
from validator.claims.streams import ClaimStream
from validator.claims.x12.columns import CLAIM_COLUMNS, LINE_COLUMNS
from validator.claims.x12.loops import Loops
from validator.claims.x12.segments import segments


class X12Reader:
    """Claims of any number of interchanges, groups and transactions; what is no claim is counted."""

    format = "x12"

    def __init__(self, stream: ClaimStream) -> None:
        self.stream = stream
        self.types: Mapping[str, pl.DataType] = dict.fromkeys((*CLAIM_COLUMNS, *LINE_COLUMNS), pl.String())
        self._loops = Loops()

    def done(self) -> int:
        return self.stream.delivered.bytes_read

    def notes(self) -> list[str]:
        """The envelopes, what does not fit about them, and what of the file is not used."""
        loops, envelope = self._loops, self._loops.envelope
        opened = envelope.opened
        said = [
            f"{opened['ISA']:,} interchanges, {opened['GS']:,} groups, {opened['ST']:,} transactions; "
            "rows are CLM and LX segments, numbered by their place in the file"
        ]
        counted = {**envelope.problems, **loops.notes}
        said += [f"{count:,} {text}" for text, count in sorted(counted.items())]
        if loops.unused:
            said.append("not used: " + ", ".join(sorted(loops.unused)))
        return said

    def pieces(self, headings: list[str]) -> Iterator[Piece]:
        loops = self._loops
        for part in segments(self.stream):
            loops.component = part.separators.component
            separator, take = part.separators.element, loops.take
            for number, text in enumerate(part.texts, start=part.first):
                take(text, number, separator)
            if part.cut:
                loops.end(cut=True)
            if loops.rows.height or loops.rejected:
                yield self._piece(headings)
        loops.end(cut=False)
        yield self._piece(headings)

    def _piece(self, headings: list[str]) -> Piece:
        """The claims that were finished since the last piece."""
        loops = self._loops
        rows, loops.rows = loops.rows, Rows(CLAIM_COLUMNS, LINE_COLUMNS)
        rejected, loops.rejected = loops.rejected, []
        refused = pl.DataFrame(rejected, schema=REJECTED, orient="row") if rejected else no_rejections()
        frame = rows.frame(headings)
        return without_long_cells(Piece(frame.select(ROW, *headings), refused))
