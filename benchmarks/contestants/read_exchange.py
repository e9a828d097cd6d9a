"""Read one exchange file: on to canonical tables, or with another program that reads such files."""

import argparse
import json
import time
from pathlib import Path

from validator.claims.batch import open_batch


def with_validator(path: Path) -> int:
    """Canonical and derived tables, as a night reads them."""
    with open_batch([str(path)]) as batch:
        return sum(tables.claims.height for tables in batch.partitions())


def with_x12sdk(path: Path) -> int:
    """Validated models of its transactions."""
    from x12sdk.io import X12ModelReader

    with X12ModelReader(str(path)) as reader:
        return sum(sum(1 for _ in model.claims()) for model in reader.models())


def with_pyx12(path: Path) -> int:
    """Its loops of claims, checked against its maps."""
    import pyx12.error_handler
    import pyx12.params
    import pyx12.x12context

    errors = pyx12.error_handler.errh_null()
    with path.open(encoding="ascii") as file:
        reader = pyx12.x12context.X12ContextReader(pyx12.params.params(), errors, file)
        return sum(1 for data in reader.iter_segments("2300") if data.id == "2300")


def with_json(path: Path) -> int:
    """Every line parsed, nothing done with it."""
    with path.open("rb") as file:
        return sum(1 for line in file if json.loads(line))


WAYS = {"validator": with_validator, "x12sdk": with_x12sdk, "pyx12": with_pyx12, "json": with_json}


def main() -> None:
    """Read once, print the seconds and the claims."""
    parser = argparse.ArgumentParser()
    parser.add_argument("claims", type=Path)
    parser.add_argument("way", choices=WAYS)
    given = parser.parse_args()
    start = time.perf_counter()
    claims = WAYS[given.way](given.claims)
    print(json.dumps({"seconds": time.perf_counter() - start, "claims": claims}))


if __name__ == "__main__":
    main()
