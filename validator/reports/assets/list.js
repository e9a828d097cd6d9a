// The list of findings: Tabulator as the grid over row objects that hold nothing but their number.
// A field read by Tabulator is the row's rank in that column, so that sorting compares numbers only.

const SEVERITIES = ["reject", "deny", "audit", "advise"];
const STANDINGS = ["new", "reopened", "open", "snoozed", "accepted", "suppressed"];
const LIST_COLUMNS = [
  { title: "Severity", name: "severity", width: 96, order: SEVERITIES, responsive: 0 },
  { title: "Rule", name: "rule_id", width: 82, responsive: 3 },
  { title: "Code", name: "code", width: 96, responsive: 1 },
  { title: "Finding", name: "message", minWidth: 220, widthGrow: 5, responsive: 0 },
  { title: "Claim", name: "claim_id", width: 148, responsive: 2 },
  { title: "Payer", name: "payer_id", width: 104, responsive: 6 },
  { title: "Provider", name: "billing_npi", width: 112, responsive: 5 },
  { title: "Code date", name: "coding_date", width: 104, responsive: 4 },
  { title: "Standing", name: "standing", width: 96, order: STANDINGS, responsive: 7 },
  { title: "At risk", name: "amount_at_risk", width: 118, hozAlign: "right", responsive: 1 },
];

function rowClass(columns) {
  class Row {
    constructor(i) {
      this.i = i;
    }
  }
  for (const { name, order } of LIST_COLUMNS) {
    Object.defineProperty(Row.prototype, name, { get() { return columns[name].rank(order)[this.i]; } });
  }
  return Row;
}

function cellText(columns, name, i) {
  const value = columns[name].at(i);
  if (name === "amount_at_risk") return value ? money.format(value / 100) : "–";
  return value === null ? "" : String(value);
}

function makeList(element, columns, count) {
  const Row = rowClass(columns);
  const rows = Array.from({ length: count }, (_, i) => new Row(i));
  const format = (cell) => {
    const name = cell.getField();
    const i = cell.getData().i;
    const text = cellText(columns, name, i);
    if (name === "severity") return node("span", { class: `severity ${text}` }, text);
    return document.createTextNode(text);
  };
  return new Tabulator(element, {
    data: rows,
    index: "i",
    nestedFieldSeparator: false,
    layout: "fitColumns",
    responsiveLayout: "hide",
    height: count > 14 ? "36rem" : undefined,
    renderVertical: count > 14 ? "virtual" : "basic",
    rowHeight: 36,
    selectableRows: 1,
    headerSortTristate: true,
    headerSortElement: "<span class='sort-mark'></span>",
    resizableColumnFit: true,
    placeholder: "No finding passes these filters.",
    columnDefaults: { headerSort: true, formatter: format, tooltip: false, vertAlign: "middle" },
    columns: LIST_COLUMNS.map(({ title, name, order, ...rest }) => ({
      ...rest, title, field: name, sorter: (a, b) => a - b, headerSortStartingDir: name === "amount_at_risk" ? "desc" : "asc",
    })),
  });
}
