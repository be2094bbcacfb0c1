// The one answer: is it true now? With its age, what it rests on, and whether anybody still answers.

import { clipped, h, s, word } from "./dom.js";
import { judge, worst } from "./judgement.js";
import { age, count, span, when, whole, NS } from "./words.js";

const LINES_SHOWN = 3;
const READ_SECS_MAX = 12; // six readings missed without a failure: the machine slept, or the browser did

const HEADINGS = { CLEAN: "True to the venue", DISCREPANT: "Not true to the venue", UNKNOWN: "Not known" };
const TITLES = { CLEAN: "True", DISCREPANT: "NOT TRUE", UNKNOWN: "Not known" };
const SHAPES = {
  CLEAN: "M6.5 12.5 10.5 16.5 17.5 8",
  DISCREPANT: "M7.5 7.5 16.5 16.5M16.5 7.5 7.5 16.5",
  UNKNOWN: "M9 9.3a3 3 0 1 1 4.3 2.7c-.9.4-1.3 1-1.3 2M12 17.2v.1",
};
const ICON_COLOURS = { CLEAN: "%23128a4d", DISCREPANT: "%23c62f26", UNKNOWN: "%23a86e00" };

// Return {verdict, reasons, lines} of what is on the page: of the chosen node, or of all of them.
function standing({ nodes, chosen, waited, failure }) {
  if (failure) {
    const lasts = span((Date.now() - failure.sinceMs) / 1000);
    const words = failure.isReached ? "the node has given no status for" : "the node has not answered for";
    return { verdict: "UNKNOWN", reasons: [`${words} ${lasts}: ${failure.reason}`] };
  }
  if (chosen) {
    const found = judge(chosen, waited);
    if (waited > READ_SECS_MAX) return { verdict: "UNKNOWN", reasons: [`the node was last read ${span(waited)} ago`] };
    return found;
  }
  const verdicts = nodes.map((node) => judge(node, waited).verdict);
  const sound = verdicts.filter((one) => one === "CLEAN").length;
  const reasons = nodes.length ? [`${whole(sound)} of ${count(nodes.length, "node")} true to the venue`] : ["there is no node to speak of yet"];
  return { verdict: worst(verdicts), reasons };
}

export function answer(view) {
  if (view.token) return h("h1", { id: "answer-heading" }, "Not shown without a token");
  if (!view.isRead && !view.failure) return h("h1", { id: "answer-heading" }, "Asking the node");
  const { verdict, reasons } = standing(view);
  return h("div", { class: `answer ${verdict.toLowerCase()}` },
    mark(verdict),
    h("div", { class: "answer-text" },
      h("h1", { id: "answer-heading" }, HEADINGS[verdict]),
      verdict === "CLEAN" ? h("p", { class: "why" }, grounds(view)) : h("ul", { class: "why" }, said(view, reasons))),
    verdictAge(view));
}

function said({ chosen, failure, isRead }, reasons) {
  const lines = chosen && !failure ? chosen.lines.filter((line) => !reasons.includes(line)) : [];
  const before = chosen?.verdict === "DISCREPANT" ? ["it was not true to the venue then"] : [];
  const more = lines.length > LINES_SHOWN ? [`and ${count(lines.length - LINES_SHOWN, "line")} more`] : [];
  const kept = isRead && failure ? ["what follows is as it was last read", ...before] : [];
  return [...reasons, ...lines.slice(0, LINES_SHOWN), ...more, ...kept].map((text) => h("li", null, clipped(first(text))));
}

function first(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function mark(verdict) {
  return s("svg", { class: "mark", viewBox: "0 0 24 24", "aria-hidden": "true" },
    s("circle", { cx: 12, cy: 12, r: 11 }), s("path", { d: SHAPES[verdict] }));
}

function grounds({ chosen, nodes }) {
  if (!chosen) return `All of ${count(nodes.length, "node")} were found equal to the venue.`;
  const parts = [count(chosen.accounts.length, "account")];
  const asked = chosen.accounts.flatMap((account) => account.coverage).filter((one) => one.state !== "not_asked");
  if (asked.length && asked.every((one) => one.state === "complete")) parts.push("all that was asked for was read whole");
  return `Node and venue were found equal: ${parts.join(", ")}.`;
}

function verdictAge({ chosen, waited }) {
  if (!chosen) return null;
  const nowNs = chosen.now_ns + waited * NS;
  const limit = chosen.verdict_age_secs_max;
  return h("dl", { class: "answer-age" },
    h("div", null, h("dt", null, "Verdict"), h("dd", { id: "verdict-age" }, chosen.verdict_ns ? `${age(chosen.verdict_ns, nowNs)} ago` : "none yet")),
    chosen.verdict_ns > 0 && h("div", null, h("dt", null, "At"), h("dd", null, when(chosen.verdict_ns, nowNs))),
    chosen.verdict_ns > 0 && limit !== null && limit !== undefined && h("div", null, h("dt", null, "Stale after"), h("dd", null, span(limit))));
}

export function identity({ chosen, nodes }) {
  if (!chosen) return nodes.length > 1 ? h("p", { class: "who" }, count(nodes.length, "node")) : null;
  const tags = [chosen.environment, chosen.mode, chosen.source === "watch" && "seen from outside"].filter(Boolean);
  return h("p", { class: "who" }, nodes.length > 1 && h("a", { href: "#" }, "All nodes"),
    h("strong", { class: "text" }, chosen.trader_id || "a node without a name"), tags.map((tag) => h("span", { class: "tag" }, tag)));
}

export function link({ failure, isRead, waited, token, hasToken }) {
  if (token) return null;
  const state = failure
    ? [h("span", { class: "dot discrepant" }), `${failure.isReached ? "no status" : "not reachable"} since ${new Date(failure.sinceMs).toISOString().slice(11, 19)} UTC`]
    : isRead ? [h("span", { class: "dot clean" }), `read ${span(waited)} ago`] : ["asking"];
  // Both buttons have a key and the first one is always there: one that came and went with the node would be taken away,
  // or turned into the other, under the finger or the focus of who is about to press it.
  return h("p", { class: "link" }, h("span", null, state),
    h("button", { type: "button", "data-key": "retry", "data-action": "retry" }, "Ask now"),
    hasToken && h("button", { type: "button", "data-key": "forget", "data-action": "forget" }, "Forget token"));
}

// Say a change, and only a change, to who cannot see it: a screen reader, and a tab among twenty.
export function announce(view, place, icon) {
  const name = view.chosen?.trader_id ?? "";
  if (view.token || (!view.isRead && !view.failure)) {
    document.title = ["trueup", name].filter(Boolean).join(" · ");
    return;
  }
  const { verdict } = standing(view);
  const open = view.chosen ? view.chosen.discrepancies.length + view.chosen.discrepancies_hidden : 0;
  const title = [TITLES[verdict] + (verdict === "DISCREPANT" && open ? ` (${open})` : ""), name, "trueup"].filter(Boolean).join(" · ");
  if (document.title !== title) document.title = title;
  const text = view.failure ? "The node does not answer" : `${HEADINGS[verdict]}${verdict === "DISCREPANT" && open ? `: ${count(open, "discrepancy", "discrepancies")}` : ""}`;
  if (place.textContent !== text) place.textContent = text;
  const href = `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'><circle cx='12' cy='12' r='11' fill='${ICON_COLOURS[verdict]}'/><path d='${SHAPES[verdict]}' fill='none' stroke='white' stroke-width='2.5' stroke-linecap='round'/></svg>`;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}
