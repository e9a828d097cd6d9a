"""Follow the loops of an 837 (X12N 005010X222, X223, X224; 004010X096, X097, X098) and collect its claims."""

import re
from collections import Counter
from collections.abc import Callable

from validator.claims.fields import CAUSE_SLOTS, MAIN_SLOTS, PROCEDURE_SLOTS, VISIT_SLOTS
from validator.claims.rows import Places, Rows
from validator.claims.x12.columns import CLAIM_COLUMNS, LINE_COLUMNS, MODIFIERS
from validator.claims.x12.envelope import Envelope, element

CUT_OFF = "the file is cut off inside this claim"
# Implementation guides (GS08, ST03) by what follows the first six digits.
_FORMS = {"X222": "professional", "X223": "institutional", "X224": "dental"}
_FORMS |= {"X098": "professional", "X096": "institutional", "X097": "dental"}
_SERVICES = {"SV1": "professional", "SV2": "institutional", "SV3": "dental"}
# HI qualifiers (code list 1270): what the code is, and which code set the sender says it is from.
_DIAGNOSES = {
    "ABK": ("HI_BK", "10"),
    "ABF": ("HI_BF", "10"),
    "ABJ": ("HI_BJ", "10"),
    "APR": ("HI_PR", "10"),
    "BK": ("HI_BK", "9"),
    "BF": ("HI_BF", "9"),
    "BJ": ("HI_BJ", "9"),
    "PR": ("HI_PR", "9"),
    "ABN": ("HI_BN", "10"),
    "BN": ("HI_BN", "9"),
    "ZZ": ("HI_PR", "9"),
}
# Who is who on a claim (NM101): rendering, attending, and the facility by its names of 5010 and 4010.
_ON_CLAIM = {"82": "NM1_82", "71": "NM1_71", **dict.fromkeys(("77", "FA", "LI", "TL"), "NM1_77")}
_PROCEDURES = ("BBR", "BR", "BBQ", "BQ")
_SLOTS = {"HI_PR": VISIT_SLOTS, "HI_BN": CAUSE_SLOTS}
_STAYS = ("11", "18", "21", "28", "41")  # types of bill whose through date is the day of discharge
_STILL_PATIENT = "30"
# CLM05 whose parts a mark divides: place or type of bill, its qualifier, the frequency.
_PLACE = re.compile(r"\w{1,3}([^\w\s])[AB]?\1\w?")
_OTHER_MARK = "claims whose composites are divided by another mark than the ISA segment names"
_HEAD, _CLAIM, _OTHER_PAYER, _LINE = "head", "claim", "other payer", "line"


class Loops:
    """Takes segments one by one; `rows` are the finished claims, `rejected` those that are not whole."""

    def __init__(self) -> None:
        self.rows = Rows(CLAIM_COLUMNS, LINE_COLUMNS)
        self.rejected: list[tuple[int, str]] = []
        self.notes: Counter[str] = Counter()
        self.unused: set[str] = set()
        self.envelope = Envelope()
        self.component = self._mark = ":"
        self._skipping = False
        self._person = ""
        self._submitter = ""
        self._provider: dict[str, str] = {}
        self._subscriber: dict[str, str] = {}
        self._patient: dict[str, str] | None = None
        self._where = _HEAD
        self._claim: dict[str, str] = {}
        self._lines: list[tuple[int, dict[str, str]]] = []
        self._number = 0
        self._places = Places(self.notes)
        self._readers: dict[str, Callable[[list[str], int], None]] = {
            **dict.fromkeys(("ISA", "GS", "ST", "SE", "GE", "IEA"), self._envelope),
            "HL": self._hl,
            "NM1": self._nm1,
            "SBR": self._sbr,
            "PAT": self._pat,
            "DMG": self._dmg,
            "REF": self._ref,
            "PRV": self._prv,
            "CLM": self._clm,
            "DTP": self._dtp,
            "CL1": self._cl1,
            "HI": self._hi,
            "LX": self._lx,
            "LIN": self._lin,
            **dict.fromkeys(_SERVICES, self._sv),
        }

    def take(self, text: str, number: int, separator: str) -> None:
        """One segment; `number` is its place in the file."""
        end = text.find(separator)
        tag = text if end < 0 else text[:end]
        reader = self._readers.get(tag)
        if reader is None:
            self.unused.add(tag if tag.isalnum() and len(tag) <= 3 else "segments without a sound tag")
        elif not self._skipping or reader == self._envelope:
            reader(text.split(separator), number)

    def end(self, cut: bool) -> None:
        """The file is over, in the middle of a segment if it is `cut`."""
        if cut and self._where != _HEAD:
            numbers = [self._number, *(number for number, _ in self._lines)]
            self.rejected += [(number, CUT_OFF) for number in numbers]
            self._where = _HEAD
        self._close_claim()
        self.envelope.end()

    def _envelope(self, elements: list[str], number: int) -> None:
        self._close_claim()
        tag = elements[0]
        if tag in ("ISA", "GS", "ST"):
            self.envelope.open(tag, elements, number)
            self._provider, self._subscriber, self._patient = {}, {}, None
        else:
            self.envelope.close(tag, elements, number)
        if tag == "ST":
            kind = element(elements, 1)
            self._skipping = kind != "837"
            if self._skipping:
                known = kind if re.fullmatch("[0-9]{3}", kind) else "?"
                self.notes[f"transactions of kind {known}, which are no claims"] += 1
        elif tag in ("SE", "GS", "ISA"):
            self._skipping = False

    def _hl(self, elements: list[str], number: int) -> None:
        del number
        self._close_claim()
        self._person, level = "", element(elements, 3)
        if level == "20":
            self._provider, self._subscriber, self._patient = {}, {}, None
        elif level == "22":
            self._subscriber, self._patient = {}, None
        elif level == "23":
            self._patient = {}

    def _nm1(self, elements: list[str], number: int) -> None:
        del number
        who, kind, name = element(elements, 1), element(elements, 8), element(elements, 9)
        if self._where == _OTHER_PAYER:
            return
        if self._where in (_CLAIM, _LINE) and who in ("85", "IL", "QC"):
            self._close_claim()  # the HL segment of the next loop is missing
        self._person = who
        npi = name if kind == "XX" else ""
        if self._where == _LINE:
            if who == "82":
                self._line()["NM1_82"] = npi
        elif self._where == _CLAIM:
            if who in _ON_CLAIM:
                self._claim.setdefault(_ON_CLAIM[who], npi)
        elif who == "41":
            self._submitter = name
        elif who == "85":
            self._provider["NM1_85"] = npi
            if kind in ("24", "34"):
                self._provider["REF_EI"] = name
        elif who == "IL":
            self._subscriber["id"] = name
            self._subscriber["first"] = element(elements, 4)
        elif who == "QC":
            self._patient = self._patient or {}
            self._patient["id"], self._patient["first"] = name, element(elements, 4)
        elif who == "PR":
            self._subscriber["NM1_PR"] = name or element(elements, 3)

    def _sbr(self, elements: list[str], number: int) -> None:
        del number
        if self._where == _LINE:
            self._close_claim()
        if self._where == _HEAD:
            self._subscriber["SBR03"] = element(elements, 3) or element(elements, 4)
        else:
            self._where = _OTHER_PAYER

    def _of_patient(self) -> dict[str, str]:
        return self._subscriber if self._patient is None else self._patient

    def _pat(self, elements: list[str], number: int) -> None:
        del number
        if self._where == _HEAD and element(elements, 5) == "D8":
            self._of_patient()["PAT06"] = element(elements, 6)

    def _dmg(self, elements: list[str], number: int) -> None:
        del number
        if self._where == _HEAD and self._person in ("IL", "QC"):
            about = self._of_patient() if self._person == "QC" else self._subscriber
            about["DMG02"], about["DMG03"] = element(elements, 2), element(elements, 3)

    def _ref(self, elements: list[str], number: int) -> None:
        del number
        kind, value = element(elements, 1), element(elements, 2)
        if self._where == _HEAD and self._person == "85" and kind in ("EI", "SY"):
            self._provider["REF_EI"] = value
        elif self._where == _CLAIM and kind in ("F8", "G1"):
            self._claim[f"REF_{kind}"] = value
        elif self._where in (_HEAD, _CLAIM, _LINE):
            self.unused.add(f"REF*{kind}" if kind.isalnum() and len(kind) <= 3 else "REF")

    def _prv(self, elements: list[str], number: int) -> None:
        del number
        kind, taxonomy = element(elements, 1), element(elements, 3)
        if self._where == _HEAD and kind == "BI":
            self._provider["PRV_BI"] = taxonomy
        elif kind == "PE" and self._where == _CLAIM:
            self._claim["PRV_PE"] = taxonomy
        elif kind == "PE" and self._where == _LINE:
            self._line()["PRV_PE"] = taxonomy

    def _clm(self, elements: list[str], number: int) -> None:
        self._close_claim()
        self._where, self._number, self._lines, self._person = _CLAIM, number, [], ""
        self._places = Places(self.notes)
        self._mark = self._mark_of(element(elements, 5))
        place = [part.strip() for part in element(elements, 5).split(self._mark)]
        facility, kind, frequency = (*place, "", "", "")[:3]
        self._claim = {
            "CLM01": element(elements, 1),
            "CLM02": element(elements, 2),
            "CLM05_3": frequency,
            "facility": facility,
            "qualifier": kind,
            "CONTROL": f"{self.envelope.path}/{number}",
        }

    def _mark_of(self, place: str) -> str:
        """What divides the composites of a claim: what the ISA segment names, unless CLM05 shows another."""
        shown = _PLACE.fullmatch(place)
        if shown is None or shown[1] == self.component:
            return self.component
        self.notes[_OTHER_MARK] += 1
        return shown[1]

    def _dtp(self, elements: list[str], number: int) -> None:
        del number
        kind, form, value = (element(elements, n) for n in (1, 2, 3))
        first, _, last = value.partition("-") if form == "RD8" else (value, "", value)
        if form == "DT":
            first = last = value[:8]
        if self._where == _LINE and kind == "472":
            self._line().update(DTP_472_FROM=first, DTP_472_THROUGH=last)
        elif self._where == _CLAIM and kind in ("434", "472"):
            self._claim.update(FROM=first, THROUGH=last)
        elif self._where == _CLAIM and kind == "435":
            self._claim["DTP_435"] = first
        elif self._where == _CLAIM and kind == "096":
            self._claim["DTP_096"] = value[8:10] if form == "DT" else value[:2] if form == "TM" else ""
            self._claim["DISCHARGE"] = "" if form == "TM" else first
        elif self._where in (_CLAIM, _LINE):
            self.unused.add(f"DTP*{kind}" if kind.isdigit() and len(kind) == 3 else "DTP")

    def _cl1(self, elements: list[str], number: int) -> None:
        del number
        if self._where == _CLAIM:
            self._claim["CL101"], self._claim["CL103"] = element(elements, 1), element(elements, 3)

    def _hi(self, elements: list[str], number: int) -> None:
        del number
        if self._where != _CLAIM:
            return
        for composite in elements[1:]:
            parts = [part.strip() for part in composite.split(self._mark)]
            kind, code = (*parts, "", "")[:2]
            if not code:
                continue
            if kind in _DIAGNOSES:
                self._diagnosis(*_DIAGNOSES[kind], code, parts[8] if len(parts) > 8 else "")
            elif kind in _PROCEDURES:
                slot = self._places.next("HI_BR", PROCEDURE_SLOTS)
                if slot:
                    self._claim[f"HI_BR_{slot}"] = code
                    self._claim[f"HI_BR_DATE_{slot}"] = parts[3] if len(parts) > 3 else ""
            elif kind == "BG":
                before = self._claim.get("HI_BG", "")
                self._claim["HI_BG"] = f"{before}:{code}" if before else code
            elif kind == "DR":
                self._claim["HI_DR"] = code
            else:
                self.unused.add(f"HI*{kind}" if kind.isalnum() and len(kind) <= 3 else "HI")

    def _diagnosis(self, list_name: str, system: str, code: str, present: str) -> None:
        """Put a code into its list; other diagnoses follow the principal one, which keeps slot 1."""
        if list_name == "HI_BJ":
            self._claim["HI_BJ"], self._claim["HI_BJ_SYSTEM"] = code, system
            return
        name = list_name
        if list_name in ("HI_BK", "HI_BF"):
            name = "HI_BK"
            self._places.keep_first(name)
        if list_name == "HI_BK" and "HI_BK_1" not in self._claim:
            slot = 1
        else:
            slot = self._places.next(name, _SLOTS.get(name, MAIN_SLOTS))
        if slot:
            self._claim[f"{name}_{slot}"] = code
            self._claim[f"{name}_SYSTEM_{slot}"] = system
            if name != "HI_PR":
                self._claim[f"{name}_POA_{slot}"] = present

    def _lx(self, elements: list[str], number: int) -> None:
        if self._where != _HEAD:
            self._where = _LINE
            self._lines.append((number, {"LX01": element(elements, 1)}))

    def _line(self) -> dict[str, str]:
        return self._lines[-1][1]

    def _sv(self, elements: list[str], number: int) -> None:
        if self._where == _HEAD:
            return
        tag = elements[0]
        if self._where != _LINE or "form" in self._line():
            self._where = _LINE  # its LX segment is missing
            self._lines.append((number, {}))
        line = self._line()
        line["form"] = _SERVICES[tag]
        service = [part.strip() for part in element(elements, 2 if tag == "SV2" else 1).split(self._mark)]
        line["SV_CODE"] = service[1] if len(service) > 1 else ""
        for n, modifier in enumerate(service[2 : 2 + MODIFIERS], start=1):
            line[f"SV_MODIFIER_{n}"] = modifier
        line["SV_CHARGE"] = element(elements, 3 if tag == "SV2" else 2)
        if tag == "SV3":
            line["SV_PLACE"], line["SV_UNITS"] = element(elements, 3), element(elements, 6)
            line["SV_POINTERS"] = element(elements, 11).replace(self._mark, ":")
            return
        unit, units = (element(elements, n) for n in ((4, 5) if tag == "SV2" else (3, 4)))
        if unit == "MJ":
            self.notes["lines measured in minutes, whose number is not read as units"] += 1
        else:
            line["SV_UNITS"] = units
        if tag == "SV2":
            line["SV_REVENUE"] = element(elements, 1)
        else:
            line["SV_PLACE"] = element(elements, 5)
            line["SV_POINTERS"] = element(elements, 7).replace(self._mark, ":")

    def _lin(self, elements: list[str], number: int) -> None:
        del number
        if self._where == _LINE and element(elements, 2) == "N4":
            self._line()["LIN03"] = element(elements, 3)

    def _close_claim(self) -> None:
        """The claim that is being read is whole: lay it out."""
        if self._where == _HEAD:
            return
        self._where = _HEAD
        claim = {**self._claim, **self._provider, "NM1_41": self._submitter}
        about = self._of_patient()
        claim |= {name: about.get(name, "") for name in ("DMG02", "DMG03", "PAT06")}
        claim |= {name: self._subscriber.get(name, "") for name in ("NM1_PR", "SBR03")}
        claim["PATIENT"] = self._patient_number()
        claim["FORM"] = self._form()
        self._place(claim)
        days = [line.get("DTP_472_FROM", "") for _, line in self._lines]
        last = [line.get("DTP_472_THROUGH", "") for _, line in self._lines]
        claim["FROM"] = claim.get("FROM") or min(filter(None, days), default="")
        claim["THROUGH"] = claim.get("THROUGH") or max(filter(None, last), default="")
        bill, status = claim.get("CLM05_BILL", "").lstrip("0"), claim.get("CL103", "")
        if bill[:2] in _STAYS and status not in ("", _STILL_PATIENT):
            # UB-04: the statement of a stay that ended ends on the day of discharge.
            claim["DISCHARGE"] = claim.get("DISCHARGE") or claim["THROUGH"]
        self.rows.add(self._number, claim, self._lines)

    def _patient_number(self) -> str:
        """The member number; a dependent without one is told apart by birth date, sex and first name."""
        member = self._subscriber.get("id", "")
        if self._patient is None:
            return member
        own = self._patient.get("id", "")
        told = "/".join(self._patient.get(name, "") for name in ("DMG02", "DMG03", "first"))
        return own or (f"{member}/{told}" if member or told.strip("/") else "")

    def _form(self) -> str:
        """The form by what its lines are; by what the group says where there are none."""
        version = self.envelope.version[6:10]
        named = _FORMS.get(version, "")
        forms = {line["form"] for _, line in self._lines if "form" in line}
        if not forms:
            return named or {"A": "institutional", "B": "professional"}.get(self._claim["qualifier"], "")
        form = min(forms)
        if named and form != named:
            self.notes[
                "claims whose lines are of another form than their group (GS08) says; the lines count"
            ] += 1
        return form

    def _place(self, claim: dict[str, str]) -> None:
        """CLM05 is a type of bill or a place of service, which its qualifier and the form say."""
        facility, kind = claim.pop("facility"), claim.pop("qualifier")
        is_bill = kind == "A" or (kind != "B" and claim["FORM"] == "institutional")
        if is_bill and facility:
            claim["CLM05_BILL"] = facility + claim["CLM05_3"]
        rendering, taxonomy = claim.pop("NM1_82", ""), claim.pop("PRV_PE", "")
        if not rendering and claim["FORM"] in ("professional", "dental"):
            # Loop 2310B is left out where the billing provider rendered the service.
            rendering, taxonomy = claim.get("NM1_85", ""), taxonomy or claim.get("PRV_BI", "")
        for _, line in self._lines:
            line.pop("form", None)
            if not is_bill and not line.get("SV_PLACE"):
                line["SV_PLACE"] = facility
            if not line.get("NM1_82"):
                line["NM1_82"], line["PRV_PE"] = rendering, line.get("PRV_PE") or taxonomy
