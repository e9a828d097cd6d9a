"""A JSON Schema of rule files, so that editors offer keys and names; the reader itself never uses it."""

import json

from validator.reference.schema import PAIR_TABLES
from validator.rules.conditions import OPERATORS, fits
from validator.rules.exists import SAME, SEARCH_KEYS, TABLES
from validator.rules.model import CONFIDENCES, OUTCOMES, SEVERITIES
from validator.rules.names import NAMES, Name
from validator.rules.parts import SUGGEST_KINDS
from validator.rules.provider import COUNTED_ROWS, PROVIDER_COLUMNS
from validator.rules.reading import GRAINS, KEYS, REQUIRED, STATUSES
from validator.rules.search_words import COUNTED, COUNTS, SIDES, SUMS

SCHEMA_FILE = "rule.schema.json"
_SCALAR = {"type": ["string", "number", "boolean"]}
_DATE = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_CONDITION = {"$ref": "#/$defs/condition"}
_CODE = {"type": ["string", "integer"]}


def schema_text() -> str:
    """The schema as it is written, keys in a fixed order."""
    return json.dumps(_schema(), indent=1, ensure_ascii=False) + "\n"


def _schema() -> dict[str, object]:
    properties = _properties()
    assert set(properties) == set(KEYS)
    values = {"anyOf": [_SCALAR, {**_list(_SCALAR), "minItems": 1}]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule of the claims coding validator",
        **_block(properties, required=REQUIRED),
        "$defs": {"condition": _condition(), "search": _search(), "values": values, **_tests()},
    }


def _block(properties: dict[str, object], *, required: tuple[str, ...] = ()) -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **({"required": list(required)} if required else {}),
    }


def _list(of: object) -> dict[str, object]:
    return {"type": "array", "items": of}


def _one_of(words: tuple[str, ...]) -> dict[str, object]:
    return {"enum": list(words)}


def _properties() -> dict[str, object]:
    severity = _one_of(SEVERITIES)
    in_force = {**_block({"from": _DATE, "until": _DATE}), "minProperties": 1}
    source = {"title": _TEXT, "section": _TEXT, "checked": _DATE}
    example = {"says": _TEXT, "given": {"type": "object"}, "expect": _one_of(OUTCOMES)}
    return {
        "rule": {"type": "string", "pattern": r"^[A-Z]{2}\d{3}$"},
        "title": _TEXT,
        "version": {"type": "integer", "minimum": 1},
        "status": _one_of(STATUSES),
        "severity": {"anyOf": [severity, _list(_case(severity))]},
        "confidence": _one_of(CONFIDENCES),
        "why": _TEXT,
        "source": {**_list(_block(dict(source), required=("title", "checked"))), "minItems": 1},
        "in_force": in_force,
        "denial_codes": _block({"carc": _list(_CODE), "rarc": _list({"anyOf": [_CODE, _case(_CODE)]})}),
        "tags": _list(_TEXT),
        "false_alarms": _list(_TEXT),
        "needs": _list(_TEXT),
        "check_each": _one_of(GRAINS),
        "count_each": _one_of(COUNTED_ROWS),
        "provider": _one_of(PROVIDER_COLUMNS),
        "peers": _TEXT,
        "only_for": {"anyOf": [_CONDITION, {"type": "object", "maxProperties": 0}]},
        "flag_when": {"anyOf": [_CONDITION, _share(), _day_total()]},
        "message": {"anyOf": [_TEXT, _list(_case(_TEXT))]},
        "suggest": {"anyOf": [_TEXT, {**_block(dict.fromkeys(SUGGEST_KINDS, _TEXT)), "maxProperties": 1}]},
        "control": {"type": "boolean"},
        "examples": _list(_block(dict(example), required=("says", "given", "expect"))),
    }


def _share() -> dict[str, object]:
    share: dict[str, object] = {
        "that": _CONDITION,
        "at_least": _NUMBER,
        "minimum": {"type": "integer", "minimum": 1},
        "times_peers": _NUMBER,
    }
    return _block({"share": _block(share, required=("that", "at_least", "minimum"))}, required=("share",))


def _day_total() -> dict[str, object]:
    total: dict[str, object] = {"of": _TEXT, "times": _TEXT, "day": _TEXT, "more_than": _NUMBER}
    return _block({"day_total": _block(total, required=("of", "day", "more_than"))}, required=("day_total",))


def _case(word: object) -> dict[str, object]:
    return _block({"when": _CONDITION, "is": word}, required=("is",))


def _condition() -> dict[str, object]:
    groups: dict[str, object] = {key: {**_list(_CONDITION), "minItems": 1} for key in ("all", "any", "none")}
    searches: dict[str, object] = {key: {"$ref": "#/$defs/search"} for key in ("there_is", "there_is_no")}
    names: dict[str, object] = {
        name: {"description": known.doc, **_test(known)}
        for name, known in NAMES.items()
        if not known.messages_only
    }
    return {
        **_block({**groups, **searches, **names}),
        "patternProperties": {r"^other\.": {}},
        "minProperties": 1,
    }


def _test(name: Name) -> dict[str, object]:
    """A value, a list of values, or a block of the tests that fit the column."""
    tests = {"$ref": f"#/$defs/tests_of_{name.kind}"}
    if not name.words:
        return {"anyOf": [{"$ref": "#/$defs/values"}, tests]}
    words = _one_of(name.words)
    return {"anyOf": [words, {**_list(words), "minItems": 1}, tests]}


def _tests() -> dict[str, object]:
    """For each kind of column the tests that can be asked of it."""
    found: dict[str, object] = {}
    for name in NAMES.values():
        tests: dict[str, object] = {operator: {} for operator in OPERATORS if fits(operator, name)}
        found[f"tests_of_{name.kind}"] = {**_block(tests), "minProperties": 1}
    return dict(sorted(found.items()))


def _search() -> dict[str, object]:
    same = _one_of(SAME)
    days = {"from": _TEXT, "to": _TEXT, "at_most": {"type": "integer", "minimum": 0}}
    direction = _one_of(("before", "after", "either"))
    years = {**days, "at_least": {"type": "integer", "minimum": 0}, "direction": _one_of(SIDES)}
    count: dict[str, object] = {**{key: {"type": "integer"} for key in COUNTS}, "of": _one_of(COUNTED)}
    total: dict[str, object] = {"of": _TEXT, **{key: {"type": ["number", "string"]} for key in SUMS}}
    pair: dict[str, object] = {
        "table": _one_of(tuple(PAIR_TABLES)),
        "pair": {**_list(_TEXT), "minItems": 2, "maxItems": 2},
    }
    keys: dict[str, object] = {
        "same": {"anyOf": [same, _list(same)]},
        "equal": _list(_TEXT),
        "where": _CONDITION,
        "days_apart": _block({**days, "direction": direction}, required=tuple(days)),
        "same_year": _TEXT,
        "years_apart": _block(years, required=tuple(years)),
        "listed_in": _block(pair, required=tuple(pair)),
        "how_many": {**_block(count), "minProperties": 1},
        "total": _block(total, required=("of",)),
        "reported": _one_of(("earlier",)),
    }
    assert set(keys) == set(SEARCH_KEYS)
    search = _block(keys, required=("same",))
    return {**_block(dict.fromkeys(TABLES, search)), "minProperties": 1, "maxProperties": 1}
