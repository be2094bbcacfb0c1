// What the node may do now, why, and how it came to that.

import { h, panel, empty, word, clipped } from "./dom.js";
import { toneOf } from "./figures.js";
import { age, when } from "./words.js";

export function guard(node, nowNs) {
  const now = node.guard;
  const apart = now.effective && now.effective !== now.state;
  return panel("guard", "Guard", now.since_ns ? `for ${age(now.since_ns, nowNs)}` : null,
    h("p", { class: "guard-now" }, word(now.state, `state ${toneOf(now.state)}`), now.reason && ` ${clipped(now.reason)}`, by(now)),
    !now.can_act && h("p", { class: "odd" }, "The guard cannot act, so the node may do what it should not", now.alarm && `: ${clipped(now.alarm)}`, "."),
    now.loophole && h("p", { class: "odd" }, "Passes all the same: ", clipped(now.loophole)),
    now.control === "LOST" && h("p", { class: "odd" }, "Commands do not reach it: the way to the store is lost."),
    refused(now.commands_refused),
    apart && h("p", { class: "odd" }, `The engine's own trading state is ${now.effective}.`),
    h("h3", null, "History"),
    now.history.length ? h("ol", { class: "history" }, [...now.history].reverse().map((change, index) =>
      h("li", { "data-key": `g-${change.time_ns}-${index}` }, when(change.time_ns, nowNs),
        word(change.state, `state ${toneOf(change.state)}`),
        h("span", { class: "text" }, clipped(change.reason), by(change))))) : empty("It was never changed."));
}

function by({ source, who, rules }) {
  const named = [source, who].filter(Boolean).join(" ");
  const because = rules.length ? `${named ? ", " : ""}${rules.join(", ")}` : "";
  return named || because ? ` (${clipped(named + because)})` : null;
}

function refused(reasons) {
  const all = Object.entries(reasons);
  if (!all.length) return null;
  return h("p", { class: "odd" }, "Commands not obeyed: ", clipped(all.map(([reason, number]) => `${number} ${reason}`).join(", ")));
}
