"use strict";
// What the page is made with: elements, lists to choose from, tables that sort, charts. All that is written is text.
const $ = id => document.getElementById(id);
const read = id => JSON.parse($(id).textContent);
const CHARTS = read("charts");

const signed = x => Number.isFinite(x) ? (x < 0 ? "−" : "+") + Math.abs(x).toFixed(4) : "missing";
const f4 = x => Number.isFinite(x) ? x.toFixed(4) : "missing";
const interval = (x, low, high) =>
  Number.isFinite(low) ? `${signed(x)} (${signed(low)} to ${signed(high)})` : signed(x);
const plain = s => String(s).replaceAll("_", " ");
const byName = (a, b) => String(a).localeCompare(String(b), "en", {numeric: true});

// Packed numbers, unpacked when they are first asked for.
const once = (o, name, make) => o["$" + name] ??= make();
const bytes = s => Uint8Array.from(atob(s), c => c.charCodeAt(0));
const unpack = (o, name, scale) => once(o, name, () =>
  Float64Array.from(new Uint16Array(bytes(o[name]).buffer), x => x === 65535 ? NaN : x / scale));

function el(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null) made.setAttribute(name, value);
  made.append(...inside.filter(x => x !== null && x !== undefined));
  return made;
}
const button = (text, onclick, more = {}) => el("button", {type: "button", onclick, ...more}, text);
const region = (id, name, tall = " tall") =>
  el("div", {class: "scroll" + tall, tabindex: 0, role: "region", "aria-label": name}, el("table", {id}));

function choice(id, label, options, value, change) {
  const select = el("select", {id, onchange: e => change(e.target.value)});
  for (const [key, text] of options) select.append(el("option", {value: key}, text));
  select.value = value;
  return el("label", {for: id}, label, select);
}

// Columns of a table: what a row's value is, which it is sorted by, and what is shown of it.
const text = (name, value, show = value) => ({name, value, show, look: null, first: 1});
const number = (name, value, show = x => f4(value(x))) => ({name, value, show, look: "n", first: -1});
const sorting = {};  // by table: the column's place, and 1 or -1

function compare(a, b, way) {
  const empty = x => x === null || x === undefined || Number.isNaN(x);
  if (empty(a) || empty(b)) return empty(a) - empty(b);
  return (typeof a === "number" ? a - b : byName(a, b)) * way;
}
function table(id, caption, columns, rows, look = () => null) {
  const {at, way} = sorting[id] ?? {}, value = columns[at]?.value;
  const order = value ? [...rows].sort((a, b) => compare(value(a), value(b), way)) : rows;
  const sort = (i, first) => {
    sorting[id] = {at: i, way: i === at ? -way : first};
    table(id, caption, columns, rows, look);
    $(id).querySelectorAll("thead button")[i].focus();
  };
  const head = columns.map(({name, look, first}, i) => {
    const sorted = i === at ? (way > 0 ? ["ascending", " ▲"] : ["descending", " ▼"]) : [null, ""];
    return el("th", {scope: "col", class: look, "aria-sort": sorted[0]},
      button(name + sorted[1], () => sort(i, first)));
  });
  const fill = (row, {show, look}, i) => i ? el("td", {class: look}, show(row)) : el("th", {scope: "row"}, show(row));
  const body = order.map(row => el("tr", {class: look(row)}, ...columns.map((c, i) => fill(row, c, i))));
  $(id).replaceChildren(el("caption", {}, caption), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body));
}

function save(name, rows) {
  const field = x => /[",\n\r]/.test(x = String(x ?? "")) ? `"${x.replaceAll('"', '""')}"` : x;
  const lines = rows.map(row => row.map(field).join(",") + "\n");
  const url = URL.createObjectURL(new Blob(lines, {type: "text/csv"}));
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
function curve(x) {
  const spec = structuredClone(CHARTS.curve);
  spec.encoding.x = x(spec.encoding.x);
  return spec;
}
function swatch(color, dashed) {
  const make = name => document.createElementNS("http://www.w3.org/2000/svg", name), svg = make("svg");
  const line = {x1: 0, x2: "100%", y1: "50%", y2: "50%", stroke: color, "stroke-width": 3};
  svg.append(make("line"));
  for (const [name, value] of Object.entries(line)) svg.firstChild.setAttribute(name, value);
  if (dashed) svg.firstChild.setAttribute("stroke-dasharray", "4 3");
  svg.setAttribute("aria-hidden", "true");
  return svg;
}
