"""Small made-up files of each official kind: the published shape, invented rows, numbers only."""

import io
import zipfile
from pathlib import Path

import xlsxwriter

NCCI_HEAD = (
    "CPT only copyright.  All rights reserved.\t\t\t\t\t\t\n"
    "Column1/Column2 Edits\t\t\t\t\t\t\n"
    "Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tPTP Edit Rationale\n"
    "\t\tprior to 1996\tDate\tDate\t0=not allowed\t\n"
    "\t\t\t\t*=no data\t1=allowed\t\n"
    "\t\t\t\t\t9=not applicable\t\n"
)
MUE_HEAD = (
    '"Copyright line, with a comma\n\nand lines of its own",,,\n'
    '"HCPCS/\nCPT Code",{} MUE Values,MUE Adjudication Indicator,MUE Rationale\n'
)
MPFS_HEAD = (
    ",,{} National Physician Fee Schedule Relative Value File{},,,,,,\n"
    ",,Copyright of somebody.,,,,,,\n"
    ",,,STATUS,MEDICARE,WORK,GLOB,MULT,BILAT\n"
    "HCPCS,MOD,DESCRIPTION,CODE,PAYMENT,RVU,DAYS,PROC,SURG\n"
)
HCPCS_COLUMNS = "HCPC,SEQNUM,RECID,LONG DESCRIPTION,ADD DT,ACT EFF DT,TERM DT,ACTION CD"
AOC_HEAD = (
    "Copyright line\t\t\t\t\t\t\t\n"
    "AOC_Edit_Type\tAdd-On_Code\tAOC_DelDT\tPrimary_Code\tPrimary_Code_DelDT\tAOC_Edit_EffDT\tAOC_Edit_DelDT\tSpecial_Instruction_Notes\n"
)
LEIE_HEAD = "LASTNAME,FIRSTNAME,MIDNAME,BUSNAME,GENERAL,SPECIALTY,UPIN,NPI,DOB,ADDRESS,CITY,STATE,ZIP,EXCLTYPE,EXCLDATE,REINDATE,WAIVERDATE,WVRSTATE\n"
NPPES_HEAD = '"NPI","Entity Type Code","Provider Organization Name (Legal Business Name)","Provider Enumeration Date","Last Update Date","NPI Deactivation Reason Code","NPI Deactivation Date","NPI Reactivation Date"\n'


def ncci(*rows: str) -> str:
    """Edits, each `column 1, column 2, *, effective, deletion, indicator` with spaces between."""
    lines = ["\t".join(part.replace("-", "") for part in row.split(" ")) + "\tSome reason" for row in rows]
    return NCCI_HEAD + "\n".join(lines) + "\n"


def mue(what: str, *rows: str) -> str:
    return MUE_HEAD.format(what) + "".join(f"{row},Some reason\n" for row in rows)


def mpfs(year: int, release: str, *rows: str) -> str:
    return MPFS_HEAD.format(year, release) + "".join(f"{row}\n" for row in rows)


def hcpcs(*rows: str) -> str:
    return HCPCS_COLUMNS + "\n" + "".join(f"{row}\n" for row in rows)


def hcpcs_fixed(*rows: tuple[str, str, str, str]) -> str:
    """Code, record kind, date added, date ended; continuation records are short."""
    lines = ["Note about coverage.", ""]
    for code, kind, added, ended in rows:
        line = f"{code:>5}00100{kind}Some text"
        if kind in "37":
            line = f"{line:<268}{added}{added}{ended:<8}N".ljust(320)
        lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def add_on(*rows: str) -> str:
    return AOC_HEAD + "".join("\t".join(row.replace("-", "").split(" ")) + "\t\n" for row in rows)


def poa(count: int = 20_000, header: str = "Order26\tPOAexemptCode\tDescription") -> str:
    letters = "ABCDEFGHIJKLMNOPQRST"
    lines = [
        f"{number:05d}\t{letters[number // 1000]}{number % 1000 // 10:02d}.{number % 10}\tText"
        for number in range(count)
    ]
    return header + "\r\n" + "\r\n".join(lines) + "\r\n"


def leie(*rows: tuple[str, str, str]) -> str:
    """NPI, exclusion date, reinstatement date."""
    lines = [
        f'"","","","SOME, COMPANY","","","","{npi}","","","","","","1128a1","{day}","{back}","00000000",""'
        for npi, day, back in rows
    ]
    return LEIE_HEAD + "\n".join(lines) + "\n"


def nppes(*rows: tuple[str, str, str, str, str]) -> str:
    """NPI, entity type, dates of enumeration, deactivation and reactivation."""
    lines = [
        f'"{npi}","{kind}","A ""NAME"", INC","{day}","{day}","","{off}","{on}"'
        for npi, kind, day, off, on in rows
    ]
    return NPPES_HEAD + "\n".join(lines) + "\n"


def articles(**more: str) -> dict[str, str]:
    return {
        "article.csv": "article_id,article_version,title,article_eff_date,article_end_date,status\n5,2,T,2024-01-01 00:00:00,,A\n6,1,T,2024-01-01,2024-12-31,R\n",
        "article_x_hcpc_code.csv": "article_id,article_version,hcpc_code_id,hcpc_code_group\n5,2,20610,1\n6,1,20605,1\n9,1,20600,1\n",
        "article_x_icd10_covered.csv": "article_id,article_version,icd10_code_id,icd10_covered_group\n5,2,M17.11,1\n5,2,M17.12,2\n6,1,M19.90,1\n",
        **more,
    }


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode("cp1252"))
    return path


def zipped(folder: Path, name: str, members: dict[str, str | bytes]) -> Path:
    path = folder / name
    path.write_bytes(zip_bytes(members))
    return path


def zip_bytes(members: dict[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return stream.getvalue()


def workbook(folder: Path, name: str, rows: list[list[str | int]]) -> Path:
    path = folder / name
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    return path
