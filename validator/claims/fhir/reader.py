"""Read FHIR: NDJSON, a bundle, a list or one resource; the rows are the claims and their items."""

import io
from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec
import polars as pl

from validator.claims.fhir.claims import ClaimValues
from validator.claims.fhir.columns import CLAIM_COLUMNS, LINE_COLUMNS
from validator.claims.fhir.resources import Bundle, Claim, Kind, Person, unread_paths
from validator.claims.lines import TOO_LONG, Lines
from validator.claims.pieces import REJECTED, ROW, Piece, no_rejections, without_long_cells
from validator.claims.rows import Rows
from validator.claims.streams import ClaimStream
from validator.errors import ClaimFileError, Place

EOB, CLAIM = "ExplanationOfBenefit", "Claim"
WHOLE_AT_MOST = 512 << 20  # bytes of a document that is no NDJSON: it is held in memory
NOT_JSON = "not a JSON object"
NOT_FHIR = "not formed as FHIR says: a value of the wrong type"
EMPTY = "a claim without a number, diagnoses or items"
LOOKED_AT = 200  # resources of which the unread paths are listed
_CLAIMS_IN_A_PIECE = 10_000
_LISTED = 100  # paths of elements that a note names
_PEOPLE = ("Patient", "Organization", "Practitioner")
# Kinds of resources that stand beside claims; the name of another one could be anything, and is not repeated.
_BESIDE = frozenset(
    f"""
    {" ".join(_PEOPLE)} {EOB} {CLAIM} ClaimResponse Coverage CoverageEligibilityResponse PaymentReconciliation
    Account AllergyIntolerance Binary CarePlan CareTeam Condition Device DiagnosticReport DocumentReference
    Encounter Endpoint Goal Group HealthcareService ImagingStudy Immunization List Location Media Medication
    MedicationAdministration MedicationDispense MedicationRequest Observation OperationOutcome Parameters
    PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse RelatedPerson ServiceRequest
    Specimen SupplyDelivery
    """.split()
)

_kind = msgspec.json.Decoder(Kind)
_claim = msgspec.json.Decoder(Claim)
_person = msgspec.json.Decoder(Person)
_bundle = msgspec.json.Decoder(Bundle)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder()
_BROKEN = (msgspec.MsgspecError, UnicodeError, RecursionError)
_Numbered = tuple[int, bytes | None]


class FhirReader:
    """Resources of one kind, ExplanationOfBenefit or Claim; those of other kinds are counted."""

    format = "fhir"

    def __init__(self, stream: ClaimStream) -> None:
        self.stream = stream
        self.notes_of_text: list[str] = []
        # The resources of a document that is no NDJSON; those of NDJSON are read line by line.
        self._waiting = None if _first_line_is_whole(stream.head) else list(self._document())
        self.kind = self._kind_of_claims()
        # The first column is named after the kind, so that each kind has its layout.
        self._claim_columns = (self.kind, *CLAIM_COLUMNS)
        self.types: Mapping[str, pl.DataType] = dict.fromkeys(
            (*self._claim_columns, *LINE_COLUMNS), pl.String()
        )
        self._values = ClaimValues(self._people())
        self._other: Counter[str] = Counter()
        self._unread: set[str] = set()
        self._looked_at = 0

    def done(self) -> int:
        return self.stream.delivered.bytes_read

    def notes(self) -> list[str]:
        """What is worth saying of the whole file, and the elements that nothing reads."""
        said = [
            *self.notes_of_text,
            f"rows are {self.kind} resources and their items, numbered by the resource",
        ]
        said += [
            f"{count:,} resources of {kind}, which are no claims of this file"
            for kind, count in sorted(self._other.items())
        ]
        said += [f"{count:,} {text}" for text, count in sorted(self._values.notes.items())]
        if self._unread:
            more = f" and {len(self._unread) - _LISTED:,} more" if len(self._unread) > _LISTED else ""
            listed = ", ".join(sorted(self._unread)[:_LISTED])
            said.append(f"not used (seen in the first {LOOKED_AT} claims): {listed}{more}")
        return said

    def pieces(self, headings: list[str]) -> Iterator[Piece]:
        rows, rejected, claims = Rows(self._claim_columns, LINE_COLUMNS), [], 0
        for number, text in self._waiting if self._waiting is not None else self._lines():
            reason = self._take(number, text, rows)
            if reason:
                rejected.append((number, reason))
            claims += 1
            if claims >= _CLAIMS_IN_A_PIECE:
                yield _piece(rows, rejected, headings)
                rows, rejected, claims = Rows(self._claim_columns, LINE_COLUMNS), [], 0
        yield _piece(rows, rejected, headings)

    def _take(self, number: int, text: bytes | None, rows: Rows) -> str:
        """One resource; why it is rejected, or blank."""
        if text is None:
            return TOO_LONG
        kind = _kind_of(text)
        if kind is None:
            return NOT_JSON
        if kind != self.kind:
            self._other[f"kind {kind}" if kind in _BESIDE else "other kinds"] += 1
            return ""
        try:
            claim = _claim.decode(text)
            values, lines = self._values(claim)
        except _BROKEN:
            return NOT_FHIR
        if not values["identifier"] and not claim.diagnosis and not lines:
            return EMPTY
        values[self.kind] = f"{claim.id or ''}/{number}"
        rows.add(number, values, [(number, line) for line in lines])
        if self._looked_at < LOOKED_AT:
            self._looked_at += 1
            self._unread |= unread_paths(_any.decode(text))
        return ""

    def _lines(self) -> Iterator[_Numbered]:
        lines, number = Lines(self.stream, records=False), 0
        for chunk in lines.chunks():
            if chunk is None:
                number += 1
                yield number, None
                continue
            for line in io.BytesIO(chunk):
                number += 1
                if not line.isspace():
                    yield number, line
        self.notes_of_text = lines.notes()

    def _document(self) -> Iterator[_Numbered]:
        """The resources of a document in one piece: a bundle's entries, a list's members, or the one."""
        text = self.stream.read(WHOLE_AT_MOST + 1)
        if len(text) > WHOLE_AT_MOST:
            raise self._refusal(
                f"is one JSON document of more than {WHOLE_AT_MOST >> 20} MB",
                "Write one resource a line (NDJSON).",
            )
        text = text.decode("utf-8-sig", errors="replace").encode()
        try:
            if text.lstrip().startswith(b"["):
                found = [bytes(raw) for raw in _list.decode(text)]
            elif _kind.decode(text).resourceType == "Bundle":
                found = [bytes(entry.resource) for entry in _bundle.decode(text).entry]
            else:
                found = [text]
        except _BROKEN:
            # Lines longer than what was looked at, or a broken document: then each line speaks for itself.
            found = [line for line in text.split(b"\n") if not line.isspace() and line]
        yield from enumerate(found, start=1)

    def _kind_of_claims(self) -> str:
        """The kind of the first claim that the head (or the document) holds."""
        head = enumerate(self.stream.head.split(b"\n"))
        for _, text in head if self._waiting is None else self._waiting:
            kind = _kind_of(text)
            if kind in (EOB, CLAIM):
                return kind
        if b'"ExplanationOfBenefit"' in self.stream.head or self._waiting is None:
            return EOB
        raise self._refusal(
            "is FHIR without an ExplanationOfBenefit or Claim", "Give the resources of the claims themselves."
        )

    def _people(self) -> dict[str, Person]:
        """Who stands beside the claims of a document, by the references that name them."""
        found: dict[str, Person] = {}
        for _, text in self._waiting or ():
            kind = _kind_of(text)
            try:
                person = _person.decode(text) if text and kind in _PEOPLE else None
            except _BROKEN:
                continue
            if person and person.id:
                found[f"{kind}/{person.id}"] = found[f"urn:uuid:{person.id}"] = person
        return found

    def _refusal(self, what: str, fix: str) -> ClaimFileError:
        return ClaimFileError(what, fix=fix, place=Place(self.stream.name))


def _piece(rows: Rows, rejected: list[tuple[int, str]], headings: list[str]) -> Piece:
    refused = pl.DataFrame(rejected, schema=REJECTED, orient="row") if rejected else no_rejections()
    return without_long_cells(Piece(rows.frame(headings).select(ROW, *headings), refused))


def _first_line_is_whole(head: bytes) -> bool:
    """Whether the first line is a JSON object by itself, and another line may follow."""
    first, newline, _ = head.lstrip(b"\xef\xbb\xbf \r\n\t").partition(b"\n")
    if not newline or first.lstrip().startswith(b"["):
        return False
    return _kind_of(first) not in (None, "", "Bundle")


def _kind_of(text: bytes | None) -> str | None:
    """The kind of a resource; None where the text is no JSON object."""
    try:
        return _kind.decode(text or b"").resourceType
    except _BROKEN:
        return None
