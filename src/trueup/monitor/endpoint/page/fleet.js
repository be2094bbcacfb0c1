// Several nodes in one list; each name leads to its details.

import { h, panel, table, empty } from "./dom.js";
import { judge } from "./judgement.js";
import { age, count, whole, NS } from "./words.js";

export function nameOf(node, index) {
  return node.trader_id || `node-${index + 1}`;
}

export function fleet(nodes, chosen, waited) {
  if (!nodes.length) return panel("fleet", "Nodes", null, empty("There is no node to show yet."));
  const columns = [{ label: "Node", class: "first" }, { label: "Now" }, { label: "Why", class: "wide" }, { label: "Phase" }, { label: "Guard" },
    { label: "Open", class: "number" }, { label: "Verdict age", class: "number" }];
  const sound = nodes.filter((node) => judge(node, waited).verdict === "CLEAN").length;
  return panel("fleet", "Nodes", `${whole(sound)} of ${count(nodes.length, "node")} true`,
    table("Nodes", columns, nodes.map((node, index) => {
      const { verdict, reasons } = judge(node, waited);
      const name = nameOf(node, index);
      return {
        key: `n-${name}-${index}`,
        cells: [
          h("a", { href: `#${encodeURIComponent(name)}`, "aria-current": node === chosen ? "true" : null }, name),
          h("span", { class: `verdict ${verdict.toLowerCase()}` }, verdict), h("span", { class: "line" }, reasons.join("; ")),
          node.phase, node.guard.state, whole(node.discrepancies.length + node.discrepancies_hidden),
          age(node.verdict_ns, node.now_ns + waited * NS),
        ],
      };
    })));
}
