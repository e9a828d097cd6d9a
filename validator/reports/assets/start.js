// Brings list, filters and drawer together once the page stands; the summary needs none of this.

async function start() {
  document.getElementById("loading").hidden = false;
  const found = await unpack(document.getElementById("findings-data"));
  const columns = {};
  for (const name in found.columns) columns[name] = new Column(found.columns[name]);
  const ruleTitles = Object.fromEntries(Object.entries(found.rules).map(([id, rule]) => [id, rule.title]));
  const filters = new Filters(columns, found.rows, ruleTitles);
  const by = (id) => document.getElementById(id);
  const list = makeList(by("list"), columns, { ...found.titles, ...ruleTitles }, found.rows);
  const detail = new Detail(columns, found, move, close);
  let marks = null;
  let current = null; // the Tabulator row whose finding is marked

  function apply(keepAddress) {
    marks = filters.marks();
    list.setFilter((row) => marks[row.i] === 1);
    current = null;
    detail.hide();
    tell();
    if (!keepAddress) remember();
  }

  function remember() {
    const finding = detail.open && current ? columns.finding_id.at(current.getData().i) : "";
    const address = filters.address(finding, detail.open ? detail.cardShown : "");
    history.replaceState(null, "", address ? `#${address}` : location.pathname + location.search);
  }

  function tell() {
    const shown = marks.reduce((sum, mark) => sum + mark, 0);
    by("shown").textContent = `${shown.toLocaleString("en-US")} of ${found.rows.toLocaleString("en-US")} findings`;
    by("search").value = filters.q;
    by("standing").value = filters.standing;
    by("rule").value = filters.rule === null ? "" : filters.rule;
    const counts = filters.count("severity", filters.marks("severity"));
    for (const button of document.querySelectorAll("[data-severity]")) {
      const name = button.dataset.severity;
      button.setAttribute("aria-pressed", String(filters.severity === name));
      button.querySelector(".count").textContent = (counts[name] || 0).toLocaleString("en-US");
    }
    by("narrowed").replaceChildren(...["code", "payer", "npi", "file"].filter((key) => filters[key] !== null).map((key) => {
      const chip = node("button", { type: "button", class: "chip", title: "Remove this filter" }, `${key} ${filters[key]} ×`);
      chip.addEventListener("click", () => { filters[key] = null; apply(); });
      return chip;
    }));
    by("reset").hidden = !filters.narrowed;
    by("group").value = filters.group;
    for (const box of by("columns").querySelectorAll("input")) {
      box.checked = filters.shownColumns ? filters.shownColumns.includes(box.value) : !box.dataset.apart;
    }
  }

  // Grouping, order and columns as the address has them.
  function arrange() {
    const name = filters.group;
    list.setGroupBy(name ? (row) => String(columns[name].at(row.i) ?? "") : false);
    const [column, direction] = filters.sort.split(":");
    if (LIST_COLUMNS.some((each) => each.name === column)) list.setSort(column, direction === "desc" ? "desc" : "asc");
    if (filters.shownColumns) showColumns();
  }

  function showColumns() {
    for (const { name } of LIST_COLUMNS) {
      const column = list.getColumn(name);
      if (filters.shownColumns.includes(name)) column.show();
      else column.hide();
    }
    list.redraw(true);
  }

  function fillColumns() {
    for (const { name, title, apart } of LIST_COLUMNS) {
      const box = node("input", { type: "checkbox", value: name, ...(apart ? { "data-apart": "" } : {}) });
      if (apart) box.dataset.apart = "yes";
      by("columns").append(node("label", {}, box, ` ${title}`));
    }
    by("columns").addEventListener("change", () => {
      filters.shownColumns = [...by("columns").querySelectorAll("input:checked")].map((box) => box.value);
      showColumns();
      remember();
    });
  }

  function fillRules() {
    const counts = filters.count("rule_id", new Uint8Array(found.rows).fill(1));
    for (const id of Object.keys(counts).sort()) {
      by("rule").append(node("option", { value: id }, `${id} (${counts[id].toLocaleString("en-US")}) ${ruleTitles[id] || ""}`));
    }
  }

  function mark(row, opening) {
    if (!row) return;
    current = row;
    list.deselectRow();
    row.select();
    if (opening) {
      detail.show(row.getData().i);
      remember();
    }
  }

  function move(step) {
    if (!current) {
      mark(list.getRowFromPosition(1), detail.open);
      return;
    }
    const next = step > 0 ? current.getNextRow() : current.getPrevRow();
    if (!next) return;
    mark(next, detail.open);
    list.scrollToRow(next, "nearest", false).catch(() => {});
  }

  function openCard(code) {
    if (detail.showCard(code, current !== null)) remember();
  }

  function backToFinding() {
    if (current) mark(current, true);
  }

  function close() {
    detail.hide();
    remember();
    by("list").focus({ preventScroll: true });
  }

  function readAddress(jump) {
    if (location.hash && !location.hash.includes("=")) { // a plain anchor of the page
      if (!marks) apply(true);
      return;
    }
    const { finding, card } = filters.readAddress(location.hash);
    arrange();
    apply(true);
    if (finding) {
      const marked = new Uint8Array(found.rows);
      columns.finding_id.find((id) => id === finding, marked);
      const row = list.getRow(marked.indexOf(1));
      if (row) {
        list.scrollToRow(row, "center", true).catch(() => {});
        mark(row, true);
      }
    }
    if (card) openCard(card);
    if (jump && location.hash) by("findings").scrollIntoView();
  }

  // What is shown, as CSV, with the same guard against formulas as findings.csv.
  function download() {
    const names = Object.keys(columns);
    const cell = (name, i) => {
      const value = columns[name].at(i);
      if (name === "amount_at_risk" || name === "expected_loss") return (value / 100).toFixed(2);
      if (typeof value === "number") return String(value);
      const text = value === null ? "" : /^\s*[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const lines = [names.join(",").replace("finding_id", "finding_id_begins")];
    for (const row of list.getData("active")) lines.push(names.map((name) => cell(name, row.i)).join(","));
    const link = node("a", { download: `findings-shown-${document.body.dataset.batch}.csv` });
    link.href = URL.createObjectURL(new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv" }));
    link.click();
    URL.revokeObjectURL(link.href);
  }

  let typing = 0;
  by("search").addEventListener("input", (event) => {
    filters.q = event.target.value;
    clearTimeout(typing);
    typing = setTimeout(apply, 120);
  });
  by("standing").addEventListener("change", (event) => { filters.standing = event.target.value; apply(); });
  by("rule").addEventListener("change", (event) => { filters.rule = event.target.value || null; apply(); });
  by("group").addEventListener("change", (event) => {
    filters.group = event.target.value;
    arrange();
    remember();
  });
  list.on("dataSorted", (sorters) => {
    if (!document.body.dataset.ready) return;
    filters.sort = sorters.length ? `${sorters[0].field}:${sorters[0].dir}` : "";
    remember();
  });
  by("reset").addEventListener("click", () => { filters.clear(); apply(); });
  by("download").addEventListener("click", download);
  for (const button of document.querySelectorAll("[data-severity]")) {
    button.addEventListener("click", () => {
      filters.severity = filters.severity === button.dataset.severity ? "" : button.dataset.severity;
      apply();
    });
  }
  list.on("rowClick", (_, row) => mark(row, true));
  by("drawer-body").addEventListener("click", (event) => {
    const link = event.target.closest("[data-card], [data-back]");
    if (!link) return;
    event.preventDefault(); // the address keeps the filters as they are
    if (link.dataset.card) openCard(link.dataset.card);
    else backToFinding();
  });
  window.addEventListener("hashchange", () => readAddress(true));
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest("input, select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && detail.open) close();
    else if (event.key === "/" && !writing) { event.preventDefault(); by("search").focus(); }
    else if (event.target.closest("#list, #drawer") && !writing) {
      if (event.key === "ArrowDown") { event.preventDefault(); move(1); }
      else if (event.key === "ArrowUp") { event.preventDefault(); move(-1); }
      else if (event.key === "Enter" && event.target.id === "list" && current) mark(current, true);
    }
  });

  list.on("tableBuilt", () => {
    by("list").tabIndex = 0;
    // The part that scrolls takes the focus, so that it has to be a part of the grid to a screen reader too.
    by("list").querySelector(".tabulator-tableholder").setAttribute("role", "rowgroup");
    by("list").querySelector(".tabulator-table").setAttribute("role", "presentation");
    by("list").removeAttribute("aria-owns");
    fillRules();
    fillColumns();
    readAddress(true);
    by("loading").hidden = true;
    by("tools").hidden = false;
    document.body.dataset.ready = "yes";
  });
}

start().catch((error) => {
  document.getElementById("loading").textContent =
    "This browser cannot open the list of findings (it may be too old). All findings are in findings.csv and worklist.xlsx beside this page.";
  document.body.dataset.ready = "failed";
  console.error(error.name);
});
