// Several nodes in one list; each name leads to its details.

import { h, panel, table, empty, word, clipped } from "./dom.js";
import { isOutside } from "./figures.js";
import { judge } from "./judgement.js";
import { age, count, whole, NS } from "./words.js";

// The name of each node, made unlike the others' where two nodes say the same.
export function namesOf(nodes) {
  const names = nodes.map((node) => node.trader_id || "unnamed");
  return names.map((name, index) => (names.indexOf(name) === index ? name : `${name} (${index + 1})`));
}

export function fleet(nodes, chosen, waited) {
  if (!nodes.length) return panel("fleet", "Nodes", null, empty("There is no node to show yet."));
  const columns = [{ label: "Node", class: "first" }, { label: "Now" }, { label: "Why", class: "wide" }, { label: "Phase" }, { label: "Guard" },
    { label: "Open", class: "number" }, { label: "Verdict age", class: "number" }];
  const names = namesOf(nodes);
  const sound = nodes.filter((node) => judge(node, waited).verdict === "CLEAN").length;
  return panel("fleet", "Nodes", `${whole(sound)} of ${count(nodes.length, "node")} true`,
    table("Nodes", columns, nodes.map((node, index) => {
      const { verdict, reasons } = judge(node, waited);
      const name = names[index];
      return {
        key: `n-${name}-${index}`,
        cells: [
          h("a", { class: "text", href: `#${encodeURIComponent(name)}`, "aria-current": node === chosen ? "true" : null }, name),
          word(verdict, `verdict ${verdict.toLowerCase()}`), h("span", { class: "text" }, clipped(reasons.join("; "))),
          word(node.phase), isOutside(node) ? null : word(node.guard.state), whole(node.discrepancies.length + node.discrepancies_hidden),
          age(node.verdict_ns, node.now_ns + waited * NS),
        ],
      };
    })));
}
