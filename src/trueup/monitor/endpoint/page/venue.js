// The questions to the venue: how many, how many failed, and how long the answers took.

import { h, s, panel, table, empty, line, word } from "./dom.js";
import { age, millis, plain, whole } from "./words.js";

const WIDTH = 120;
const HEIGHT = 14;
const FROM_MS = 1;
const TO_MS = 10000;

export function venue(node, nowNs) {
  if (!node.venue.length) return panel("venue", "Venue latency", null, empty("The venue was not asked yet."));
  const columns = [{ label: "Query", class: "first" }, { label: "Asked", class: "number" }, { label: "Failed", class: "number" },
    { label: "p50", class: "number" }, { label: "p99", class: "number" }, { label: "1 ms to 10 s", class: "chart" }];
  return panel("venue", "Venue latency", "p50 to p99 by kind of query",
    table("Questions to the venue by kind", columns, node.venue.map((one) => row(one, nowNs)), "four"));
}

function row(one, nowNs) {
  const failed = one.failures + one.timeouts;
  return {
    key: `v-${one.client_id}-${one.query}`,
    cells: [
      [word(plain(one.query)), h("small", { class: "line" }, one.client_id, one.last_ns ? `, ${age(one.last_ns, nowNs)} ago` : ""),
        one.last_error && h("small", { class: "odd" }, line(one.last_error))],
      whole(one.count),
      h("span", { class: failed ? "odd" : null, title: `${one.failures} failed, ${one.timeouts} timed out` }, whole(failed)),
      millis(one.p50_ms), millis(one.p99_ms), bar(one),
    ],
  };
}

function placeOf(ms) {
  const share = Math.log10(Math.max(FROM_MS, Math.min(ms, TO_MS)) / FROM_MS) / Math.log10(TO_MS / FROM_MS);
  return 4 + share * (WIDTH - 8);
}

function bar({ p50_ms: p50, p99_ms: p99 }) {
  if (p50 === null) return null;
  const from = placeOf(p50);
  const to = placeOf(p99 ?? p50);
  const middle = HEIGHT / 2;
  return s("svg", { class: "latency", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, "aria-hidden": "true" },
    s("line", { class: "grid", x1: 0, x2: WIDTH, y1: middle, y2: middle }),
    s("line", { class: "range", x1: from, x2: Math.max(to, from + 1), y1: middle, y2: middle }),
    s("circle", { class: "p50", cx: from, cy: middle, r: 3.5 }),
    p99 !== null && s("line", { class: "p99", x1: to, x2: to, y1: 2, y2: HEIGHT - 2 }));
}
