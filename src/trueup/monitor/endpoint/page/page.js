// The status page: read, judge, show. Everything shown follows from the last answer, the time since, and what the reader
// of the page chose (node, filter, order).

import { accounts } from "./accounts.js";
import { announce, answer, identity, link } from "./answer.js";
import { discrepancies, resolved } from "./discrepancies.js";
import { figures, isOutside, machinery } from "./figures.js";
import { fleet, namesOf } from "./fleet.js";
import { guard } from "./guard.js";
import { show, h } from "./dom.js";
import { Reader } from "./reader.js";
import { timeline } from "./timeline.js";
import { venue } from "./venue.js";
import { NS } from "./words.js";

const TICK_MS = 1000;
const place = (id) => document.getElementById(id);
const choices = { severity: "", text: "", sort: "severity", down: true, all: false };
const reader = new Reader(render);

function nodesOf(read) {
  return read ? read.nodes ?? [read] : [];
}

function chosenOf(nodes) {
  const names = namesOf(nodes);
  return nodes.find((_, index) => `#${encodeURIComponent(names[index])}` === location.hash) ?? (nodes.length === 1 ? nodes[0] : null);
}

function render() {
  const nodes = nodesOf(reader.document);
  const chosen = chosenOf(nodes);
  const waited = reader.document ? reader.waitedSecs() : 0;
  const view = { isRead: reader.document !== null, nodes, chosen, waited, failure: reader.failure, token: reader.token, hasToken: reader.hasToken(), choices };
  showToken(view);
  document.body.classList.toggle("stale", Boolean(reader.failure && reader.document));
  show(place("identity"), identity(view));
  show(place("link"), link(view));
  show(place("answer"), answer(view));
  show(place("sections"), ...sections(view));
  show(place("foot"), foot(chosen));
  announce(view, place("announcement"), place("icon"));
}

function sections(view) {
  const { nodes, chosen, waited } = view;
  const list = reader.document && reader.document.nodes ? fleet(nodes, chosen, waited) : null;
  if (!chosen) return [list];
  const nowNs = chosen.now_ns + waited * NS;
  return [
    list,
    figures(chosen, nowNs),
    discrepancies(chosen, nowNs, choices),
    timeline(chosen, nowNs, place("sections").clientWidth),
    accounts(chosen, nowNs),
    isOutside(chosen) ? venue(chosen, nowNs) : h("div", { class: "pair", "data-key": "pair" }, venue(chosen, nowNs), guard(chosen, nowNs)),
    machinery(chosen, nowNs),
    resolved(chosen, nowNs),
  ];
}

function showToken({ token }) {
  const section = place("token");
  if (section.hidden && token) {
    section.hidden = false;
    place("token-field").focus();
  }
  if (!token) section.hidden = true;
  const text = token === "refused" ? "The node refused this token." : "";
  if (place("token-error").textContent !== text) place("token-error").textContent = text;
}

function foot(node) {
  if (!node) return null;
  const parts = [`trueup ${node.trueup_version}`, node.engine_version && `NautilusTrader ${node.engine_version}`];
  return h("p", null, parts.filter(Boolean).join(" · "), node.instance_id && [" · instance ", h("code", null, node.instance_id)]);
}

const actions = {
  severity: (value) => Object.assign(choices, { severity: value, all: false }),
  sort: (value) => Object.assign(choices, { sort: value, down: choices.sort === value ? !choices.down : value !== "kind" }),
  all: () => Object.assign(choices, { all: true }),
  retry: () => reader.ask(),
  forget: () => reader.forgetToken(),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  actions[button.dataset.action]?.(button.dataset.value);
  render();
});
document.addEventListener("input", (event) => {
  if (event.target.id !== "discrepancy-text") return;
  choices.text = event.target.value;
  render();
});
place("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = place("token-field");
  if (field.value) reader.useToken(field.value.trim());
  field.value = "";
});
window.addEventListener("hashchange", render);
window.addEventListener("resize", render);
setInterval(() => document.hidden || render(), TICK_MS);
reader.ask();
