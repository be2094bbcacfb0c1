// The checks as they followed each other: how long each took, what it found. The strip beneath is the verdict over time.

import { h, s, panel, table, empty, word } from "./dom.js";
import { checkName, count, millis, resultName, span, when, whole, NS } from "./words.js";

const HEIGHT = 128;
const LEFT = 46; // room for the labels of the scale
const RIGHT = 8;
const TOP = 8;
const BASE = 84; // where the bars stand
const STRIP = 92;
const STRIP_HEIGHT = 10;
const SCALE_MS = [1, 10, 100, 1000, 10000];
const TONES = { CLEAN: "clean", DISCREPANT: "discrepant", UNKNOWN: "unknown" };
const FAILED = new Set(["failed", "failure", "error", "timeout"]);

export function timeline(node, nowNs, width) {
  const cycles = node.cycles.filter((one) => one.time_ns > 0).sort((a, b) => a.time_ns - b.time_ns);
  if (!cycles.length) return panel("timeline", "Checks", null, empty("No check was made yet."));
  const from = cycles[0].time_ns;
  const inner = Math.max(240, width - 34) - LEFT - RIGHT;
  const length = Math.max(nowNs - from, NS);
  const at = (ns) => LEFT + (inner * (ns - from)) / length;
  const note = `${count(cycles.length, "check")} in ${span(length / NS)}`;
  return panel("timeline", "Checks", note,
    s("svg", { class: "timeline", role: "img", "aria-label": summary(cycles, length), viewBox: `0 0 ${LEFT + inner + RIGHT} ${HEIGHT}`, height: HEIGHT, width: LEFT + inner + RIGHT },
      scale(inner), strip(cycles, at, nowNs), bars(cycles, at, inner), hours(from, nowNs, at, inner)),
    legend(cycles),
    h("details", null, h("summary", null, "The same as a table"), asTable(cycles, nowNs)));
}

// A check of the engine's own, or of the store, has an end and no verdict.
function toneOf(cycle) {
  return TONES[cycle.verdict] ?? (cycle.verdict || FAILED.has(cycle.result) ? "unknown" : "plain");
}

function heightOf(ms) {
  const top = Math.log10(SCALE_MS.at(-1));
  const share = Math.log10(Math.max(SCALE_MS[0], Math.min(ms, SCALE_MS.at(-1)))) / top;
  return Math.max(2, share * (BASE - TOP));
}

function scale(inner) {
  return SCALE_MS.filter((_, index) => index % 2 === 0 || index === SCALE_MS.length - 1).map((ms) => {
    const y = BASE - (ms === 1 ? 0 : heightOf(ms));
    return s("g", null, s("line", { class: "grid", x1: LEFT, x2: LEFT + inner, y1: y, y2: y }),
      s("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`));
  });
}

function bars(cycles, at, inner) {
  const wide = Math.max(1.5, Math.min(7, (inner / cycles.length) * 0.6));
  return cycles.map((cycle) => {
    const tall = heightOf(cycle.secs * 1000);
    const deep = cycle.check !== "cheap";
    return s("rect", { class: `bar ${toneOf(cycle)}${deep ? " deep" : ""}`, x: at(cycle.time_ns) - wide / 2, y: BASE - tall, width: wide, height: tall },
      s("title", null, words(cycle)));
  });
}

function words(cycle) {
  const time = new Date(cycle.time_ns / 1e6).toISOString().slice(11, 19);
  const found = cycle.discrepancies ? `, ${count(cycle.discrepancies, "discrepancy", "discrepancies")}` : "";
  const steps = cycle.steps ? `, ${count(cycle.steps, "step")} applied` : "";
  return `${time} UTC, ${checkName(cycle.check)}: ${cycle.verdict || resultName(cycle.result).toLowerCase()} in ${millis(cycle.secs * 1000)}${found}${steps}`;
}

function strip(cycles, at, nowNs) {
  const judged = cycles.filter((cycle) => cycle.verdict);
  return judged.map((cycle, index) => {
    const end = judged[index + 1]?.time_ns ?? nowNs;
    return s("rect", { class: `strip ${toneOf(cycle)}`, x: at(cycle.time_ns), y: STRIP, width: Math.max(0.5, at(end) - at(cycle.time_ns)), height: STRIP_HEIGHT });
  });
}

function hours(from, nowNs, at, inner) {
  const label = (ns) => new Date(ns / 1e6).toISOString().slice(11, 19);
  return [s("text", { x: LEFT, y: HEIGHT - 8 }, `${label(from)} UTC`),
    inner > 360 && s("text", { x: LEFT + inner / 2, y: HEIGHT - 8, "text-anchor": "middle" }, label((from + nowNs) / 2)),
    s("text", { x: LEFT + inner, y: HEIGHT - 8, "text-anchor": "end" }, "now")];
}

function summary(cycles, length) {
  const of = (name) => cycles.filter((one) => toneOf(one) === name).length;
  const slowest = Math.max(...cycles.map((one) => one.secs));
  return `${count(cycles.length, "check")} in ${span(length / NS)}: ${of("clean")} CLEAN, ${of("discrepant")} DISCREPANT, ${of("unknown")} UNKNOWN, ${of("plain")} without a verdict; the slowest took ${millis(slowest * 1000)}`;
}

function legend(cycles) {
  const keys = [["clean", "CLEAN"], ["discrepant", "DISCREPANT"], ["unknown", "UNKNOWN"], ["plain", "no verdict of its own"]];
  const present = keys.filter(([tone]) => cycles.some((one) => toneOf(one) === tone));
  return h("p", { class: "legend" }, present.map(([tone, word]) => h("span", null, h("span", { class: `key ${tone}` }), word)),
    h("span", null, "Bars: how long a check took; solid, all that is not a cheap look. Strip: the verdict."));
}

function asTable(cycles, nowNs) {
  const columns = [{ label: "At" }, { label: "Check" }, { label: "Result" }, { label: "Verdict" }, { label: "Took", class: "number" },
    { label: "Differences", class: "number" }, { label: "Steps", class: "number" }];
  return table("Checks, the latest first", columns, [...cycles].reverse().map((one, index) => ({
    key: `c-${one.time_ns}-${index}`,
    cells: [when(one.time_ns, nowNs), word(checkName(one.check)), word(resultName(one.result)), word(one.verdict || "none"), millis(one.secs * 1000), whole(one.discrepancies), whole(one.steps)],
  })));
}
