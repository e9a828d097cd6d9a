// Which findings are shown. The whole state stands in the address (#rule=DX002&q=knee), so that a view
// can be sent to a colleague who has the same file.

const TO_DO = ["new", "open", "reopened"];
const EXACT = { rule: "rule_id", code: "code", payer: "payer_id", npi: "billing_npi", file: "source_file" };
const SEARCHED = ["message", "code", "code_title", "claim_id", "rule_id", "payer_id", "billing_npi",
  "rendering_npi", "source_file", "finding_id", "suggestions"];
const GROUPED = ["rule_id", "code", "payer_id", "billing_npi", "claim_id", "source_file"];
const BLANK = "(none)"; // how the groups call a blank

class Filters {
  constructor(columns, rows, ruleTitles) {
    this.columns = columns;
    this.rows = rows;
    this.ruleTitles = ruleTitles;
    this.clear();
    this.plainView();
  }

  // Grouping, order and columns belong to the view, not to what is found: clearing leaves them.
  plainView() {
    this.group = "";
    this.sort = "";
    this.shownColumns = null;
  }

  clear() {
    this.q = "";
    this.severity = "";
    this.standing = "to do";
    for (const key in EXACT) this[key] = null;
  }

  readAddress(hash) {
    this.clear();
    const given = new URLSearchParams(hash.slice(1));
    this.q = given.get("q") || "";
    this.severity = given.get("severity") || "";
    this.standing = given.get("standing") || "to do";
    for (const key in EXACT) this[key] = given.has(key) ? given.get(key) : null;
    this.plainView();
    if (GROUPED.includes(given.get("group"))) this.group = given.get("group");
    this.sort = given.get("sort") || "";
    if (given.has("columns")) this.shownColumns = given.get("columns").split(",");
    return { finding: given.get("finding"), card: given.get("card") };
  }

  // The address with what the drawer shows: a finding, or the card of a code.
  address(finding, card) {
    const said = new URLSearchParams();
    if (this.q) said.set("q", this.q);
    if (this.severity) said.set("severity", this.severity);
    if (this.standing !== "to do") said.set("standing", this.standing);
    for (const key in EXACT) if (this[key] !== null) said.set(key, this[key]);
    if (this.group) said.set("group", this.group);
    if (this.sort) said.set("sort", this.sort);
    if (this.shownColumns) said.set("columns", this.shownColumns.join(","));
    if (finding) said.set("finding", finding);
    if (card) said.set("card", card);
    return said.toString();
  }

  // Whether nothing is left out beside what is shown at first.
  get narrowed() {
    return this.q !== "" || this.severity !== "" || this.standing !== "to do" ||
      Object.keys(EXACT).some((key) => this[key] !== null);
  }

  // The rows that pass, as one mark per row. `apart` leaves out one filter, for counting its choices.
  marks(apart) {
    const kept = new Uint8Array(this.rows).fill(1);
    const narrow = (name, test) => {
      const found = new Uint8Array(this.rows);
      this.columns[name].find(test, found);
      for (let i = 0; i < kept.length; i++) kept[i] &= found[i];
    };
    if (this.severity && apart !== "severity") narrow("severity", (word) => word === this.severity);
    if (this.standing === "to do" && apart !== "standing") narrow("standing", (word) => TO_DO.includes(word));
    else if (this.standing !== "all" && apart !== "standing") narrow("standing", (word) => word === this.standing);
    for (const key in EXACT) {
      if (this[key] === null) continue;
      const wanted = this[key] === BLANK ? "" : this[key];
      narrow(EXACT[key], (word) => word === wanted);
    }
    for (const given of this.q.toLowerCase().split(/\s+/).filter(Boolean)) {
      // A finding's whole id, as the other files have it; this page knows how it begins.
      const word = given.replace(/^([0-9a-f]{10})[0-9a-f]{6}(?=-|$)/, "$1");
      const found = new Uint8Array(this.rows);
      for (const name of SEARCHED) this.columns[name].find((text) => text.toLowerCase().includes(word), found);
      this.columns.rule_id.find((id) => (this.ruleTitles[id] || "").toLowerCase().includes(word), found);
      for (let i = 0; i < kept.length; i++) kept[i] &= found[i];
    }
    return kept;
  }

  // How many of the marked rows have each word of a column.
  count(name, marks) {
    const column = this.columns[name];
    const counts = {};
    for (let i = 0; i < marks.length; i++) {
      if (marks[i]) counts[column.at(i)] = (counts[column.at(i)] || 0) + 1;
    }
    return counts;
  }
}
