// Elements from values, and the smallest change that turns what is shown into what should be shown. Text goes in as
// text nodes and attributes alone: nothing here, and nothing in this page, ever parses markup.

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

// Replace the children of `place` by `children`, keeping every element that stays: focus, selection, what is typed and
// what is unfolded survive a refresh.
export function show(place, ...children) {
  const fresh = place.cloneNode(false);
  fill(fresh, null, children);
  morphChildren(place, fresh);
}

function morph(from, to) {
  if (from.nodeType === Node.TEXT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !(name === "open" && from.tagName === "DETAILS")) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  morphChildren(from, to);
}

function morphChildren(from, to) {
  const keyed = new Map();
  for (const child of from.children) {
    if (child.dataset?.key) keyed.set(child.dataset.key, child);
  }
  let here = from.firstChild;
  for (const next of [...to.childNodes]) {
    const found = next.dataset?.key ? keyed.get(next.dataset.key) : unkeyed(here);
    if (found && isSame(found, next)) {
      keyed.delete(next.dataset?.key);
      if (found !== here) from.insertBefore(found, here);
      morph(found, next);
      here = found.nextSibling;
    } else {
      from.insertBefore(next, here);
    }
  }
  while (here) {
    const after = here.nextSibling;
    here.remove();
    here = after;
  }
}

function unkeyed(node) {
  return node && !node.dataset?.key ? node : null;
}

function isSame(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && one.id === other.id;
}

// A table that becomes a list of cards on a narrow screen. The roles are said, since a browser forgets them together
// with `display: table`. A column is {label, class?, head?}; a row is {key, class?, cells}.
export function table(caption, columns, rows, layout = "") {
  const head = columns.map((column) =>
    h("th", { scope: "col", role: "columnheader", class: column.class, "aria-sort": column.sort }, column.head ?? column.label),
  );
  const body = rows.map((row) =>
    h("tr", { role: "row", class: row.class, "data-key": row.key },
      row.cells.map((cell, index) =>
        h("td", { role: "cell", class: columns[index].class, "data-label": columns[index].label }, cell))),
  );
  return h("table", { role: "table", class: `cards ${layout}`.trim() },
    h("caption", { class: "unseen" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, body));
}

const WORD_CHARS_MAX = 26; // the longest of our own words; what is longer came from elsewhere and may break anywhere
const LINE_CHARS_MAX = 400;

// A word of a closed vocabulary, kept in one piece.
export function word(text, name = "") {
  return h("span", { class: `${String(text).length > WORD_CHARS_MAX ? "text" : "word"} ${name}`.trim() }, clipped(text));
}

// An identifier or an explanation: of any length, from anywhere.
export function line(text, tag = "span") {
  return h(tag, { class: "line" }, clipped(text));
}

export function clipped(text) {
  const whole = String(text);
  return whole.length > LINE_CHARS_MAX ? `${whole.slice(0, LINE_CHARS_MAX)} …` : whole;
}

export function panel(id, title, note, ...children) {
  return h("section", { id, class: "panel", "data-key": id, "aria-labelledby": `${id}-heading` },
    h("div", { class: "panel-head" }, h("h2", { id: `${id}-heading` }, title), note && h("p", { class: "note" }, note)),
    children);
}

export function empty(text) {
  return h("p", { class: "empty" }, text);
}
