"""The files beside the rules: precedence, suppressions and risk weights."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from itertools import combinations

from validator.rules.model import CONFIDENCES, SEVERITIES, Precedence, RiskWeights, Rule, Suppression
from validator.rules.names import NAMES
from validator.rules.nodes import Block, Items, Node, Text
from validator.rules.problems import Problems, did_you_mean, listed, shown
from validator.rules.shapes import known_keys, read_choice, read_rule_id, read_text
from validator.rules.values import kept_form, read_date

# What a suppression may be tied to, and the column of the findings that holds it.
SUPPRESSION_COLUMNS: Mapping[str, str] = {
    "claim.id": "claim_id",
    "claim.type": "claim_type",
    "patient.id": "patient_id",
    "claim.payer_id": "payer_id",
    "claim.billing_npi": "billing_npi",
    "line.rendering_npi": "rendering_npi",
    "line.number": "line_number",
    "diagnosis.role": "diagnosis_role",
    "diagnosis.position": "diagnosis_position",
    "diagnosis.code": "code",
}

# Rules silence each other on one row; a provider is no row.
ROW_GRAINS = ("diagnosis", "line", "claim")


def read_precedence(node: Node, rules: Mapping[str, Rule], problems: Problems) -> tuple[Precedence, ...]:
    """Orders in which rules silence each other on one row: the first that flags speaks."""
    if isinstance(node, Text) and node.blank:
        return ()
    if not isinstance(node, Items):
        problems.add(
            "R007",
            "precedence is a list of orders",
            fix="write - {per: diagnosis, order: [DX005, DX009]}",
            at=node.span,
        )
        return ()
    orders: list[Precedence] = []
    before: dict[tuple[str, str], int] = {}
    for item in node:
        keys = known_keys(
            item, here="an order", keys=("per", "order", "why"), required=("per", "order"), problems=problems
        )
        if keys is None or "per" not in keys or "order" not in keys:
            continue
        per = read_choice(keys["per"], problems, key="per", words=ROW_GRAINS)
        order = _order(keys["order"], per, rules, problems)
        if per is None or not order:
            continue
        for first, second in combinations(order, 2):
            if (second, first) in before:
                problems.add(
                    "R031",
                    f"{first} comes before {second} here and after it on line {before[second, first]}",
                    fix="keep one order of the two",
                    at=keys["order"].span,
                )
            before.setdefault((first, second), item.span.line)
        orders.append(Precedence(per, order))  # type: ignore[arg-type]
    return tuple(orders)


def _order(node: Node, per: str | None, rules: Mapping[str, Rule], problems: Problems) -> tuple[str, ...]:
    if not isinstance(node, Items) or len(node.items) < 2:
        problems.add(
            "R007", "order is a list of at least two rule ids", fix="write [DX005, DX009]", at=node.span
        )
        return ()
    order: list[str] = []
    for item in node:
        rule_id = read_rule_id(item, problems, known=rules)
        if rule_id is None:
            continue
        if rule_id in order:
            problems.add(
                "R031", f"{rule_id} stands twice in one order", fix="keep its first place", at=item.span
            )
        elif per is not None and rules[rule_id].check_each != per:
            problems.add(
                "R031",
                f"{rule_id} checks each {rules[rule_id].check_each}, not each {per}",
                fix="rules silence each other on the same row only",
                at=item.span,
            )
        else:
            order.append(rule_id)
    return tuple(order)


def read_suppressions(node: Node, rules: Mapping[str, Rule], problems: Problems) -> tuple[Suppression, ...]:
    """Findings that somebody decided not to see, each with a reason, a name and an end."""
    if isinstance(node, Text) and node.blank:
        return ()
    if not isinstance(node, Items):
        problems.add(
            "R007",
            "suppressions are a list",
            fix="write - {rule: ..., where: {...}, reason: ..., by: ..., until: ...}",
            at=node.span,
        )
        return ()
    parts = ("rule", "where", "reason", "by", "until")
    suppressions = []
    for item in node:
        keys = known_keys(item, here="a suppression", keys=parts, required=parts, problems=problems)
        if keys is None or len(keys) < len(parts):
            continue
        rule_id = read_rule_id(keys["rule"], problems, known=rules)
        where = _where(keys["where"], rules.get(rule_id or ""), problems)
        reason = read_text(keys["reason"], problems, key="reason")
        by = read_text(keys["by"], problems, key="by")
        until = keys["until"]
        last = read_date(until, problems) if isinstance(until, Text) else None
        if not isinstance(until, Text):
            problems.add("R007", "until is one date", fix="write year-month-day", at=until.span)
        if rule_id and where and reason and by and last:
            suppressions.append(Suppression(rule_id, where, reason, by, last, item.span.place))
    return tuple(suppressions)


def _where(node: Node, rule: Rule | None, problems: Problems) -> dict[str, str]:
    """Rule names and the value each must have. Values name claims, so no message repeats them."""
    if not isinstance(node, Block) or not node.entries:
        problems.add(
            "R007",
            "where says which findings are meant",
            fix="write {claim.id: ...}; to silence a rule everywhere name it under except in the profile",
            at=node.span,
        )
        return {}
    where: dict[str, str] = {}
    for key, value in node:
        if key.text not in SUPPRESSION_COLUMNS:
            problems.add(
                "R034",
                f"a suppression cannot be tied to {shown(key.text)}",
                fix=did_you_mean(
                    key.text, SUPPRESSION_COLUMNS, f"it can be tied to {listed(SUPPRESSION_COLUMNS)}"
                ),
                at=key.span,
            )
        elif rule is not None and not _stands_on_findings(key.text, rule):
            what = f"{shown(key.text)} is blank on findings about a {rule.check_each}"
            problems.add("R010", what, fix=_instead(rule), at=key.span)
        elif not isinstance(value, Text) or value.blank or not value.text:
            problems.add(
                "R007",
                f"{key.text} takes one value",
                fix="write one value; several are several suppressions",
                at=key.span,
            )
        else:
            where[key.text] = kept_form(key.text, value.text)
    return where


def _stands_on_findings(name: str, rule: Rule) -> bool:
    """Whether findings of the rule carry the column; those about a provider carry its number alone."""
    if rule.provider is not None:
        return name == rule.provider.name
    return NAMES[name].row in ("claim", rule.check_each)


def _instead(rule: Rule) -> str:
    if rule.provider is None:
        return "tie the suppression to the claim"
    if rule.provider.name in SUPPRESSION_COLUMNS:
        return f"tie the suppression to {rule.provider.name}"
    return "name the rule under except in the profile"


def read_risk(node: Node, problems: Problems) -> RiskWeights | None:
    """A weight for each severity and a factor for each confidence, all from 0 to 1."""
    keys = known_keys(
        node,
        here="risk.yaml",
        keys=("severity", "confidence", "why"),
        required=("severity", "confidence"),
        problems=problems,
    )
    if keys is None or "severity" not in keys or "confidence" not in keys:
        return None
    severity = _weights(keys["severity"], "severity", SEVERITIES, problems)
    confidence = _weights(keys["confidence"], "confidence", CONFIDENCES, problems)
    return RiskWeights(severity, confidence)  # type: ignore[arg-type]


def _weights(node: Node, key: str, words: tuple[str, ...], problems: Problems) -> dict[str, float]:
    keys = known_keys(node, here=key, keys=words, required=words, problems=problems) or {}
    weights = {}
    for word, value in keys.items():
        try:
            weight = Decimal(value.text) if isinstance(value, Text) else Decimal("NaN")
        except InvalidOperation:
            weight = Decimal("NaN")
        if weight.is_finite() and 0 <= weight <= 1:
            weights[word] = float(weight)
        else:
            problems.add(
                "R033",
                f"the weight of {word} is no number from 0 to 1",
                fix="write a number such as 0.9",
                at=value.span,
            )
    return weights
