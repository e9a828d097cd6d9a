"""What must not be in the project: long modules, calls to the network, addresses of machines."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The package itself is held to its sizes and imports in test_imports.py.
BESIDE = sorted(
    path for room in ("benchmarks", "scripts", "docs", "tests") for path in (ROOT / room).rglob("*.py")
)
PACKAGE = sorted((ROOT / "validator").rglob("*.py"))
LONGEST = 500


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", BESIDE, ids=_name)
def test_a_module_says_what_it_is_and_is_not_long(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def test_nothing_in_the_package_can_call_the_network() -> None:
    callers = re.compile(
        r"^\s*(?:import|from) (socket|ssl|http|urllib\.request|ftplib|requests|httpx)\b", re.MULTILINE
    )
    assert [_name(path) for path in PACKAGE if callers.search(path.read_text(encoding="utf-8"))] == []


def test_no_file_names_a_package_registry_or_a_folder_of_somebodys_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    # In two halves, so that this file does not find itself.
    words = (
        "index" + "-url",
        "find" + "-links",
        "https?://[a-z.]*(?:pypi|npmjs|debian)" + "[.]",
        "/ro" + "ot/",
        "/ho" + "me/[a-z]",
    )
    forbidden = re.compile("|".join(words).encode())
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    read = [path for path in paths if path.is_file() and "vendor" not in path.parts]
    assert [_name(path) for path in read if forbidden.search(path.read_bytes())] == []
