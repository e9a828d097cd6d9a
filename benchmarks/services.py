"""What was done at a visit: services that go together, at a place where they are given.

Numbers only, as they stand on claims; what they mean is not ours to ship.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import polars as pl

from benchmarks.chance import Chance

# On which side a service is done stands on its line.
SIDED = ("20610", "73030", "73560")
NEW_PATIENT, SEEN_BEFORE = "99203", "99213"
# How many lines there are, the first being the visit.
LINES = (1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6)


@dataclass(frozen=True)
class Visit:
    """One kind of visit: how often it is, the service it is for, what is done besides, where.

    Services and modifiers are written `code-modifier`; on bills of hospitals `revenue/code-modifier`.
    """

    often: float
    first: str
    besides: str
    places: str = ""


OFFICE = (
    Visit(
        40,
        "99213-25 99213 99213 99214-25 99214 99214 99212 99215",
        "36415 80053 85025 80061 83036 84443 81003 93000 71046 96372 20610 87880 87086 82306 73030 73560 "
        "J1885 J3301 17000 94010",
        "11 11 11 11 11 11 11 22 22 19",
    ),
    Visit(6, NEW_PATIENT, "36415 80053 85025 81003 93000 71046 94010 82306 87880", "11 11 11 22"),
    Visit(5, "99213-25 99214-25", "G0439 G0444 90471 90686 G0008 36415 80061", "11"),
    Visit(7, "80053 80061 85025", "83036 84443 82306 82607 87086 81003 85610", "81"),
    Visit(6, "97110-GP", "97140-GP 97530-GP 97112-GP 97116-GP 97035-GP", "11"),
    Visit(5, "92014 92012", "92250 92083 92133 76514 92285", "11"),
    Visit(5, "77067 71046 72148", "76642 74177 70450 73030 73560 76700", "11 22 19"),
    Visit(5, "99283-25 99284-25", "93010 71046-26 70450-26 76705-26 93042", "23"),
    Visit(6, "99232 99233 99231 99223", "93010 71045-26 94003 93306-26 36556", "21"),
    Visit(4, "99213-95 99214-95", "99406-95 G0442-95 96127-95 G0446-95 98960-95", "02"),
    Visit(3, "E0601-RR", "A7030 A7034 A7035 A4604 A7038", "12"),
    Visit(2, "11042", "A6222 A6402 97597 97602 29581", "11 22"),
)
OUTPATIENT = (
    Visit(
        5,
        "0450/99283 0450/99284",
        "0300/80048 0320/71045 0730/93005 0250/ 0636/J2405 0260/96374 0351/70450 0352/74177 0270/ 0300/36415",
    ),
    Visit(3, "0510/G0463", "0300/85610 0300/80053 0300/36415 0320/71046 0730/93005 0420/97110-GP"),
    Visit(2, "0750/45380 0750/43239", "0250/ 0258/ 0270/ 0710/ 0636/J2405"),
    Visit(2, "0300/80053", "0300/80061 0300/85025 0300/83036 0300/84443 0300/36415"),
)
STAY = (Visit(1, "0120/", "0250/ 0270/ 0300/ 0320/ 0258/ 0730/ 0301/ 0636/ 0710/ 0360/"),)
KINDS = (*OFFICE, *OUTPATIENT, *STAY)
_FIRST_OUTPATIENT, _FIRST_STAY = len(OFFICE), len(OFFICE) + len(OUTPATIENT)
# Since when there are places for telehealth, and for telehealth at home; before, it was an office.
TELEHEALTH, AT_HOME, AN_OFFICE = "02", "10", "11"
TELEHEALTH_SINCE, AT_HOME_SINCE = pl.date(2017, 1, 1), pl.date(2022, 1, 1)


def draw_visits(claims: pl.DataFrame, chance: Chance) -> pl.Series:
    """The number of the kind of visit of each claim (`number`, `institutional`, `inpatient`)."""
    luck = claims.select(chance.share(claims, "visit", "number")).to_series()
    office, outpatient = _chosen(luck, OFFICE), _chosen(luck, OUTPATIENT) + _FIRST_OUTPATIENT
    kind = pl.when("inpatient").then(_FIRST_STAY).when("institutional").then(outpatient).otherwise(office)
    return claims.select(kind.cast(pl.UInt32).alias("visit")).to_series()


def _chosen(luck: pl.Series, kinds: Sequence[Visit]) -> pl.Series:
    total = sum(kind.often for kind in kinds)
    up_to = pl.Series([part / total for part in accumulate(kind.often for kind in kinds)])
    return up_to.search_sorted(luck, side="right").clip(0, len(kinds) - 1).cast(pl.UInt32)


def draw_lines(claims: pl.DataFrame, chance: Chance) -> pl.DataFrame:
    """One row per line, `row` being the claim's row; a claim never has the same service twice.

    Read of the claims: number, patient, institutional, inpatient, visit, from_date, through_date, side (of
    the first diagnosis).
    """
    new = (pl.col("from_date") == pl.col("from_date").min().over("patient")).alias("new")
    lines = (
        claims.with_columns(new)
        .select("number", "institutional", "inpatient", "visit", "from_date", "through_date", "side", "new")
        .with_row_index("row")
        .with_columns(
            line_number=pl.int_ranges(1, chance.one_of(LINES, claims, "lines", "number") + 1),
            first_service=chance.below(1000, claims, "service", "number"),
        )
        .explode("line_number")
    )

    def draw(bound: int | pl.Expr, purpose: str) -> pl.Expr:
        return chance.below(bound, lines, purpose, "number", "line_number")

    is_first = pl.col("line_number") == 1
    nights = (pl.col("through_date") - pl.col("from_date")).dt.total_days()
    on = pl.col("from_date") + pl.duration(days=pl.when(is_first).then(0).otherwise(draw(nights + 1, "day")))
    besides = pl.col("first_service") + pl.col("line_number")
    service = (
        pl.when(is_first)
        .then(_of_kind("first", pl.col("first_service")))
        .otherwise(_of_kind("besides", besides))
    )
    lines = lines.with_columns(service=service, on=on)
    code = pl.col("service").str.extract(r"([A-Z0-9]{5})(?:-|$)")
    sided = code.is_in(SIDED)
    side = pl.coalesce(
        pl.when(pl.col("side") == "right")
        .then(pl.lit("RT"))
        .when(pl.col("side") == "left")
        .then(pl.lit("LT")),
        chance.one_of(("RT", "LT"), lines, "side", "number", "line_number"),
    )
    place = _of_kind("places", pl.col("first_service"))
    at_home = (pl.col("on") >= AT_HOME_SINCE) & (pl.col("first_service") % 2 == 0)
    place = (
        pl.when(place != TELEHEALTH)
        .then(place)
        .when(at_home)
        .then(pl.lit(AT_HOME))
        .when(pl.col("on") >= TELEHEALTH_SINCE)
        .then(pl.lit(TELEHEALTH))
        .otherwise(pl.lit(AN_OFFICE))
    )
    many = pl.when(draw(10, "many") == 0).then(1 + draw(4, "units")).otherwise(1)
    return lines.select(
        "row",
        "number",
        "institutional",
        sided.alias("sided"),
        line_number="line_number",
        line_from_date="on",
        line_through_date="on",
        line_charge=((2_000 + draw(40_000, "charge")) / 100).cast(pl.Decimal(12, 2)),
        procedure_code=pl.when((code == NEW_PATIENT) & ~pl.col("new"))
        .then(pl.lit(SEEN_BEFORE))
        .otherwise(code),
        modifier_1=pl.when(sided).then(side).otherwise(pl.col("service").str.extract(r"-(..)$")),
        units=pl.when(pl.col("inpatient") & is_first).then(nights).when(is_first).then(1).otherwise(many),
        place_of_service=pl.when(~pl.col("institutional")).then(place),
        revenue_code=pl.col("service").str.extract(r"^(....)/"),
    )


def _of_kind(what: str, number: pl.Expr) -> pl.Expr:
    """The service or place of this number, counted round, of the kind of visit of the row."""
    words = [getattr(kind, what).split() or [""] for kind in KINDS]
    starts = pl.Series([0, *accumulate(map(len, words))][:-1])
    count = pl.lit(pl.Series([len(each) for each in words])).gather("visit")
    place = pl.lit(starts).gather("visit") + number % count
    return pl.lit(pl.Series([word for each in words for word in each])).gather(place)
