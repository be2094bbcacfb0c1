// What Grafana's own data code makes of a dashboard's queries: frames in, words, colours and lines out.
//
// Standard input: {"window": {"from", "to"}, "panels": [{"panel": …, "answers": {"A": Prometheus' result, …}}, …]}
// Standard output: {"<panel id>": {"kind", …}} as `shown` below gives it.
//
// The transformations, field overrides, value mappings, thresholds, units, names and reductions are those of
// @grafana/data. Not Grafana's: the frames (made here as its Prometheus data source documents them), and the cells that
// a link names, which the server's template service fills in there.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { firstValueFrom } from "rxjs";
import { JSDOM } from "jsdom";

globalThis.console = new console.Console(process.stderr); // standard output is the answer
const page = new JSDOM("", { url: "http://127.0.0.1/" });
globalThis.window = page.window;
globalThis.document = page.window.document;
globalThis.localStorage = page.window.localStorage;
globalThis.HTMLElement = page.window.HTMLElement;
if (!globalThis.navigator) globalThis.navigator = page.window.navigator; // Node has one of its own from version 21 on
const grafana = createRequire(import.meta.url)("@grafana/data");

const theme = grafana.createTheme({ colors: { mode: "light" } });
const PALETTE = theme.visualization.palette;
const LINES_MAX = 40;
const TICKS = 4;

const standard = {
  displayName: grafana.displayNameOverrideProcessor,
  unit: grafana.unitOverrideProcessor,
  min: grafana.numberOverrideProcessor,
  max: grafana.numberOverrideProcessor,
  decimals: grafana.numberOverrideProcessor,
  mappings: grafana.valueMappingsOverrideProcessor,
  thresholds: grafana.thresholdsOverrideProcessor,
  color: grafana.identityOverrideProcessor,
  noValue: grafana.stringOverrideProcessor,
  links: grafana.dataLinksOverrideProcessor,
  filterable: grafana.booleanOverrideProcessor,
  fieldMinMax: grafana.booleanOverrideProcessor,
};
const option = (id, path, process, isCustom) => ({
  id,
  path,
  name: id,
  process,
  isCustom,
  shouldApply: () => true,
  getItemsCount: (value) => (value === undefined ? 0 : 1),
});
const options = () => [
  ...Object.entries(standard).map(([id, process]) => option(id, id, process, false)),
  option("custom.cellOptions", "cellOptions", grafana.identityOverrideProcessor, true),
];
grafana.standardFieldConfigEditorRegistry.setInit(options);
const fieldConfigRegistry = new grafana.FieldConfigOptionsRegistry();
fieldConfigRegistry.setInit(options);
const seen = new Set();
grafana.standardTransformersRegistry.setInit(() =>
  Object.values(grafana.standardTransformers)
    .filter((one) => !seen.has(one.id) && seen.add(one.id))
    .map((one) => ({ id: one.id, name: one.name, transformation: one, editor: null })),
);

function replaceVariables(text, scoped) {
  return text.replace(/\$\{__data\.fields\.([^}]+)\}/g, (whole, name) => {
    const context = scoped?.__dataContext?.value;
    if (!context) return whole;
    const { frame, rowIndex } = context;
    const cells = grafana.getFieldDisplayValuesProxy({ frame, rowIndex, timeZone: "utc" });
    return cells[name]?.toString() ?? whole;
  });
}

const numbers = (pairs) => pairs.map(([, value]) => Number(value));
const moments = (pairs) => pairs.map(([secs]) => Math.round(secs * 1000));

/** Return the frames of a query over time, or of one moment: one for each series. */
function seriesFrames(target, answer) {
  return answer.map((row) => {
    const { __name__, ...labels } = row.metric;
    const pairs = row.values ?? [row.value];
    const name = target.legendFormat ? grafana.renderLegendFormat(target.legendFormat, labels) : undefined;
    return grafana.toDataFrame({
      refId: target.refId,
      fields: [
        { name: "Time", type: "time", values: moments(pairs), config: {} },
        { name: "Value", type: "number", labels, values: numbers(pairs), config: { displayNameFromDS: name } },
      ],
    });
  });
}

/** Return the frame of a query in the form of a table: a column for each label, and one for the value. */
function tableFrame(target, answer) {
  const labels = [...new Set(answer.flatMap((row) => Object.keys(row.metric)))].sort();
  return grafana.toDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: "time", values: answer.map((row) => Math.round(row.value[0] * 1000)), config: {} },
      ...labels.map((label) => ({
        name: label,
        type: "string",
        values: answer.map((row) => row.metric[label] ?? ""),
        config: {},
      })),
      { name: `Value #${target.refId}`, type: "number", values: answer.map((row) => Number(row.value[1])), config: {} },
    ],
  });
}

function overridden(panel, data) {
  const options = { data, fieldConfig: panel.fieldConfig, replaceVariables, theme, timeZone: "utc", fieldConfigRegistry };
  return grafana.applyFieldOverrides(options);
}

const said = (value) => ({ text: grafana.formattedValueToString(value), color: value.color ?? "" });

function stat(panel, frames) {
  const values = grafana.getFieldDisplayValues({
    data: frames,
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables,
    theme,
    timeZone: "utc",
  });
  return { values: values.map(({ display }) => said(display)) };
}

function cell(field, row) {
  const links = field.config.links?.length && field.getLinks ? field.getLinks({ valueRowIndex: row }) : [];
  const coloured = field.config.custom?.cellOptions?.type === "color-background";
  const { text, color } = said(field.display(field.values[row]));
  return { text, color: coloured ? color : "", href: links[0]?.href ?? "" };
}

/** Return the lines of a table, in the order that its own columns ask for. */
function table(panel, frames) {
  const [frame] = frames;
  if (!frame) return { columns: [], rows: [] };
  const names = frame.fields.map((field) => grafana.getFieldDisplayName(field, frame));
  const rows = [...Array(frame.length).keys()];
  const order = panel.options.sortBy ?? [];
  rows.sort((a, b) => {
    for (const { displayName, desc } of order) {
      const { values } = frame.fields[names.indexOf(displayName)];
      const less = (values[a] ?? -Infinity) - (values[b] ?? -Infinity);
      if (less) return desc ? -less : less;
    }
    return 0;
  });
  return { columns: names, rows: rows.map((row) => frame.fields.map((field) => cell(field, row))) };
}

function eachLine(frames) {
  return frames.flatMap((frame) => {
    const time = frame.fields.find((field) => field.type === "time");
    return frame.fields
      .filter((field) => field.type === "number")
      .map((field) => ({ field, times: time.values, name: grafana.getFieldDisplayName(field, frame, frames) }));
  });
}

/** Return times and values with a gap where more than a step is missing, as Grafana's graph has it. */
function withGaps(times, values, stepMs) {
  const found = { times: [], values: [] };
  times.forEach((time, index) => {
    const last = found.times.at(-1);
    if (last !== undefined && time - last > 1.5 * stepMs) {
      found.times.push(last + stepMs);
      found.values.push(null);
    }
    found.times.push(time);
    found.values.push(Number.isFinite(values[index]) ? values[index] : null);
  });
  return found;
}

function timeseries(panel, frames, stepMs) {
  const lines = eachLine(frames).slice(0, LINES_MAX);
  const all = lines.flatMap(({ field }) => field.values.filter(Number.isFinite));
  const stacked = panel.fieldConfig.defaults.custom?.stacking?.mode === "normal";
  const top = stacked ? greatestSum(lines) : Math.max(0, ...all);
  const low = Math.min(0, ...all);
  const display = lines[0]?.field.display;
  const high = top > low ? top : low + 1;
  const ticks = [...Array(TICKS + 1).keys()].map((index) => low + ((high - low) * index) / TICKS);
  return {
    stacked,
    low,
    high,
    ticks: display ? ticks.map((value) => ({ value, text: said(display(value)).text })) : [],
    lines: lines.map(({ field, times, name }, index) => {
      const reduced = grafana.reduceField({ field, reducers: panel.options.legend.calcs });
      const calcs = panel.options.legend.calcs.map((calc) => said(field.display(reduced[calc])).text);
      const { mode, fixedColor } = field.config.color ?? {};
      const color = theme.visualization.getColorByName(mode === "fixed" ? fixedColor : PALETTE[index % PALETTE.length]);
      return { name, color, calcs, ...withGaps(times, field.values, stepMs) };
    }),
  };
}

function greatestSum(lines) {
  const sums = new Map();
  for (const { field, times } of lines) {
    times.forEach((time, index) => {
      if (Number.isFinite(field.values[index])) sums.set(time, (sums.get(time) ?? 0) + field.values[index]);
    });
  }
  return Math.max(0, ...sums.values());
}

/** Return bars of equal consecutive values; a bar ends where the next value, or the data, does. */
function timeline(panel, frames, stepMs) {
  const rows = eachLine(frames).map(({ field, times, name }) => {
    const bars = [];
    times.forEach((time, index) => {
      const value = field.values[index];
      if (!Number.isFinite(value)) return;
      const last = bars.at(-1);
      if (last && last.value === value && time - last.to <= stepMs) last.to = time + stepMs;
      else bars.push({ from: time, to: time + stepMs, value, ...said(field.display(value)) });
    });
    return { name, bars };
  });
  return { rows };
}

export async function shown({ panel, answers }, window) {
  const frames = panel.targets.flatMap((target) => {
    const answer = answers[target.refId] ?? [];
    if (panel.type !== "table") return seriesFrames(target, answer);
    return answer.length ? [tableFrame(target, answer)] : [];
  });
  const made = await firstValueFrom(grafana.transformDataFrame(panel.transformations ?? [], frames));
  const data = overridden(panel, made);
  const makers = { stat, table, timeseries, "state-timeline": timeline };
  const empty = !frames.some((frame) => frame.length);
  const nothing = panel.fieldConfig.defaults.noValue ?? "No data";
  return { kind: panel.type, title: panel.title, empty, nothing, ...makers[panel.type](panel, data, window.step * 1000) };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { window, panels } = JSON.parse(readFileSync(0, "utf8"));
  const found = {};
  for (const one of panels) found[one.panel.id] = await shown(one, window);
  process.stdout.write(JSON.stringify(found));
}
