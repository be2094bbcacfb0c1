// The figures at a glance, and the machinery in full: store, loop, journal, orders.

import { clipped, h, panel } from "./dom.js";
import { age, count, millis, span, when, whole, NS } from "./words.js";

const CALM = new Set(["MONITORING", "RECONCILED", "ACTIVE", "PRESENT", "NONE", "OK", "OFF"]);
const BAD = new Set(["ERROR", "HALTED", "LOST", "FAILING"]);

export function toneOf(state) {
  return CALM.has(state) ? "calm" : BAD.has(state) ? "bad" : "wary";
}

export function figures(node, nowNs) {
  const { guard, loop, orders, store, journal } = node;
  const phase = figure("Phase", node.phase, toneOf(node.phase), node.phase_since_ns ? `for ${age(node.phase_since_ns, nowNs)}` : null);
  const kept = [
    figure("Store", store.state, toneOf(store.state), storeNote(store)),
    figure("Journal", journal.state, journal.dropped ? "bad" : toneOf(journal.state), journalNote(journal)),
  ];
  if (isOutside(node)) {
    const checked = figure("Last check", node.last_check_ns ? `${age(node.last_check_ns, nowNs)} ago` : "none yet", "calm", "from outside of the node");
    return h("dl", { class: "figures few", "data-key": "figures" }, phase, checked, kept);
  }
  return h("dl", { class: "figures", "data-key": "figures" }, phase, [
    figure("Guard", guard.state, guard.can_act ? toneOf(guard.state) : "bad", guardNote(guard)),
    figure("Orders open", whole(orders.open), "calm", inFlight(orders, nowNs)),
    figure("External orders", whole(node.external_orders_count), "calm", `${whole(orders.external_unclaimed)} unclaimed`),
    figure("Last check", node.last_check_ns ? `${age(node.last_check_ns, nowNs)} ago` : "none yet", "calm",
      node.startup_secs !== null && node.startup_secs !== undefined && `start-up took ${millis(node.startup_secs * 1000)}`),
    figure("Loop lag p99", millis(loop.lag_ms_p99), loop.lag_ms_p99 > 500 ? "wary" : "calm", loop.lag_ms_max === null ? null : `longest ${millis(loop.lag_ms_max)}`),
  ], kept);
}

// An auditor outside of the node knows neither its guard, nor its orders in flight, nor its loop: it must not show zeros.
export function isOutside(node) {
  return node.source === "watch";
}

function figure(name, value, tone, note) {
  return h("div", { class: `figure ${tone}` }, h("dt", null, name), h("dd", null, h("strong", null, clipped(value)), note && h("small", null, clipped(note))));
}

function guardNote(guard) {
  if (!guard.can_act) return "it cannot act";
  if (guard.effective && guard.effective !== guard.state) return `the engine is ${guard.effective}`;
  return guard.source && `by ${guard.source}`;
}

function inFlight(orders, nowNs, words = " in flight") {
  const oldest = orders.inflight_oldest_ns;
  return `${whole(orders.inflight)}${words}${orders.inflight && oldest ? `, oldest ${age(oldest, nowNs)}` : ""}`;
}

function storeNote(store) {
  if (store.write_behind_events) return `${count(store.write_behind_events, "event")} not written yet`;
  return store.ping_ms === null ? store.detail : `ping ${millis(store.ping_ms)}`;
}

function journalNote(journal) {
  return journal.dropped ? `${count(journal.dropped, "record")} dropped` : count(journal.records, "record");
}

export function machinery(node, nowNs) {
  const { orders, store, journal, loop } = node;
  const rows = [
    !isOutside(node) && ["Orders", [
      ["Open", whole(orders.open)], ["In flight", inFlight(orders, nowNs, "")],
      ["External, claimed", whole(orders.external_claimed)], ["External, unclaimed", whole(orders.external_unclaimed)],
      ["External, filtered", whole(orders.external_filtered)],
      ["Inferred fills", whole(orders.inferred_fills), orders.inferred_fills], ["Synthetic orders", whole(orders.synthetic_orders), orders.synthetic_orders],
    ]],
    ["Store", [
      ["State", [store.state, store.since_ns ? [" since ", when(store.since_ns, nowNs)] : null], toneOf(store.state) !== "calm"],
      ["Persistent", store.persistent === null ? "not known" : store.persistent ? "yes" : "no", store.persistent === false],
      ["Write-behind", store.write_behind_events === null ? "not known" : `${count(store.write_behind_events, "event")}${store.write_behind_ns ? `, oldest ${span(store.write_behind_ns / NS)}` : ""}`],
      store.detail && ["Detail", store.detail],
    ]],
    ["Event loop", [
      ["Heartbeat", loop.heartbeat_ns ? `${age(loop.heartbeat_ns, nowNs)} ago` : "none yet"],
      ["Lag p50", millis(loop.lag_ms_p50)], ["Lag p99", millis(loop.lag_ms_p99)], ["Longest lag", millis(loop.lag_ms_max)],
      ["Events dropped", whole(node.events_dropped), node.events_dropped],
    ]],
    ["Journal", [
      ["State", journal.state, toneOf(journal.state) !== "calm"], journal.where && ["Where", journal.where],
      ["Records", `${whole(journal.records)}${journal.waiting ? `, ${whole(journal.waiting)} waiting` : ""}`],
      ["Dropped", whole(journal.dropped), journal.dropped], ["Last write", when(journal.last_write_ns, nowNs)],
      journal.error && ["Error", journal.error, true],
    ]],
  ];
  const title = isOutside(node) ? "Machinery" : "Orders and machinery";
  return panel("machinery", title, null, h("div", { class: "columns" }, rows.filter(Boolean).map(([title, facts]) => h("div", null,
    h("h3", null, title),
    h("dl", { class: "facts" }, facts.filter(Boolean).map(([name, value, isOdd]) =>
      h("div", { class: isOdd ? "odd" : null }, h("dt", null, name), h("dd", null, value))))))));
}
