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
  { title: "Expected loss", name: "expected_loss", width: 118, hozAlign: "right", apart: true },
  { title: "Line", name: "line_number", width: 70, apart: true },
  { title: "Rendering", name: "rendering_npi", width: 112, apart: true },
  { title: "Confidence", name: "confidence", width: 104, apart: true },
  { title: "First seen", name: "first_seen", width: 112, apart: true },
  { title: "Decision", name: "decision", width: 160, apart: true },
  { title: "File", name: "source_file", width: 160, apart: true },
  { title: "Row", name: "source_row", width: 80, apart: true },
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
  if (name === "amount_at_risk" || name === "expected_loss") return value ? money.format(value / 100) : "–";
  return value === null ? "" : String(value);
}

// One group: what its findings share, how many they are, and what they put at risk.
function groupHeader(columns, titles, value, size, data) {
  let cents = 0;
  for (const row of data) cents += columns.amount_at_risk.at(row.i);
  const cell = node("span", { role: "gridcell" }, node("b", {}, value || BLANK),
    titles[value] ? ` ${titles[value]} · ` : " ",
    `${size.toLocaleString("en-US")} finding${size === 1 ? "" : "s"}, amounts ${money.format(cents / 100)}`);
  // Tabulator calls its line a group of rows; to a screen reader it is a row with this one cell.
  queueMicrotask(() => cell.parentElement?.setAttribute("role", "row"));
  return cell;
}

function makeList(element, columns, titles, count) {
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
    groupBy: false,
    groupStartOpen: false,
    groupHeader: (value, size, data) => groupHeader(columns, titles, value, size, data),
    columns: LIST_COLUMNS.map(({ title, name, order, apart, ...rest }) => ({
      ...rest,
      visible: !apart,
      title,
      field: name,
      ...(name === "message" ? { minWidth: Math.min(360, element.clientWidth - 125) } : {}),
      sorter: (a, b) => columns[name].rank(order)[a] - columns[name].rank(order)[b],
      headerSortStartingDir: (name === "amount_at_risk" || name === "expected_loss") ? "desc" : "asc",
    })),
  });
}
