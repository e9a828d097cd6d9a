"""The documentation as a site: `make site` builds it from the pages of the repository, offline."""

project = "Claims coding validator"
author = project
copyright = ""
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "docs/site/index"
include_patterns = [
    "docs/**.md",
    "README.md",
    "GLOSSARY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "reports/README.md",
    "reference/PROVENANCE.md",
    "sample_claims/README.md",
]
myst_heading_anchors = 4
# Pages are written for a Git host too: what they link to beside pages are files of the repository.
suppress_warnings = ["toc.not_included"]
html_theme = "furo"
html_title = project
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
