// How numbers, spans and times are written. `span` and `count` say the same as words.py.

import { h } from "./dom.js";

export const NS = 1e9;

export function span(secs) {
  const whole = Math.max(0, Math.floor(secs));
  const units = [["d", Math.floor(whole / 86400)], ["h", Math.floor(whole / 3600) % 24], ["min", Math.floor(whole / 60) % 60], ["s", whole % 60]];
  const first = units.findIndex(([, number]) => number > 0);
  if (first < 0) return "0 s";
  return units.slice(first, first + 2).filter(([, number]) => number).map(([unit, number]) => `${number} ${unit}`).join(" ");
}

export function count(number, noun, plural = `${noun}s`) {
  return `${whole(number)} ${number === 1 ? noun : plural}`;
}

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function whole(number) {
  return WHOLE.format(number);
}

// Three significant digits, in milliseconds up to a second.
export function millis(value) {
  if (value === null || value === undefined) return "none";
  if (value >= 1000) return `${(value / 1000).toFixed(value >= 10000 ? 1 : 2)} s`;
  return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}

export function age(ns, nowNs) {
  return ns ? span((nowNs - ns) / NS) : "none";
}

// A time in UTC, with the day when it is not today's; the reader's own clock in the title.
export function when(ns, nowNs) {
  if (!ns) return "none";
  const time = new Date(ns / 1e6);
  const iso = time.toISOString();
  const today = new Date(nowNs / 1e6).toISOString().slice(0, 10);
  const text = `${iso.startsWith(today) ? "" : `${iso.slice(0, 10)} `}${iso.slice(11, 19)}`;
  return h("time", { datetime: iso, title: `${iso.slice(0, 19).replace("T", " ")} UTC; here ${time.toLocaleString()}` },
    text, h("span", { class: "unit" }, " UTC"));
}

// RECORD_KIND or record_kind as people write it.
export function plain(name) {
  const text = String(name).replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const CHECKS = {
  startup: "Start-up",
  cheap: "Cheap look",
  deep: "Deep look",
  gap: "After a gap in the stream",
  demand: "On demand",
  store: "After a loss of the store",
  audit: "Audit from outside",
  engine_inflight: "Engine: orders in flight",
  engine_orders: "Engine: open orders",
  engine_positions: "Engine: positions",
};
const RESULTS = { done: "Ended, proves nothing", failed: "Failed", clean: "Clean", discrepant: "Discrepant", unknown: "Unknown" };

// What was checked, and what it came to: in words where we have them, else as the node spelt it.
export function checkName(check) {
  return CHECKS[check] ?? plain(check);
}

export function resultName(result) {
  return RESULTS[result] ?? plain(result);
}
