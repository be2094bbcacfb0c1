// The open discrepancies, filtered and sorted as the reader chose, and those that were resolved lately.

import { h, panel, table, empty, line, word } from "./dom.js";
import { age, count, plain, when, whole } from "./words.js";

const SHOWN = 50;
const RESOLVED_SHOWN = 8;
const NEWS = new Set(["OPEN", "NEW"]); // what every one of them is at first, and need not be told
const RANK = { CRITICAL: 3, WARNING: 2, INFO: 1 };
const ORDER = {
  severity: (one) => RANK[one.severity] ?? 0,
  age: (one) => -one.first_ns,
  count: (one) => one.count,
  kind: (one) => one.kind,
};

export function discrepancies(node, nowNs, choices) {
  const { discrepancies: found, discrepancies_hidden: hidden } = node;
  const note = found.length ? `${count(found.length + hidden, "discrepancy", "discrepancies")} open` : null;
  if (!found.length && !hidden) return panel("discrepancies", "Discrepancies", note, empty(node.verdict === "CLEAN" ? "None is open." : "None is known; not everything was compared."));
  const kept = found.filter((one) => matches(one, choices));
  const rows = sorted(kept, choices);
  const shown = choices.all ? rows : rows.slice(0, SHOWN);
  return panel("discrepancies", "Discrepancies", note,
    controls(found, choices),
    shown.length ? table("Open discrepancies", columns(choices), shown.map((one) => row(one, nowNs)), "ordered") : empty("None of them matches."),
    shown.length < rows.length && h("p", { class: "more" }, h("button", { type: "button", "data-action": "all" }, `Show all ${whole(rows.length)}`)),
    hidden > 0 && h("p", { class: "more" }, `${whole(hidden)} more are in the journal: trueup journal list`));
}

function matches(one, { severity, text }) {
  if (severity && one.severity !== severity) return false;
  const wanted = text.trim().toLowerCase();
  return !wanted || [one.line, one.subject, one.kind, one.instrument_id, one.account_id].some((part) => part.toLowerCase().includes(wanted));
}

function sorted(rows, { sort, down }) {
  const of = ORDER[sort];
  const compare = (a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
  return [...rows].sort((a, b) => (down ? compare(b, a) : compare(a, b)) || a.first_ns - b.first_ns || (a.fingerprint < b.fingerprint ? -1 : 1));
}

function controls(found, { severity, text }) {
  const numbers = new Map([["", found.length]]);
  for (const name of Object.keys(RANK)) numbers.set(name, found.filter((one) => one.severity === name).length);
  const buttons = [...numbers].map(([name, number]) =>
    h("button", { type: "button", "data-key": `severity-${name}`, "data-action": "severity", "data-value": name, "aria-pressed": String(severity === name) },
      name ? plain(name) : "All", h("span", { class: "number" }, ` ${whole(number)}`)));
  return h("div", { class: "controls" },
    h("div", { class: "buttons", role: "group", "aria-label": "Show severity" }, buttons),
    h("div", null, h("label", { for: "discrepancy-text" }, "Containing"),
      h("input", { id: "discrepancy-text", type: "search", autocomplete: "off", spellcheck: "false", value: text })));
}

function columns({ sort, down }) {
  const sortable = (key, label, options) => ({
    label, ...options,
    sort: sort === key ? (down === (key !== "kind") ? "descending" : "ascending") : null,
    head: h("button", { type: "button", class: "sort", "data-action": "sort", "data-value": key }, label,
      h("span", { "aria-hidden": "true", class: "arrow" }, sort === key ? (down ? " ↓" : " ↑") : "")),
  });
  return [sortable("severity", "Severity"), sortable("kind", "Kind", { class: "kind" }), { label: "What: node → venue", class: "wide" }, { label: "Where", class: "place" },
    sortable("age", "Age", { class: "number" }), sortable("count", "Seen", { class: "number" })];
}

function row(one, nowNs) {
  return {
    key: `d-${one.fingerprint}-${one.account_id}`,
    cells: [
      severity(one.severity), word(plain(one.kind)),
      [line(one.line), one.state && !NEWS.has(one.state.toUpperCase()) && h("small", null, word(plain(one.state)))],
      where(one),
      h("span", { title: `first seen ${new Date(one.first_ns / 1e6).toISOString()}` }, age(one.first_ns, nowNs)),
      `${whole(one.count)} ×`,
    ],
  };
}

function severity(name) {
  return word(plain(name), `severity ${RANK[name] ? name.toLowerCase() : "info"}`);
}

function where(one) {
  return [line(one.instrument_id), one.account_id && line(one.account_id, "small")];
}

export function resolved(node, nowNs) {
  const rows = node.resolved_lately;
  if (!rows.length) return panel("resolved", "Resolved lately", null, empty("None was open lately."));
  const names = [{ label: "Severity" }, { label: "Kind", class: "kind" }, { label: "What: node → venue", class: "wide" }, { label: "Resolved by" },
    { label: "Lasted", class: "number" }, { label: "Last seen", class: "number" }];
  const list = (name, some) => table(name, names, some.map((one) => ({
    key: `r-${one.fingerprint}-${one.last_ns}`,
    cells: [word(plain(one.severity)), word(plain(one.kind)), line(one.line), word(plain(one.resolved_by)),
      age(one.first_ns, one.last_ns), when(one.last_ns, nowNs)],
  })), "ordered");
  const older = rows.slice(RESOLVED_SHOWN);
  return panel("resolved", "Resolved lately", count(rows.length, "discrepancy", "discrepancies"),
    list("Discrepancies resolved lately", rows.slice(0, RESOLVED_SHOWN)),
    older.length > 0 && h("details", null, h("summary", null, `${whole(older.length)} more`), list("Discrepancies resolved before them", older)));
}
