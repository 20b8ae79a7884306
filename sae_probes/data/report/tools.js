"use strict";
// What the page is made with: elements, tables that sort, charts. All that is written is text.
const $ = id => document.getElementById(id);
const read = id => JSON.parse($(id).textContent);
const CHARTS = read("charts");

const digits = x => x < 1000 ? x.toFixed(4) : Number(x.toPrecision(6)).toString();  // errors are in any unit
const signed = x => Number.isFinite(x) ? (x < 0 ? "−" : "+") + digits(Math.abs(x)) : "missing";
const f4 = x => Number.isFinite(x) ? (x < 0 ? "−" : "") + digits(Math.abs(x)) : "missing";
const interval = (x, low, high) =>
  Number.isFinite(low) ? `${signed(x)} (${signed(low)} to ${signed(high)})` : signed(x);
const plain = s => String(s).replaceAll("_", " ");
const capital = s => s[0].toUpperCase() + s.slice(1);
const byName = (a, b) => a.localeCompare(b, "en", {numeric: true});

// Packed numbers, unpacked when they are first asked for.
const once = (o, name, make) => o["$" + name] ??= make();
const bytes = s => Uint8Array.from(atob(s), c => c.charCodeAt(0));
const unpack = (o, name, scale) => once(o, name, () => {
  const {buffer} = bytes(o[name].slice(1));
  if (o[name][0] === "f") return new Float32Array(buffer);
  return Float64Array.from(new Uint16Array(buffer), x => x === 65535 ? NaN : x / scale);
});

function el(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}
function button(text, press, attributes = {}) {
  const made = el("button", {type: "button", ...attributes}, text);
  made.addEventListener("click", press);
  return made;
}

// Columns of a table: a name, and what is shown of a row. Those of numbers begin with the largest when they sort.
const text = (name, show) => ({name, show});
const number = (name, value, as = f4) => ({name, show: row => as(value(row)), look: "n"});
function table(id, caption, columns, rows, look = () => null) {
  const sorted = $(id).querySelector("[aria-sort]");
  const press = name => el("button", {type: "button"}, name);
  const head = columns.map(({name, look}) => el("th", {scope: "col", class: look}, press(name)));
  const fill = (row, {show, look}, i) => i ? el("td", {class: look}, show(row)) : el("th", {scope: "row"}, show(row));
  $(id).replaceChildren(el("caption", {}, caption), el("thead", {}, el("tr", {}, ...head)),
    el("tbody", {}, ...rows.map(row => el("tr", {class: look(row)}, ...columns.map((c, i) => fill(row, c, i))))));
  if (sorted && head[sorted.cellIndex]) sort(head[sorted.cellIndex], sorted.getAttribute("aria-sort"));
}
function sort(head, way) {
  const [table, at, sign] = [head.closest("table"), head.cellIndex, way === "ascending" ? 1 : -1];
  const value = row => head.className === "n" ? parseFloat(row.cells[at].textContent.replace("−", "-")) :
    row.cells[at].textContent;
  const compare = (a, b) => typeof a === "string" ? byName(a, b) * sign : isNaN(a) - isNaN(b) || (a - b) * sign;
  const rows = [...table.tBodies[0].rows].map(row => [value(row), row]).sort(([a], [b]) => compare(a, b));
  table.tBodies[0].append(...rows.map(([, row]) => row));
  table.querySelector("[aria-sort]")?.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", way);
}
addEventListener("click", ({target}) => {
  const head = target.closest("thead th");
  if (head) sort(head, {ascending: "descending", descending: "ascending"}[head.getAttribute("aria-sort")] ??
    (head.className === "n" ? "descending" : "ascending"));
});

function save(name, rows) {
  const field = x => /[",\n\r]/.test(x = String(x ?? "")) ? `"${x.replaceAll('"', '""')}"` : x;
  const url = URL.createObjectURL(new Blob(rows.map(row => row.map(field).join(",") + "\n"), {type: "text/csv"}));
  el("a", {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// Charts: made once for each specification, then given other rows and signals.
const views = {}, FONT = "system-ui, sans-serif";
let drawn = Promise.resolve();  // until all charts that were asked for are there
const OPTIONS = {actions: false, renderer: "svg", ast: true, tooltip: {disableDefaultStyle: true}, logLevel: 1,
  config: {background: null, view: {stroke: null}, axis: {labelColor: "currentColor", titleColor: "currentColor",
    domainColor: "#888", tickColor: "#888", gridColor: "#8884", labelFontSize: 11, titleFontSize: 12,
    titleFontWeight: 500, labelFont: FONT, titleFont: FONT}}};

const chart = (...given) => { drawn = Promise.all([drawn, fillChart(...given)]); };
async function fillChart(id, spec, data, description, signals = {}, ready = () => {}) {
  const made = JSON.stringify(spec);
  if (views[id]?.made !== made) {
    views[id]?.view.then(view => view.finalize());
    for (const s of spec.signals ?? []) s.value = signals[s.name] ?? s.value;
    if (signals.width) Object.assign(spec, {width: signals.width, height: signals.height});
    for (const d of [spec.data].flat()) d.values = data[d.name];
    views[id] = {made, view: draw($(id), spec, OPTIONS).then(found => found.view)};
    views[id].view.then(ready);
  }
  const view = await views[id].view;
  for (const [name, value] of Object.entries(signals)) view.signal(name, value);
  for (const [name, rows] of Object.entries(data)) view.data(name, rows);
  view.description(description);
  await view.runAsync();
}
// Vega keeps names in plain objects, in which one is not free.
const key = name => name === "__proto__" ? "\u200b" + name : name, unkey = name => name.replace("\u200b", "");
const labelWidth = () => Math.max(90, Math.min(240, innerWidth * 0.28));

function forest(title, rows) {
  const spec = structuredClone(CHARTS.forest);
  spec.height = 18 * rows;
  spec.encoding.y.axis.labelLimit = labelWidth();
  spec.layer[2].encoding.x.title = title;
  return spec;
}
function curve(x, label) {
  const spec = structuredClone(CHARTS.curve);
  Object.assign(spec.encoding.x, x);
  spec.encoding.y.title = `${label}, mean over tasks`;
  spec.layer[1].encoding.tooltip[2].title = label;
  return spec;
}
