"""The shape of the package: imports point one way, modules are small, claims are not walked row by row."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "validator"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "vendor" not in path.parts)
LONGEST_MODULE = 500

# Which rooms (and, with a dot, which single modules) each room may import besides itself, as the design's
# table of rooms says. `everything below` is spelled out, so that a new arrow has to be drawn here first.
FREE_FOR_ALL = {"validator", "errors", "shipped"}
SCHEMAS = {"claims.schema", "reference.schema"}
MAY_IMPORT: dict[str, set[str]] = {
    "": set(),
    "errors": set(),
    "shipped": set(),
    "claims": set(),
    "reference": set(),
    "rules": SCHEMAS,
    "findings": {"claims.schema"},
    "engine": {
        "rules",
        "findings",
        "claims.derive",
        "claims.codes",
        "reference.lookup",
        "reference.dotted",
        *SCHEMAS,
    },
    "ledger": {"findings"},
    "reports": {"findings", "ledger.schema"},
    "proof": {"reference", "rules", "engine"},
    "run": {"claims", "reference", "rules", "findings", "engine", "ledger", "reports", "proof"},
    "audit": {"run", "claims", "reference", "rules", "findings", "engine", "ledger", "reports"},
    "cli": {"run", "audit", "claims", "reference", "rules", "findings", "engine", "ledger", "reports"},
    "__main__": {"cli"},
}

# Ways to walk a claim table row by row in Python.
ROW_LOOPS = {"map_elements", "map_rows", "map_groups", "iter_rows", "rows", "rows_by_key", "to_dicts"}

# (module, call) -> why it is no loop over claim rows.
ALLOWED_ROW_LOOPS: dict[tuple[str, str], str] = {
    (
        "engine.exists",
        "to_dicts",
    ): "patterns of blank columns, not claims: at most 2 to the number of columns",
    ("engine.examples", "iter_rows"): "outcomes of a rule's examples, a handful of claims each",
    ("engine.conclude", "iter_rows"): "one row per severity or decision of the batch",
    ("engine.providers", "iter_rows"): "one row per rule whose findings about providers are suppressed",
}


def dotted_name(path: Path) -> str:
    """`validator/claims/schema.py` is `claims.schema`; the package itself is the empty name."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(module: str) -> str:
    return module.split(".", 1)[0]


def imported_by(path: Path) -> set[str]:
    """The modules of the package that the file imports, wherever in the file it does so."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports by a relative name; write the whole one"
            # `from validator.claims import schema` imports a module, `... import CLAIMS` a name of one.
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                file = ROOT.joinpath(*whole.split("."))
                found.add(whole if file.with_suffix(".py").is_file() or file.is_dir() else str(node.module))
    inside = {name for name in found if name == "validator" or name.startswith("validator.")}
    return {name.removeprefix("validator").removeprefix(".") or "validator" for name in inside}


def allowed(room: str, imported: str) -> bool:
    if imported in FREE_FOR_ALL or room_of(imported) == room:
        return True
    return any(imported == may or imported.startswith(f"{may}.") for may in MAY_IMPORT[room])


@pytest.mark.parametrize("path", MODULES, ids=dotted_name)
def test_a_module_imports_only_what_its_room_may(path: Path) -> None:
    module = dotted_name(path)
    assert room_of(module) in MAY_IMPORT, f"validator/{module}: a new room needs a line in the table of rooms"
    wrong = sorted(name for name in imported_by(path) if not allowed(room_of(module), name))
    assert not wrong, f"{module} imports {', '.join(wrong)}, which its room may not"


@pytest.mark.parametrize("path", MODULES, ids=dotted_name)
def test_a_module_is_small_and_says_in_one_sentence_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, f"{dotted_name(path)} has no docstring"
    first = docstring.split("\n\n")[0]
    assert first.rstrip().endswith((".", "?", '"', ":")), "the docstring does not open with a sentence"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room_of(dotted_name(path)) in ("engine", "claims")], ids=dotted_name
)
def test_claims_are_never_walked_row_by_row(path: Path) -> None:
    module = dotted_name(path)
    found = {
        (node.func.attr, node.lineno)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ROW_LOOPS
        # Polars' own `rows` takes no argument by position; methods of ours called so do.
        if not (node.func.attr == "rows" and node.args)
    }
    unexplained = [call for call in found if (module, call[0]) not in ALLOWED_ROW_LOOPS]
    wrong = sorted(f"line {line}: .{name}()" for name, line in unexplained)
    assert not wrong, f"{module} walks rows in Python: {wrong}"


def test_every_allowed_row_loop_is_still_there() -> None:
    for module, name in ALLOWED_ROW_LOOPS:
        path = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
        still_there = f".{name}(" in path.read_text(encoding="utf-8")
        assert still_there, f"{module} no longer calls {name}: take it off the list"


def test_the_rooms_have_no_circle() -> None:
    """A room may stand in the table only after the rooms that it imports: the arrows point one way."""
    order = list(MAY_IMPORT)
    for room, others in MAY_IMPORT.items():
        for other in others:
            if room == "cli":
                continue
            assert order.index(room_of(other)) < order.index(room), f"{other} stands after {room}"


@pytest.mark.parametrize(
    ("room", "imported", "expected"),
    [
        ("claims", "engine.compile", False),
        ("rules", "claims.schema", True),
        ("rules", "claims.derive", False),
        ("engine", "rules.model", True),
        ("reports", "findings.schema", True),
        ("reports", "engine.evaluate", False),
        ("cli", "audit.rerun", True),
        ("claims", "shipped", True),
    ],
)
def test_the_table_is_read_as_meant(room: str, imported: str, expected: bool) -> None:
    assert allowed(room, imported) is expected
