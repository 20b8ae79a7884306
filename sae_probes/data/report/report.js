// The page: picks the numbers that the filters ask for out of the data. Intervals and tests are in the data, none is
// made here.
const D = read("data");
const GROUP = Object.keys(D.groups[0].names);
const state = {g: D.first, k: 0, family: 0, ref: D.reference || "best", map: "difference", rows: "name",
  columns: "rank", task: "", sae: ""};

// What the filters leave. g: a group; l: 0 for all k, else the place of k; f: a family, 0 for all tasks; c: a probe.
const group = () => D.groups[state.g];
const layerNames = g => ["all k", ...g.ks.map(k => `k = ${k}`)];
const layerOf = g => g.ks.indexOf(state.k) + 1;
const everyone = g => g.who.map((_, c) => c);
const saes = g => once(g, "saes", () => everyone(g).filter(c => g.who[c].kind === "sae" && g.who[c].ranked));
const inFamily = (g, f) => g.tasks.map((_, t) => t).filter(t => !f || g.family[t] === f);
const shown = g => inFamily(g, state.family);
const cell = (g, l, c, t, score = "test_score") =>
  unpack(g.cubes, score, 1e4)[(l * g.who.length + c) * g.tasks.length + t];
const mean = (g, f, l, c) => unpack(g, "means", 1e4)[(f * (g.ks.length + 1) + l) * g.who.length + c];

const CROSSED = "For one number of latents within one family no intervals were made: choose all k, or all tasks, " +
  "to see what may be concluded.";
function ranking(g) {
  const f = state.family, l = layerOf(g), found = g.rank[`${l}|${f}`], of = c => mean(g, f, l, c);
  if (found?.order) return found;
  const order = everyone(g).filter(c => Number.isFinite(of(c))).sort((a, b) => of(b) - of(a));
  return {said: found?.said ?? CROSSED, order, score: order.map(of)};
}
function reference(g, r) {  // a contender, or -1: the mean of the SAEs
  if (state.ref === "field" && saes(g).length) return -1;
  const c = g.who.findIndex(w => w.name === state.ref);
  return c >= 0 ? c : r.order.find(c => g.who[c].kind === "sae") ?? r.order[0] ?? 0;
}
const nameOf = (g, c) => c < 0 ? "the mean of the SAEs" : g.who[c].name;
function level(g, l, ref, t) {
  const of = ref < 0 ? saes(g) : [ref];
  return of.reduce((sum, c) => sum + cell(g, l, c, t), 0) / of.length;
}

// Each row of a ranking, with its difference to the reference and the interval that the data have for this pair.
function rankRows(g, r, ref) {
  const n = r.order.length, at = r.order.indexOf(ref), half = r.half && unpack(r, "half", 65534);
  const pair = (i, j) => { const a = Math.min(i, j); return a * n - a * (a + 1) / 2 + Math.max(i, j) - a - 1; };
  const bits = r.apart && once(r, "apart", () => bytes(r.apart));
  const apart = (i, j) => Boolean(bits[pair(i, j) >> 3] >> (7 - pair(i, j) % 8) & 1);
  const field = saes(g).reduce((sum, c) => sum + r.score[r.order.indexOf(c)], 0) / saes(g).length;
  const width = i => ref < 0 ? r.field_half?.[i] ?? NaN : half && at >= 0 && i !== at ? half[pair(i, at)] * r.top : NaN;
  return r.order.map((c, i) => {
    const d = ref < 0 ? r.field?.[i] ?? r.score[i] - field : r.score[i] - r.score[at], h = width(i);
    return {...g.who[c], c, score: r.score[i], d, low: d - h, high: d + h, own: c === ref, lacks: r.lacks?.[i] ?? 0,
      letters: r.letters?.[i], apart: !bits || at < 0 || i === at ? "" : apart(i, at) ? "yes" : "no",
      alike: bits && r.order.filter((_, j) => j !== i && !apart(i, j)).length};
  });
}
const told = x => x.own ? "0 (reference)" : interval(x.d, x.low, x.high);
const kind = w => w.kind === "sae" ? "SAE" : w.kind + (w.saes > 1 ? `, mean of ${w.saes} SAEs` : "");
const probe = w => button(w.name, () => pick("sae", w.name));
const task = x => button(x.name, () => pick("task", x.name));
const scoresOf = g => Object.keys(D.titles).filter(s => s in g.cubes);

// Part 1 and 2: the sentence, and the ranking behind it.
function rankNote(g, r, ref) {
  if (!r.order.length) return "";
  const out = g.who.filter(w => !w.ranked).map(w => w.name), percent = Math.round(D.confidence * 100);
  const score = `Score: ${g.score === "area" ? "" : g.score + " of "}${g.label}, ${layerNames(g)[layerOf(g)]}.`;
  const how = r.half ? [score, `Differences to ${nameOf(g, ref)}; ${percent} % intervals over tasks, paired, which ` +
    `hold for all pairs at once (${g.resamples.toLocaleString("en")} resamples).`,
    r.letters ? "Rows that share a letter can't be told apart." :
      "The column “not told from” counts the rows that one can't be told from."] :
    r.tasks ? [score, "There are no intervals: those of so few tasks miss the truth too often."] :
      ["Means over the tasks that all of these have, without intervals."];
  if (out.length) how.push(`Not ranked, since they have fewer than half of the cells: ${out.join(", ")}.`);
  return how.join(" ");
}
function limits(rows) {  // what the SAEs need, and as much again on both sides
  const own = rows.filter(x => x.kind === "sae"), of = own.length > 1 ? own : rows;
  const ends = of.flatMap(x => [x.d, x.low, x.high]).filter(Number.isFinite);
  const wide = Math.max(...ends) - Math.min(...ends) || 0.01;
  return [Math.min(...ends) - wide, Math.max(...ends) + wide];
}
function drawRanking(g, r, ref) {
  const rows = rankRows(g, r, ref), family = state.family ? `In the family ${D.families[state.family]}: ` : "";
  const sentences = (family + r.said).split(/(?<=\.) (?=[A-Z][a-z]+ )/);
  $("sentence").replaceChildren(...sentences.map(s => el("p", {}, s)));
  $("ranking-note").textContent = rankNote(g, r, ref);
  $("rank-chart").parentElement.hidden = !rows.length;
  const [low, high] = limits(rows), clip = x => Math.max(low, Math.min(high, x));
  const end = (x, d) => clip(Number.isFinite(x) ? x : d);
  if (rows.length) chart("rank-chart", forest(`difference to ${nameOf(g, ref)}`, rows.length),
    {rows: rows.map((x, order) => ({order, name: key(x.name), color: x.color, told: told(x), at: clip(x.d),
      low: end(x.low, x.d), high: end(x.high, x.d),
      shape: x.d < low ? "triangle-left" : x.d > high ? "triangle-right" : x.shape}))},
    `Differences to ${nameOf(g, ref)} with intervals; the table below has the numbers.`);
  const alike = r.letters ? text("Group", x => x.letters) : number("Not told from", x => x.alike, String);
  table("rank-table", `Ranking on ${r.tasks ?? g.counts[state.family][layerOf(g)]} tasks`,
    [text("Probe", probe), text("Kind", kind), number("Score", x => x.score),
     number(`Difference to ${nameOf(g, ref)}`, told, String),
     ...r.half ? [text("Told from it", x => x.apart), alike] : [], number("Cells it lacks", x => x.lacks, String)],
    rows, x => (x.own ? "own" : "") + (x.kind === "sae" ? "" : " other"));
}

// Part 3: lines, a point for each row.
const NOTE = "dashed: baselines and controls. Lines have no intervals, since those of single lines say little of " +
  "their differences: the ranking has those, for each k.";
function point(w, x, y, dot = true) {
  const picked = w.name === state.sae, many = group().who.length > 40;
  return {name: key(w.name), kind: w.kind, color: w.color, shape: w.shape, opacity: !state.sae || picked ? 1 : 0.2,
    x, y, dot: dot && (picked || !many)};
}
function lines(name, x, points, description) {  // one of the charts of curves, hidden where there is nothing to draw
  $(`${name}-chart`).hidden = !points.length;
  if (points.length) chart(`${name}-chart`, curve(x, group().label),
    {rows: points.filter(p => Number.isFinite(p.y))}, `${capital(group().label)} ${description}, a line per probe.`);
}
function drawCurves(g) {
  const l = layerOf(g), f = state.family, of = f ? `, of the family ${D.families[f]}` : "";
  $("curves-note").textContent = `Means over ${g.counts[f][l]} tasks that all ranked probes have${of}; ${NOTE}`;
  $("legend").replaceChildren(...g.who.map(w => {
    const press = () => pick("sae", state.sae === w.name ? "" : w.name);
    const made = button(w.name, press, {"aria-pressed": String(state.sae === w.name)});
    made.prepend(el("i", {"data-color": w.color, class: w.kind}));
    return made;
  }));
  drawByK(g, f, l);
  drawByCondition(g, f, l);
  drawByRegime(g, f, l);
  drawQuiver(g, g.quiver[`${l}|${f}`]);
}
function drawByK(g, f, l) {
  const has = everyone(g).filter(c => Number.isFinite(mean(g, f, l, c)));
  $("k-chart").parentElement.hidden = !g.ks.length;
  lines("k", {axis: {...CHARTS.curve.encoding.x.axis, values: g.ks}}, has.flatMap(c => g.ks.map((k, i) =>
    point(g.who[c], k, mean(g, f, i + 1, c), g.who[c].kind !== "baseline"))), "against the number of latents");
  if (!$("k-table").closest("details").open) return;
  table("k-table", `Mean ${g.label}`, [text("Probe", c => probe(g.who[c])),
    ...layerNames(g).map((name, i) => number(name, c => mean(g, f, i, c)))], has);
}
function drawByCondition(g, f, l) {
  const at = g.conditions, L = g.ks.length + 1, C = g.who.length;
  $("condition-chart").parentElement.hidden = !at;
  if (!at) return;
  const value = (i, c) => unpack(at, "means", 1e4)[((i * D.families.length + f) * L + l) * C + c];
  $("condition-title").textContent = `Along the regime ${plain(g.names.setting)}`;
  $("condition-note").textContent = `${layerNames(g)[l]}; a point over the tasks that all ranked probes have there.`;
  const scale = at.log ? {type: "log", base: 2, nice: false} : {zero: false};
  lines("condition", {title: at.axis, scale, axis: {grid: false}},
    g.who.flatMap((w, c) => at.values.map((x, i) => point(w, x, value(i, c)))), `against ${at.axis}`);
}
function drawByRegime(g, f, l) {
  const layer = o => l ? o.ks.indexOf(g.ks[l - 1]) + 1 : 0, same = GROUP.filter(n => n !== "setting");
  const some = D.groups.filter(o => same.every(n => o.names[n] === g.names[n]) && (!l || layer(o)));
  $("regime-note").textContent = some.length < 2 ? "These results have one regime here." :
    `${layerNames(g)[l]}; conditions of a regime are averaged. Regimes may differ in their tasks and ks.`;
  const x = {type: "nominal", title: null, scale: {}, sort: {field: "order", op: "min"}, axis: {labelAngle: -25}};
  lines("regime", x, some.length < 2 ? [] : some.flatMap((o, order) => o.who.map((w, c) =>
    ({...point(w, plain(o.names.setting), mean(o, f, layer(o), c)), order, dot: true}))), "in each regime");
}
function drawQuiver(g, q) {
  const {rows, said} = q ?? {rows: [], said: ["Quivers are made for all k, or for all tasks: choose one of these."]};
  const one = saes(g).length === 1 ? g.who[saes(g)[0]] : {color: "#444444", shape: "diamond"};
  $("quiver-chart").hidden = !rows.length;
  $("quiver-said").replaceChildren(...said.map(s => el("li", {}, s)));
  if (!rows.length) $("quiver-said").parentElement.open = true;
  const mark = ([pool, at, low, high], order) => {
    const {color, shape} = g.who.find(x => pool === `with ${x.name}`) ?? one;
    return {order, name: key(pool), at, low: low ?? at, high: high ?? at, told: interval(at, low, high), color, shape};
  };
  if (rows.length) chart("quiver-chart", forest(`gain in ${g.label}`, rows.length), {rows: rows.map(mark)},
    "Gain of pools with SAEs over the baselines alone.");
}

// Part 4: the map, its tasks as a table, one task, one probe.
const SORTS = {name: x => x.t, best: x => -x.top, mean: x => -x.mean, spread: x => -x.spread, lead: x => -x.lead};
function taskRows(g, l, ref) {
  const last = x => Number.isFinite(x) ? x : Infinity, by = x => last(SORTS[state.rows](x));
  return shown(g).map(t => {
    const all = everyone(g).filter(c => Number.isFinite(cell(g, l, c, t))), of = all.map(c => cell(g, l, c, t));
    const top = of.length ? Math.max(...of) : NaN, base = level(g, l, ref, t);
    return {t, name: g.tasks[t], base, top, mean: of.reduce((s, x) => s + x, 0) / of.length, lead: top - base,
      spread: top - Math.min(...of), best: g.who[all[of.indexOf(top)]]?.name ?? "none"};
  }).sort((a, b) => by(a) - by(b) || a.t - b.t);
}
function columnOrder(g, r) {
  if (state.columns === "name") return everyone(g).sort((a, b) => byName(g.who[a].name, g.who[b].name));
  return [...r.order, ...everyone(g).filter(c => !r.order.includes(c))];
}
function drawMap(g, r, ref) {
  const l = layerOf(g), diff = state.map === "difference", rows = taskRows(g, l, ref), columns = columnOrder(g, r);
  const values = Float64Array.from(rows.flatMap(x => columns.map(c => cell(g, l, c, x.t) - (diff ? x.base : 0))));
  const sizes = values.filter(Number.isFinite).map(Math.abs).sort();
  const lowest = values.reduce((a, x) => x < a ? x : a, 1), least = Math.max(lowest, g.chance - 0.5);  // R² has no end
  const reach = Math.max(sizes[Math.floor(sizes.length * 0.98)] ?? 0, 0.001);
  const [low, middle, high] = diff ? [-reach, 0, reach] : [least, (least + 1) / 2, 1];
  const colors = diff ? ["#B2182B", "#F7F7F7", "#2166AC"] : ["#440154", "#21918c", "#fde725"];
  $("map-note").textContent = `A row for each of ${rows.length} tasks, a column for each probe; ${layerNames(g)[l]}. ` +
    `${capital(g.label)}${diff ? ` less that of ${nameOf(g, ref)}` : ""}. Empty: missing. ` +
    "Press a cell or a name; the lists above do the same.";
  const ramp = el("i", {style: `background: linear-gradient(to right, ${colors})`}), said = diff ? signed : f4;
  $("map-scale").replaceChildren(said(low) + (!diff && lowest < low ? " or less" : ""), ramp, said(high));
  const step = Math.round(Math.max(11, Math.min(22, 330 / rows.length)));
  chart("map-chart", structuredClone(CHARTS.heat), {grid: [{width: columns.length, height: rows.length, values}]},
    "Map of tasks and probes; the table below and the lists above have the same.",
    {rows: rows.map(x => key(x.name)), columns: columns.map(c => key(g.who[c].name)), low, middle, high, colors,
     labels: labelWidth(), width: Math.max(260, $("map-chart").clientWidth - 16), height: step * rows.length}, listen);
  table("task-table", `Tasks, ${layerNames(g)[l]}`, [text("Task", task), text("Family", x => D.families[g.family[x.t]]),
    text("Best probe", x => x.best), number(`Its ${g.metric}`, x => x.top), number("Mean of probes", x => x.mean),
    number(nameOf(g, ref), x => x.base), number("Best less that", x => x.lead, signed)], rows);
}
function listen(view) {
  const on = (name, use) => view.addSignalListener(name, (_, value) => value && use(value));
  on("picked", x => { if (x.column) state.sae = unkey(x.column); if (x.row) pick("task", unkey(x.row)); });
  on("pickedTask", x => pick("task", unkey(x)));
  on("pickedColumn", x => pick("sae", unkey(x)));
  view.addSignalListener("tip", (_, x) => {
    $("tip").hidden = !x;
    if (x) $("tip").textContent = `${x.row} · ${x.column}: ${state.map === "score" ? f4(x.value) : signed(x.value)}`;
  });
}
function pick(what, name) {
  state[what] = name;
  update(...what === "task" ? ["tasks"] : []);
  drawPart("tasks");
  if (name && document.activeElement?.id !== `pick-${what}`) $(what).scrollIntoView({block: "nearest"});
}
function card(what, ...inside) {
  const close = button("Close", () => { pick(what, ""); $(`pick-${what}`).focus(); });
  $(what).replaceChildren(el("div", {class: "card"}, el("header", {}, el("h3", {}, state[what]), close), ...inside));
}
const region = (id, name) =>
  el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": name}, el("table", {id}));
function latents(g, c, t) {  // the heaviest of a probe, with their weights
  const L = g.latents, index = once(L, "index", () => new Int32Array(bytes(L.index).buffer));
  const weight = once(L, "weight", () => new Float32Array(bytes(L.weight).buffer));
  const from = (c * g.tasks.length + t) * L.n;
  const places = [...Array(L.n).keys()].map(i => from + i).filter(i => index[i] >= 0);
  return places.map(i => `${index[i]} (${weight[i].toPrecision(3)})`).join(", ");
}
function drawTask(g, ref) {
  for (const prompts of document.querySelectorAll("[data-task]")) prompts.hidden = prompts.dataset.task !== state.task;
  const t = g.tasks.indexOf(state.task), l = layerOf(g), L = g.latents;
  if (t < 0) return $("task").replaceChildren();
  const base = level(g, l, ref, t), rows = g.who.map((w, c) => ({...w, c, at: cell(g, l, c, t)}));
  const of = L ? `Latents: the ${L.n} of the largest weights at k = ${L.k} (first seed and condition), with these.` :
    "These results do not name the latents that probes picked.";
  card("task", el("p", {}, `Family: ${D.families[g.family[t]]}; ${layerNames(g)[l]}. ${of}`),
    region("one-task", `Probes on ${state.task}`));
  const others = scoresOf(g).filter(s => everyone(g).some(c => Number.isFinite(cell(g, l, c, t, s))));
  table("one-task", `${capital(g.label)} on ${state.task}`, [text("Probe", probe), text("Kind", kind),
    number(capital(g.label), x => x.at), number(`Less ${nameOf(g, ref)}`, x => x.at - base, signed),
    ...others.map(s => number(capital(D.titles[s]), x => cell(g, l, x.c, t, s))),
    ...L ? [text("Latents", x => latents(g, x.c, t))] : []],
    rows.sort((a, b) => isNaN(a.at) - isNaN(b.at) || b.at - a.at), x => x.c === ref ? "own" : "");
}
function drawSae(g, ref) {
  const c = g.who.findIndex(w => w.name === state.sae), l = layerOf(g);
  if (c < 0) return $("sae").replaceChildren();
  if (c === ref) return card("sae", el("p", {}, "This is the reference: choose another one to compare it with."));
  const all = shown(g).map(t => ({name: g.tasks[t], at: cell(g, l, c, t), d: cell(g, l, c, t) - level(g, l, ref, t)}))
    .filter(x => Number.isFinite(x.d)).sort((a, b) => b.d - a.d);
  const wins = all.filter(x => x.d > D.margin), losses = all.filter(x => x.d < -D.margin).reverse();
  const ties = all.length - wins.length - losses.length;
  card("sae", el("p", {}, `Against ${nameOf(g, ref)}, ${layerNames(g)[l]}: it wins ${wins.length}, ties ${ties} and ` +
    `loses ${losses.length} of ${all.length} tasks, by more than ${D.margin} in ${g.metric}.`),
    el("div", {class: "columns"}, region("wins", "Where it wins"), region("losses", "Where it loses")));
  const columns = [text("Task", task), number(capital(g.label), x => x.at), number("Difference", x => x.d, signed)];
  table("wins", "Where it wins most", columns, wins.slice(0, 15));
  table("losses", "Where it loses most", columns, losses.slice(0, 15));
}

// The downloads.
const finite = x => Number.isFinite(x) ? Number(x.toPrecision(7)) : "";
function saveTable() {
  const others = Object.keys(D.titles).filter(s => D.groups.some(g => s in g.cubes));
  const rows = [[...GROUP, "dataset", "family", "probe", "kind", "k", "test_score", ...others]];
  for (const g of D.groups) for (const c of everyone(g)) g.tasks.forEach((task, t) => {
    const w = g.who[c], dense = w.kind === "baseline";
    for (const [i, k] of (dense ? [""] : g.ks).entries()) {
      const at = s => g.cubes[s] ? cell(g, dense ? 0 : i + 1, c, t, s) : NaN, where = GROUP.map(n => g.names[n]);
      const found = ["test_score", ...others].map(s => finite(at(s)));
      if (found[0] !== "") rows.push([...where, task, D.families[g.family[t]], w.name, w.kind, k, ...found]);
    }
  });
  save("results.csv", rows);
}
function saveRanking() {
  const g = group(), r = ranking(g), ref = reference(g, r);
  const rows = rankRows(g, r, ref).map(x => [x.name, x.kind, x.score, x.d, finite(x.low), finite(x.high)]);
  const head = ["probe", "kind", `score: ${g.score} of ${g.label}`, `difference to ${nameOf(g, ref)}`, "low", "high"];
  save("ranking.csv", [head, ...rows]);
}

// Filters, for all parts.
function move(name, value) {  // to the group of that value which shares most with this one
  const g = group(), alike = i => GROUP.filter(n => D.groups[i].names[n] === g.names[n]).length;
  const fit = [...D.groups.keys()].filter(i => (D.groups[i].names[name] ?? "") === value);
  state.g = fit.sort((a, b) => alike(b) - alike(a))[0];
}
function offer(id, value, has) {  // in a list only what the other filters leave
  for (const o of $(id).options) o.hidden = o.disabled = !has(o.value);
  $(id).value = value;
}
function drawFilters(g) {
  const size = f => inFamily(g, +f).length, names = new Set(["", "best", "field", ...g.who.map(w => w.name)]);
  if (!size(state.family)) state.family = 0;
  const tasks = new Set(["", ...shown(g).map(t => g.tasks[t])]);
  for (const n of GROUP) if ($(`filter-${n}`)) $(`filter-${n}`).value = g.names[n] ?? "";
  for (const o of $("filter-family").options) o.text = `${D.families[o.value]} (${size(o.value)})`;
  offer("filter-k", g.ks[layerOf(g) - 1] ?? 0, k => k === "0" || g.ks.includes(+k));
  offer("filter-family", state.family, size);
  offer("filter-ref", names.has(state.ref) ? state.ref : "best", name => names.has(name));
  offer("pick-task", state.task, name => tasks.has(name));
  offer("pick-sae", state.sae, name => names.has(name));
}
addEventListener("change", ({target: {name, value}}) => {
  if (name === "task" || name === "sae") return pick(name, value);
  if (GROUP.includes(name)) move(name, value);
  else state[name] = name === "k" || name === "family" ? Number(value) : value;
  update(...["map", "rows", "columns"].includes(name) ? ["tasks"] : []);
});

// A change draws what is on screen at once, and the rest part by part, with a frame before each.
const PARTS = {ranking: drawRanking, curves: drawCurves,
  tasks: (g, r, ref) => { drawMap(g, r, ref); drawTask(g, ref); drawSae(g, ref); }};
const waiting = new Set(), near = new Set(["ranking"]);
let run = 0;
function drawPart(id) {
  const g = group(), r = ranking(g);
  waiting.delete(id);
  PARTS[id](g, r, reference(g, r));
}
async function update(...parts) {
  const mine = ++run, frame = () => new Promise(done => setTimeout(done, 20));
  drawFilters(group());
  $("main").setAttribute("aria-busy", "true");
  for (const id of parts.length ? parts : Object.keys(PARTS)) waiting.add(id);
  for (const id of [...waiting]) if (near.has(id)) drawPart(id);
  while (waiting.size) {
    await drawn.then(frame);
    if (mine !== run) return;
    if (waiting.size) drawPart([...waiting][0]);
  }
  await drawn;
  if (mine === run) $("main").setAttribute("aria-busy", "false");
}
const sight = new IntersectionObserver(entries => {
  for (const {target, isIntersecting} of entries) near[isIntersecting ? "add" : "delete"](target.id);
});
for (const id of Object.keys(PARTS)) sight.observe($(id));
$("download").addEventListener("click", saveTable);
$("download-ranking").addEventListener("click", saveRanking);
$("k-table").closest("details").addEventListener("toggle", () => drawPart("curves"));
$("map-chart").addEventListener("pointermove", e => {
  $("tip").style.left = `${Math.min(e.clientX + 12, innerWidth - 260)}px`;
  $("tip").style.top = `${e.clientY + 14}px`;
});
addEventListener("resize", () => update());
addEventListener("beforeprint", () => { for (const id of [...waiting]) drawPart(id); });
update();
drawn.then(() => performance.mark("first picture"));
