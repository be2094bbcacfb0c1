// Each account: its verdict, how old it is, and how far each kind of record was read.

import { h, panel, table, empty, line, word } from "./dom.js";
import { age, count, plain, when } from "./words.js";

const KIND_CHARS_MAX = 24;
const VERDICTS = new Set(["CLEAN", "DISCREPANT", "UNKNOWN"]);
const STATES = { complete: ["✓", "whole", "calm"], cut: ["◐", "cut short", "wary"], failed: ["✕", "failed", "bad"], not_asked: ["–", "not asked", "faint"] };

export function accounts(node, nowNs) {
  if (!node.accounts.length) return panel("accounts", "Accounts and coverage", null, empty("No account was looked at yet."));
  const kinds = [...new Set(node.accounts.flatMap((account) => account.coverage.map((one) => one.kind)))];
  const columns = [{ label: "Account", class: "first" }, { label: "Verdict" }, ...kinds.map((kind) => ({ label: plain(kind), class: kind.length > KIND_CHARS_MAX ? "text" : null })), { label: "Age", class: "number" }];
  return panel("accounts", "Accounts and coverage", count(node.accounts.length, "account"),
    table("Coverage of each account by kind of record", columns, node.accounts.map((account) => row(account, kinds, nowNs))),
    node.accounts.filter((account) => account.unknowns.length).map((account) => unknowns(account)));
}

function row(account, kinds, nowNs) {
  const by = new Map(account.coverage.map((one) => [one.kind, one]));
  return {
    key: `a-${account.account_id}`,
    cells: [
      [line(account.account_id),
        account.window_from_ns !== null && h("small", null, account.window_from_ns ? ["since ", when(account.window_from_ns, nowNs)] : "all of its history")],
      [word(account.verdict, `verdict ${VERDICTS.has(account.verdict) ? account.verdict.toLowerCase() : "unknown"}`),
        account.discrepancies + account.pending > 0 && h("small", null, `${account.discrepancies} open, ${account.pending} pending`)],
      ...kinds.map((kind) => coverage(by.get(kind))),
      age(account.time_ns, nowNs),
    ],
  };
}

function coverage(one) {
  if (!one) return h("span", { class: "faint" }, "none");
  const [sign, name, tone] = STATES[one.state] ?? ["?", one.state, "wary"];
  return h("span", { class: `coverage ${tone}${name.length > KIND_CHARS_MAX ? "" : " word"}`, title: one.detail || null }, h("span", { "aria-hidden": "true" }, `${sign} `), word(name));
}

function unknowns(account) {
  return h("div", { class: "unknowns", "data-key": `u-${account.account_id}` },
    h("h3", { class: "text" }, `Not known of ${account.account_id}`),
    h("ul", null, account.unknowns.map((text) => line(text, "li"))));
}
