// The drawer: one finding with its reason, its sources and the codes that may replace it; or the card of a code.
// All text goes in as text nodes; nothing that came from a claim is ever read as markup.

const money = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" });

function node(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  for (const child of children) {
    if (child !== null && child !== undefined && child !== "") made.append(child);
  }
  return made;
}

class Detail {
  constructor(columns, found, onMove, onClose) {
    this.columns = columns;
    this.rules = found.rules;
    this.titles = found.titles;
    this.money = found.money;
    this.cards = found.cards;
    this.codes = { first: found.codes.first };
    for (const name of ["role", "position", "code", "status"]) this.codes[name] = new Column(found.codes[name]);
    this.cardShown = ""; // the code whose card stands in the drawer
    this.drawer = document.getElementById("drawer");
    this.body = document.getElementById("drawer-body");
    document.getElementById("drawer-close").addEventListener("click", onClose);
    document.getElementById("drawer-previous").addEventListener("click", () => onMove(-1));
    document.getElementById("drawer-next").addEventListener("click", () => onMove(1));
  }

  get open() {
    return !this.drawer.hidden;
  }

  hide() {
    this.cardShown = "";
    this.drawer.hidden = true;
    document.body.classList.remove("with-drawer");
  }

  show(i) {
    this.cardShown = "";
    const at = (name) => this.columns[name].at(i);
    const rule = this.rules[at("rule_id")] || { title: "", why: "", false_alarms: [], stand_ins: [] };
    const suggestions = at("suggestions") ? at("suggestions").split("; ") : [];
    const severity = at("severity");
    this.body.replaceChildren(
      node("p", { class: "drawer-marks" },
        node("span", { class: `severity ${severity}` }, severity),
        node("span", { class: "mark" }, at("standing")),
        node("span", { class: "mark" }, `${at("confidence")}`)),
      node("h3", {}, at("message")),
      node("p", { class: "rule-line" }, node("b", {}, at("rule_id")), ` ${rule.title}`),
      ...this.part("Why", rule.why ? node("p", {}, rule.why) : null),
      ...this.part("Codes that may replace it", this.suggested(suggestions)),
      ...this.part("The claim's diagnoses", this.diagnoses(at("claim_at"), at("code"))),
      ...this.part(`Code card of ${at("code")}`, this.card(at("code"))),
      ...this.part("Money", node("p", {}, node("b", {}, money.format(at("amount_at_risk") / 100)),
        ` ${this.money[severity]}`)),
      ...this.part("History", this.history(at("history"), at("decision"), at("first_seen"))),
      ...this.part("Known false alarms", rule.false_alarms.length
        ? node("ul", {}, ...rule.false_alarms.map((text) => node("li", {}, text))) : null),
      ...this.part("About its list of codes", rule.stand_ins.length
        ? node("ul", {}, ...rule.stand_ins.map((text) => node("li", {}, text))) : null),
      ...this.part("Source", at("citation") ? node("p", {}, at("citation")) : null),
      ...this.part("Claim", this.facts([
        ["Claim", at("claim_id")],
        ["Type", at("claim_type")],
        ["Line", at("line_number")],
        ["Code", [at("code"), at("code_title")].filter(Boolean).join("  ")],
        ["Slot", [at("diagnosis_role").replaceAll("_", " "), at("diagnosis_position")].filter(Boolean).join(" ")],
        ["Judged by the code set of", at("coding_date")],
        ["Reference release", at("reference_release")],
        ["Seen together with", at("related")],
        ["Payer", at("payer_id")],
        ["Billing NPI", at("billing_npi")],
        ["Rendering NPI", at("rendering_npi")],
        ["Expected loss of the claim", money.format(at("expected_loss") / 100)],
        ["Denial codes", [at("carc") && `CARC ${at("carc")}`, at("rarc") && `RARC ${at("rarc")}`]
          .filter(Boolean).join(", ")],
        ["File", at("source_file")],
        ["Row", at("source_row")],
        ["Finding id begins", at("finding_id")],
      ])));
    this.reveal();
  }

  part(title, content) {
    return content ? [node("h4", {}, title), content] : [];
  }

  suggested(codes) {
    if (!codes.length) return null;
    return node("ul", { class: "codes" }, ...codes.map((code) =>
      node("li", {}, node("b", {}, this.cardLink(code)), this.titles[code] ? ` ${this.titles[code]}` : "")));
  }

  // Every diagnosis of the claim in order, with its status on its date; the one that is judged is marked.
  diagnoses(claim, judged) {
    if (claim === null) return null;
    const items = [];
    for (let i = this.codes.first[claim]; i < this.codes.first[claim + 1]; i++) {
      const at = (name) => this.codes[name].at(i);
      const code = at("code");
      const status = at("status").replaceAll("_", " ") || "not known";
      const sound = status === "in force";
      items.push(node("li", code === judged ? { class: "judged-code" } : {},
        node("small", {}, `${at("role").replaceAll("_", " ")} ${at("position")} `), node("b", {}, code ? this.cardLink(code) : "blank"),
        this.titles[code] ? ` ${this.titles[code]} ` : " ", sound ? "" : node("span", { class: "mark" }, status)));
    }
    return items.length ? node("ul", { class: "codes" }, ...items) : null;
  }

  // What the card says of the code itself: its dates and its own notes; the whole card is a page of its own.
  card(code) {
    const card = this.cards[code];
    if (!card) return null;
    const own = card.sections.flatMap(([heading, rows]) => rows
      .filter(([name]) => heading === "Dates" || name === code)
      .map(([name, text]) => node("li", {}, node("small", {}, `${heading === "Dates" ? name : heading} `), text)));
    const all = node("li", {}, this.cardLink(code, "Whole card"));
    return node("ul", { class: "codes" }, ...own, all);
  }

  cardLink(code, words) {
    if (!this.cards[code]) return code;
    return node("a", { href: `#card=${encodeURIComponent(code)}`, "data-card": code }, words || code);
  }

  // The card of a code in place of a finding, in the sections that `validator code` prints.
  showCard(code, fromFinding) {
    const card = this.cards[code];
    if (!card) return false;
    this.cardShown = code;
    const sections = card.sections.flatMap(([heading, rows]) => [
      node("h4", {}, heading),
      node("ul", { class: "codes" }, ...rows.map(([name, text], i) => node("li", {},
        !name || (i && rows[i - 1][0] === name) ? "" : node("b", {}, this.cardLink(name)), ` ${text}`))),
    ]);
    this.body.replaceChildren(
      node("h3", {}, card.heading),
      node("p", {}, card.standing),
      node("p", {}, node("a", { href: `#code=${encodeURIComponent(code)}&standing=all` }, "All its findings"),
        fromFinding ? " · " : "", fromFinding ? node("a", { href: "#", "data-back": "" }, "Back to the finding") : ""),
      ...sections,
      ...card.about.map((text) => node("p", { class: "rule-line" }, text)));
    this.reveal();
    return true;
  }

  reveal() {
    this.drawer.hidden = false;
    this.drawer.scrollTop = 0;
    document.body.classList.add("with-drawer");
  }

  history(words, decision, first) {
    const told = words ? words.split("; ") : [`${first} new`];
    return node("ul", {}, ...told.map((word) => node("li", {}, word)), decision ? node("li", {}, decision) : "");
  }

  facts(pairs) {
    const told = pairs.filter(([, value]) => value !== null && value !== "");
    return node("dl", {}, ...told.flatMap(([name, value]) =>
      [node("dt", {}, name), node("dd", {}, String(value))]));
  }
}
