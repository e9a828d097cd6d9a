// The list of findings: Tabulator as the grid over row objects that hold nothing but their number.
// Every field that Tabulator reads is that number; text is looked up when a cell comes into sight, and
// sorting compares ranks that are made when a column is first sorted.

const SEVERITIES = ["reject", "deny", "audit", "advise"];
const STANDINGS = ["new", "reopened", "open", "snoozed", "accepted", "suppressed"];
const LIST_COLUMNS = [
  { title: "Severity", name: "severity", width: 106, order: SEVERITIES, responsive: 0 },
  { title: "Rule", name: "rule_id", width: 82, responsive: 3 },
  { title: "Code", name: "code", width: 100, responsive: 1 },
  { title: "Finding", name: "message", widthGrow: 5, responsive: 0 },
  { title: "Claim", name: "claim_id", width: 140, responsive: 2 },
  { title: "Payer", name: "payer_id", width: 120, responsive: 6 },
  { title: "Provider", name: "billing_npi", width: 112, responsive: 5 },
  { title: "Code date", name: "coding_date", width: 112, responsive: 4 },
  { title: "Standing", name: "standing", width: 108, order: STANDINGS, responsive: 7 },
  { title: "At risk", name: "amount_at_risk", width: 118, hozAlign: "right", responsive: 1 },
];

class Row {
  constructor(i) {
    this.i = i;
  }
}
for (const { name } of LIST_COLUMNS) {
  // Tabulator writes each value back when it makes a cell; there is nothing to write.
  Object.defineProperty(Row.prototype, name, { get() { return this.i; }, set() {} });
}

function cellText(columns, name, i) {
  const value = columns[name].at(i);
  if (name === "amount_at_risk") return value ? money.format(value / 100) : "–";
  return value === null ? "" : String(value);
}

function makeList(element, columns, count) {
  const rows = Array.from({ length: count }, (_, i) => new Row(i));
  const format = (cell) => {
    const name = cell.getField();
    const i = cell.getData().i;
    const text = cellText(columns, name, i);
    if (name === "message") return node("div", { class: "two-lines" }, text);
    if (name === "severity") return node("span", { class: `severity ${text}` }, text);
    return document.createTextNode(text);
  };
  return new Tabulator(element, {
    data: rows,
    index: "i",
    nestedFieldSeparator: false,
    layout: "fitColumns",
    responsiveLayout: "hide",
    height: count > 12 ? "40rem" : undefined,
    renderVertical: count > 12 ? "virtual" : "basic",
    rowHeight: 48,
    selectableRows: 1,
    headerSortTristate: true,
    headerSortElement: "<span class='sort-mark'></span>",
    resizableColumnFit: true,
    placeholder: count ? "No finding passes these filters." : "There are no findings.",
    columnDefaults: { headerSort: true, formatter: format, tooltip: false, vertAlign: "middle" },
    columns: LIST_COLUMNS.map(({ title, name, order, ...rest }) => ({
      ...rest,
      title,
      field: name,
      ...(name === "message" ? { minWidth: Math.min(360, element.clientWidth - 125) } : {}),
      sorter: (a, b) => columns[name].rank(order)[a] - columns[name].rank(order)[b],
      headerSortStartingDir: name === "amount_at_risk" ? "desc" : "asc",
    })),
  });
}
