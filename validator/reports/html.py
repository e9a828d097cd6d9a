"""What pages share: templates, styles and scripts written into them, and a policy that fetches nothing."""

import base64
import hashlib
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ASSETS, VENDOR = Path(__file__).parent / "assets", Path(__file__).parent / "vendor"


def environment() -> Environment:
    """Templates that escape all text, with filters for numbers, dollars and shares."""
    made = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["number"] = lambda value: "?" if value is None else f"{int(value):,}"
    made.filters["dollars"] = lambda value: _dollars(value, places=0)
    made.filters["dollars_cents"] = lambda value: _dollars(value, places=2)
    made.filters["share"] = _share
    return made


def _dollars(value: Any, *, places: int) -> str:
    """`$1,234.50`; a small amount keeps its cents, so that it never reads as nothing."""
    amount = Decimal(str(value or 0))
    if not amount and places:
        return "–"
    return f"${amount:,.{2 if 0 < amount < 100 else places}f}"


def _share(value: float) -> str:
    """A percentage that is never rounded to 0 % or 100 % when it is not."""
    percent = 100 * value
    if 0 < percent < 0.01:
        return "< 0.01 %"
    if 99.99 < percent < 100:
        return "> 99.99 %"
    return f"{percent:.0f} %" if percent in (0, 100) else f"{percent:.2f} %"


def inline(path: Path) -> str:
    """A script or style without the pointer to its source map, which a browser would try to fetch."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"/[/*]# sourceMappingURL=.*", "", text)
    if "</script" in text.lower() or "</style" in text.lower():
        raise ValueError(f"{path.name} cannot stand inside a page")
    return text


def policy(*, style: str, scripts: tuple[str, ...] = ()) -> str:
    """Nothing may be fetched; only the scripts and the style written here may run, named by their hash."""
    allowed = " ".join(_source_hash(script) for script in scripts) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_source_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _source_hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
