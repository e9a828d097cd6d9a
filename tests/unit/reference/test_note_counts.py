"""The tabular list is read whole: the counts of the rule catalogue come out, or the difference is explained."""

import re
from collections import Counter
from collections.abc import Mapping
from xml.etree import ElementTree

import polars as pl
import pytest

from validator.reference.lookup import Reference
from validator.reference.notes.citations import cited, has_code
from validator.reference.sources import shipped_sources


@pytest.fixture(scope="module")
def notes(reference: Reference) -> pl.DataFrame:
    """kind, text of every line, with the kind of node that it stands on and whether it prints codes."""
    table = reference.tables.read(
        "select n.kind, n.text, o.kind as stands_on from note n join node o using (node)"
    )
    return table.with_columns(coded=pl.Series([has_code(text) for text in table["text"]], dtype=pl.Boolean))


@pytest.fixture(scope="module")
def facts(reference: Reference) -> pl.DataFrame:
    """LIST_FACTS and titles of the 74,719 codes that were billable on 2026-04-01."""
    codes = reference.tables.read(
        "select code from span where kind = 'billable' and valid_from <= date '2026-04-01' "
        "and (valid_to is null or valid_to >= date '2026-04-01') order by code"
    )
    titles = reference.titles(codes.with_columns(on=pl.lit(None, pl.Date)))
    return reference.facts(codes["code"]).codes.with_columns(titles["title"])


def test_the_lines_of_each_kind_and_those_with_codes_are_as_counted(notes: pl.DataFrame) -> None:
    lines = {kind: (found.height, int(found["coded"].sum())) for (kind,), found in notes.group_by("kind")}
    assert lines["excludes1"] == (5407, 5279)
    assert lines["excludes2"][0] == 2520
    assert lines["includes"][0] == 1024
    assert lines["code_first"] == (809, 599)
    assert lines["use_additional_code"] == (1485, 1169)
    assert lines["code_also"] == (655, 473)


def test_as_many_excludes1_lines_stand_on_sections_and_chapters_as_counted(notes: pl.DataFrame) -> None:
    on = Counter(notes.filter(pl.col("kind") == "excludes1")["stands_on"])
    assert (on["section"], on["chapter"]) == (151, 3)


def test_the_blocks_of_each_kind_are_as_counted() -> None:
    """A block is one element of the XML; a node may have several of a kind, which are read as one."""
    root = ElementTree.parse(shipped_sources().tabular_path).getroot()
    blocks = Counter(element.tag for element in root.iter())
    found = [
        blocks[tag] for tag in ("excludes1", "codeFirst", "useAdditionalCode", "codeAlso", "sevenChrDef")
    ]
    assert found == [2644, 363, 844, 320, 508]


def test_every_line_that_prints_a_code_cites_one(notes: pl.DataFrame) -> None:
    """But for the one line of Excludes2 that speaks of vitamin B12 beside its code, nothing is misread."""
    kinds = ["excludes1", "excludes2", "code_first", "use_additional_code", "code_also"]
    coded = notes.filter(pl.col("kind").is_in(kinds) & pl.col("coded"))
    assert [text for text in coded["text"] if not cited(text)] == []


def test_the_sides_of_the_list_are_as_counted(facts: pl.DataFrame) -> None:
    """The catalogue counts words of titles: 13,324 right, 13,490 left, 1,039 bilateral.

    It leaves out the 65 codes of E08-E13 on each side whose 7th character is the side, and counts the 13
    codes of H54.0X and H54.2X, which name each eye apart, on both sides. Put right for that, its counts come
    out. A side of the patient is less than the word: parts of the heart and colon, left-sided colitis, and
    what was left behind in a body are none.
    """
    words = {
        word: facts["title"].str.to_lowercase().str.contains(rf"\b{word}\b")
        for word in ("right", "left", "bilateral")
    }
    both = words["right"] & words["left"]
    alone = {
        "right": words["right"] & ~words["left"] & ~words["bilateral"],
        "left": words["left"] & ~words["right"] & ~words["bilateral"],
        "bilateral": words["bilateral"] & ~words["right"] & ~words["left"],
    }
    # H53.46 names a bilateral defect of each side.
    counted = {
        "right": int(alone["right"].sum()) + 1 - 65 + 12,
        "left": int(alone["left"].sum()) + 1 - 65 + 12,
        "bilateral": int(alone["bilateral"].sum()) - 65,
    }
    assert int(both.sum()) == 38
    assert counted == {"right": 13324, "left": 13490, "bilateral": 1039}
    sides = Counter(facts["side"].to_list())
    assert (sides["right"], sides["left"], sides["bilateral"]) == (13357, 13357, 1104)


def test_there_are_at_least_as_many_side_families_as_counted(facts: pl.DataFrame) -> None:
    """The catalogue counts 12,881 families with right and left below one parent, 783 of them with a bilateral
    code, and 11,122 codes of unspecified side in them.

    Here a family reaches over its category, so that the ulcers of L89 and L97, the limbs of I70 and I83, and
    the eyes of E08-E13 (whose side is the 7th character) have theirs too, and so have M17.0 and its like.
    Hemiplegia of the dominant and the other side is one family, not two.
    """
    families = (
        facts.filter(pl.col("side_family").is_not_null())
        .group_by("side_family")
        .agg(pl.first("family_has_sides", "family_has_bilateral"))
    )
    sided = families.filter("family_has_sides")
    open_side = facts.filter((pl.col("side") == "unspecified") & pl.col("family_has_sides"))
    assert (sided.height, sided.filter("family_has_bilateral").height) == (13_337, 989)
    assert open_side.height == 11_366


def test_the_titles_with_and_without_are_as_counted(reference: Reference) -> None:
    """418 codes have children of which one says "without" and another "with"; 1,678 pairs of such children.

    Most of these are no contradiction: lacerations with and without a foreign body may both be true, and the
    ulcers of L97 differ in something else. `icd10_without_with` keeps those that deny what the other affirms.
    """
    nodes = reference.tables.read("select node, parent, kind, lower(title) as title from node")
    codes = set(nodes.filter(pl.col("kind") == "code")["node"])
    children: dict[int, list[str]] = {}
    for parent, title in nodes.filter(pl.col("parent").is_in(list(codes))).select("parent", "title").rows():
        children.setdefault(parent, []).append(title)
    pairs: Mapping[int, int] = {
        parent: sum("without" in title for title in titles)
        * sum(bool(re.search(r"\bwith\b", title)) and "without" not in title for title in titles)
        for parent, titles in children.items()
    }
    assert (sum(count > 0 for count in pairs.values()), sum(pairs.values())) == (418, 1678)


def test_the_codes_under_a_code_first_note_are_as_counted(reference: Reference, facts: pl.DataFrame) -> None:
    """8,425 billable codes stand under a code first note, 7,943 of them not merely under one that says "if
    applicable", "if known" or "when ... present".

    The fact is blank for those of T36-T50 that are no adverse effect: the note there is about these alone.
    """
    blocks = reference.tables.read(
        "select o.name, string_agg(n.text, ' ') as text from note n join node o using (node) "
        "where n.kind = 'code_first' group by o.name"
    )
    permissive = blocks["text"].str.contains(r"if applicable|if known|when associated")
    codes = facts["code"].to_list()

    def below(names: list[str]) -> set[str]:
        ranges = [name.replace(".", "").partition("-") for name in names]
        return {
            code
            for first, _, last in ranges
            for code in codes
            if code >= first and code[: len(last or first)] <= (last or first)
        }

    every = below(blocks["name"].to_list())
    assert len(every) == 8425
    assert len(below(blocks.filter(~permissive)["name"].to_list())) == 7943
    with_fact = set(facts.filter(pl.col("code_first").is_not_null())["code"])
    poisoning = facts.filter(pl.col("intent").is_not_null() & (pl.col("intent") != "adverse_effect"))["code"]
    assert every - with_fact == every & set(poisoning)


def test_as_many_obstetric_codes_name_a_trimester_as_counted(facts: pl.DataFrame) -> None:
    """1,153 name the first, second or third. Seven of them (O60.13) name two, labor in one and delivery in the
    next, and have no fact; 392 more leave the trimester unspecified.
    """
    obstetric = facts.filter(pl.col("code").str.starts_with("O"))
    named = obstetric["title"].str.contains("(?:first|second|third) trimester")
    trimesters = Counter(obstetric["trimester"].drop_nulls())
    assert int(named.sum()) == 1153
    assert sum(trimesters[name] for name in ("first", "second", "third")) == 1153 - 7
    assert trimesters["unspecified"] == 392


def test_the_7th_characters_say_the_encounter_of_as_many_codes_as_counted(facts: pl.DataFrame) -> None:
    """12,456 codes are sequelae; of the 51,381 with a 7th character the others name a fetus, a stage or an eye."""
    encounters = Counter(facts["encounter"].drop_nulls())
    assert encounters == {"initial": 14576, "subsequent": 22194, "sequela": 12456}


def test_every_billable_code_of_the_release_is_in_the_list(facts: pl.DataFrame) -> None:
    assert facts.height == 74_719
    assert facts["in_tabular"].all()
