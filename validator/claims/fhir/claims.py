"""Lay an ExplanationOfBenefit or Claim out as the values of one claim and its lines."""

from collections import Counter
from collections.abc import Mapping

from validator.claims.fhir.codes import (
    amount_of,
    amounts,
    coded,
    codes,
    codings,
    day,
    first_code,
    last_part,
    npi_of,
    number,
    tin_of,
    value_of,
)
from validator.claims.fhir.columns import MODIFIERS
from validator.claims.fhir.resources import Claim, Diagnosis, Identifier, Info, Item, Person
from validator.claims.fields import CAUSE_SLOTS, MAIN_SLOTS, PROCEDURE_SLOTS, VISIT_SLOTS
from validator.claims.rows import Places

# CMS claim types (NCH_CLM_TYPE_CD, CLM_TYPE_CD) by their code.
_TYPES = {
    **dict.fromkeys(("10", "20", "30", "40", "50", "60", "61"), "institutional"),
    **dict.fromkeys(("71", "72", "81", "82"), "professional"),
    **dict.fromkeys(("01", "02", "04"), "pharmacy"),
}
_TYPE_SYSTEMS = ("nch_clm_type_cd", "clm-type-cd")
_WORDS = {
    "professional": "professional",
    "institutional": "institutional",
    "pharmacy": "pharmacy",
    "pde": "pharmacy",
}
_WORDS |= {"oral": "dental", "dental": "dental", "vision": "professional"}
_VISIT = {"patientreasonforvisit", "reason-for-visit"}
_CAUSE = {"externalcauseofinjury", "externalcause", "external-first", "external"}
_RENDERING = ("performing", "rendering", "primary")
_CHARGES = ("rev_cntr_tot_chrg_amt", "line_sbmtd_chrg_amt", "clm_tot_chrg_amt", "submitted")
_ALLOWED = ("line_alowd_chrg_amt", "nch_carr_clm_alowd_amt", "eligible")
_PAID = ("line_nch_pmt_amt", "rev_cntr_pmt_amt_amt", "paidtoprovider")
Values = dict[str, str]


class ClaimValues:
    """Makes the values of claims; `notes` counts what is worth saying about them."""

    def __init__(self, people: Mapping[str, Person]) -> None:
        """`people` are those that stand beside the claims, by the references that name them."""
        self.notes: Counter[str] = Counter()
        self.people = people

    def __call__(self, claim: Claim) -> tuple[Values, list[Values]]:
        others = self._others(claim)
        info = _Infos([*claim.supportingInfo, *claim.information])
        values, slots = self._diagnoses(claim.diagnosis)
        form = _form(claim)
        values |= {
            "identifier": _number(claim),
            "type": form,
            "patient": last_part(claim.patient),
            "billablePeriod.start": day(claim.billablePeriod.start) if claim.billablePeriod else "",
            "billablePeriod.end": day(claim.billablePeriod.end) if claim.billablePeriod else "",
            "dischargeStatus": info.code("discharge-status", "ptnt_dschrg_stus_cd"),
            "admissionType": info.code("admtype", "clm_ip_admsn_type_cd"),
            "drg": info.code("drg", "clm_drg_cd"),
            "received": info.day("clmrecvddate"),
            "insurer": last_part(claim.insurer) or (claim.insurer.display or "" if claim.insurer else ""),
            "provider": npi_of(claim.organization, others) or npi_of(claim.provider, others),
            "provider.tax": tin_of(claim.provider, others),
            "facility": npi_of(claim.facility, others),
            "preAuthRef": _pre_authorization(claim),
            "payment": number(claim.payment.amount) if claim.payment else "",
        }
        values |= (
            _bill(claim, info) | _stay(claim, info) | _totals(claim) | self._patient(claim) | _replaced(claim)
        )
        values |= self._procedures(claim)
        team = {m.sequence: (codes(m.role), npi_of(m.provider, others)) for m in claim.careTeam}
        values["attending"] = _member(
            team, team, ("attending", "primary") if form == "institutional" else ("attending",)
        )
        if claim.status in ("cancelled", "entered-in-error"):
            self.notes["claims that are cancelled; they are taken as voids and not judged"] += 1
            values["frequency"] = "8"
        lines = [self._line(item, slots, team) for item in claim.item]
        if len({line["item"] for line in lines}) < len(lines):
            for line in lines:  # they do not tell one from the other: their order does
                del line["item"]
        return values, lines

    def _others(self, claim: Claim) -> Mapping[str, list[Identifier]]:
        contained = {}
        for each in claim.contained:
            given = each.identifier
            contained[f"#{each.id}"] = given if isinstance(given, list) else [given] if given else []
        bundled = {name: person.identifier for name, person in self.people.items()}
        return {**bundled, **contained} if bundled else contained

    def _patient(self, claim: Claim) -> Values:
        person = self.people.get(claim.patient.reference or "") if claim.patient else None
        if person is None:
            return {}
        born, died = day(person.birthDate), day(person.deceasedDateTime)
        return {"birthDate": born, "gender": person.gender or "", "deceased": died}

    def _diagnoses(self, diagnoses: list[Diagnosis]) -> tuple[Values, dict[int, int]]:
        """The lists of diagnoses, and the slot of each sequence number of the main one.

        The principal diagnosis has slot 1, the others follow by their sequence. Where several are called
        principal, the first is; where none is, the first of all.
        """
        main: list[tuple[Diagnosis, str, str]] = []
        values: Values = {}
        places = Places(self.notes)
        principal = None
        for each in sorted(diagnoses, key=lambda one: one.sequence or 0):
            code, system = coded(each.diagnosisCodeableConcept)
            if not code:
                self.notes["diagnosis entries without a code, which are passed over"] += 1
                continue
            kinds = set(codes(*each.type))
            if "admitting" in kinds:
                values["admitting"], values["admitting.system"] = code, system
            if kinds & _VISIT:
                _put(values, places, "visit", VISIT_SLOTS, code, system)
            elif kinds & _CAUSE and "principal" not in kinds:
                _put(values, places, "cause", CAUSE_SLOTS, code, system)
            elif kinds != {"admitting"}:
                main.append((each, code, system))
                if principal is None and "principal" in kinds:
                    principal = main[-1]
        first = principal or (main[0] if main else None)
        slots: dict[int, int] = {}
        repeated = False
        for each, code, system in [first, *(one for one in main if one is not first)] if first else []:
            if first and each is not first[0] and code == first[1] and principal and not repeated:
                repeated = True  # adjudicated feeds list the principal diagnosis once more among the others
                slots[each.sequence or 0] = 1
                self.notes["diagnoses that repeat the principal one, which is counted once"] += 1
                continue
            slot = _put(values, places, "diagnosis", MAIN_SLOTS, code, system)
            if slot:
                present = value_of(each.extension, *_PRESENT) or first_code(each.onAdmission)
                values[f"diagnosis.onAdmission.{slot}"] = present.upper()[:1]
                slots[each.sequence or 0] = slot
        return values, slots

    def _procedures(self, claim: Claim) -> Values:
        values: Values = {}
        told = [
            (coded(p.procedureCodeableConcept)[0], p)
            for p in sorted(claim.procedure, key=lambda p: p.sequence or 0)
        ]
        places = Places(self.notes)
        for code, each in told:
            slot = places.next("procedure", PROCEDURE_SLOTS) if code else 0
            if slot:
                values[f"procedure.{slot}"], values[f"procedure.date.{slot}"] = code, day(each.date)
        return values

    def _line(
        self, item: Item, slots: Mapping[int, int], team: Mapping[int | None, tuple[list[str], str]]
    ) -> Values:
        service = item.productOrService or item.service
        told = amounts(item.adjudication)
        period = item.servicedPeriod
        start = day(period.start) if period else day(item.servicedDate)
        modifiers = [first_code(concept) for concept in item.modifier]
        if len(modifiers) > MODIFIERS:
            self.notes[f"lines with more than {MODIFIERS} modifiers, of which the first are read"] += 1
        members = [*item.careTeamSequence, *item.careTeamLinkId]
        pointers = [slots[n] for n in (*item.diagnosisSequence, *item.diagnosisLinkId) if n in slots]
        return {
            "item": str(item.sequence) if item.sequence is not None else "",
            "item.start": start,
            "item.end": (day(period.end) if period else "") or start,
            "item.service": first_code(service, "hcpcs", "hcpcs_cd", "cpt"),
            **{f"item.modifier.{n}": code for n, code in enumerate(modifiers[:MODIFIERS], start=1)},
            "item.quantity": number(item.quantity),
            "item.submitted": amount_of(told, *_CHARGES) or number(item.net),
            "item.eligible": amount_of(told, *_ALLOWED),
            "item.paid": amount_of(told, *_PAID),
            "item.place": first_code(
                item.locationCodeableConcept, "line_place_of_srvc_cd", "place-of-service"
            ),
            "item.revenue": first_code(item.revenue, "rev_cntr", "revenuecodes", "clm-rev-cntr-cd"),
            "item.rendering": _member(team, members, _RENDERING),
            "item.diagnosis": ":".join(map(str, dict.fromkeys(pointers))),
            "item.ndc": value_of(item.extension, "ndc"),
        }


_PRESENT = (*(f"clm_poa_ind_sw{n}" for n in range(1, 26)), "clm-poa-ind")


def _put(values: Values, places: Places, name: str, slots: int, code: str, system: str) -> int:
    """Put a code into the next free slot of its list; 0 when it is full."""
    slot = places.next(name, slots)
    if slot:
        values[f"{name}.{slot}"], values[f"{name}.system.{slot}"] = code, system
    return slot


class _Infos:
    """Supporting information by the names of its categories."""

    def __init__(self, infos: list[Info]) -> None:
        self.by_name: dict[str, Info] = {}
        for info in infos:
            for name in codes(info.category):
                self.by_name.setdefault(name, info)

    def code(self, *names: str) -> str:
        found = next((self.by_name[name] for name in names if name in self.by_name), None)
        return first_code(found.code) if found else ""

    def day(self, *names: str) -> str:
        found = next((self.by_name[name] for name in names if name in self.by_name), None)
        return day(found.timingDate) if found else ""


def _number(claim: Claim) -> str:
    """The claim number: the identifier of CMS's clm_id, else of the unique claim, else any, else the id."""
    for identifier in claim.identifier:
        if identifier.value and (identifier.system or "").endswith("clm_id"):
            return identifier.value
    unique = [i.value for i in claim.identifier if i.value and "uc" in codes(i.type)]
    given = [i.value for i in claim.identifier if i.value]
    return next(iter([*unique, *given]), None) or claim.id or ""


def _form(claim: Claim) -> str:
    """The claim type by CMS's own code, then by profile, then by FHIR's code list."""
    for coding in codings(claim.type):
        if (coding.system or "").lower().endswith(_TYPE_SYSTEMS) and coding.code in _TYPES:
            return _TYPES[coding.code]
    for profile in claim.meta.profile if claim.meta else []:
        for word, form in _WORDS.items():
            if word in profile.lower():
                return form
    return next((_WORDS[code] for code in codes(claim.type) if code in _WORDS), "")


def _bill(claim: Claim, info: _Infos) -> Values:
    """Type of bill, whole or in CMS's three parts, and the frequency code."""
    whole = info.code("typeofbill")
    frequency = info.code("clm_freq_cd") or (
        whole if len(whole) == 1 else whole[3:4] if len(whole) == 4 else whole[2:3]
    )
    facility = value_of(claim.facility.extension if claim.facility else [], "clm_fac_type_cd")
    kind = value_of(claim.extension, "clm_srvc_clsfctn_type_cd")
    for coding in codings(claim.type):
        if (coding.system or "").lower().endswith("clm_srvc_clsfctn_type_cd"):
            kind = coding.code or kind
    if len(whole) >= 3:
        return {"bill": whole, "frequency": frequency}
    parts = facility + kind + frequency
    return {"bill": parts if len(parts) == 3 else "", "frequency": frequency}


def _stay(claim: Claim, info: _Infos) -> Values:
    found = info.by_name.get("admissionperiod")
    period = (found.timingPeriod if found else None) or claim.hospitalization
    return {"admission": day(period.start), "discharge": day(period.end)} if period else {}


def _totals(claim: Claim) -> Values:
    if not isinstance(claim.total, list):
        return {"total.submitted": number(claim.total)}
    told = amounts(claim.total)
    charged = amount_of(told, "clm_tot_chrg_amt", "nch_carr_clm_sbmtd_chrg_amt", "submitted")
    return {
        "total.submitted": charged or number(claim.totalCost),
        "total.eligible": amount_of(told, *_ALLOWED),
    }


def _pre_authorization(claim: Claim) -> str:
    insurance = claim.insurance if isinstance(claim.insurance, list) else [claim.insurance]
    return next((number for each in insurance for number in each.preAuthRef), "")


def _replaced(claim: Claim) -> Values:
    for related in claim.related:
        if {"replaced", "prior"} & set(codes(related.relationship)) and last_part(related.claim):
            return {"replaces": last_part(related.claim)}
    return {}


def _member(team: Mapping[int | None, tuple[list[str], str]], members: object, roles: tuple[str, ...]) -> str:
    """The NPI of the first member with the best of these roles."""
    for role in roles:
        for sequence in members:  # type: ignore[attr-defined]
            told, npi = team.get(sequence, ([], ""))
            if role in told and npi:
                return npi
    return ""
