// Drawing regions: pictures at the left, the picture with its shapes, its regions at the right.

import {ask, language, say, start, writing} from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["#00c8ff", "#ff4fd8", "#ffd21f", "#ff9a1f", "#8dff4f", "#b9a2ff"];
const canvas = document.getElementById("canvas"), fault = document.getElementById("fault");
let state, at = 0, current = "", tool = "polygon", points = [], cross = null, zoom = 1, others = true;
let past = [], future = [], dragged = null, saving = Promise.resolve();

const picture = () => state.pictures[at];
const drawn = (name) => picture().regions[name];
const names = () => [...new Set([...Object.keys(picture().asked), ...Object.keys(picture().regions), ...(current ? [current] : [])])]
  .sort((one, other) => Boolean(drawn(one)) - Boolean(drawn(other)));
const missing = (one) => Object.keys(one.asked).filter((name) => !one.regions[name]);
const colour = (name) => COLOURS[Math.max(0, [...names()].sort().indexOf(name)) % COLOURS.length];
const called = (name) => state.names[name]?.[language() === "zh" ? "zh-Hant" : "en"] ?? name;
const isDerived = (region) => region && ["mask", "border_of", "same_as"].some((way) => region[way] !== undefined);

function made(kind, attributes, parent) {
  const one = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  parent?.append(one);
  return one;
}

const path = (line, closed) => `M${line.map((point) => point.join(" ")).join("L")}${closed ? "Z" : ""}`;

function draw() {
  const [wide, high] = state.size;
  const svg = made("svg", {viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": picture().name});
  const room = Math.max(200, Math.min(canvas.clientWidth - 2, Math.max(280, window.innerHeight - 190)));
  svg.style.width = `${room * zoom}px`;
  svg.style.height = `${room * zoom * high / wide}px`;
  made("image", {href: `picture/${picture().place}`, width: wide, height: high, preserveAspectRatio: "none"}, svg);
  for (const name of names()) {
    if (drawn(name) && (name === current || others)) shapes(svg, name, name === current ? "shape" : "other");
  }
  if (points.length) for (const kind of ["open under", "open"]) made("path", {class: kind, d: path(points, false)}, svg);
  const grip = 3.5 * wide / (room * zoom) * 1.4;
  corners(svg, grip);
  if (cross) made("path", {class: "cross", d: `M${cross[0]} 0V${high}M0 ${cross[1]}H${wide}`}, svg);
  const old = [canvas.scrollLeft, canvas.scrollTop];
  canvas.replaceChildren(svg);
  [canvas.scrollLeft, canvas.scrollTop] = old;
}

function shapes(svg, name, kind) {
  const region = drawn(name), paint = colour(name);
  const filled = [...(region.polygons ?? []), ...(region.holes ?? []), ...(isDerived(region) ? picture().outlines[name] ?? [] : [])];
  if (filled.length) made("path", {class: kind, d: filled.map((line) => path(line, true)).join(""), "fill-rule": "evenodd", fill: paint, stroke: paint}, svg);
  for (const line of region.lines ?? []) {
    made("path", {class: "band", d: path(line, false), stroke: paint, "stroke-width": region.width}, svg);
    made("path", {class: kind, d: path(line, false), fill: "none", stroke: paint}, svg);
  }
}

function corners(svg, grip) {
  const region = drawn(current);
  const lines = region ? ["polygons", "holes", "lines"].flatMap((way) => (region[way] ?? []).map((line, place) => ({way, place, line}))) : [];
  for (const {way, place, line} of lines) line.forEach(([x, y], corner) =>
    made("circle", {class: "corner", cx: x, cy: y, r: grip, "data-way": way, "data-place": place, "data-corner": corner}, svg));
  for (const [x, y] of points) made("circle", {class: "corner", cx: x, cy: y, r: grip}, svg);
}

function lists() {
  const pictures = document.getElementById("pictures");
  pictures.replaceChildren(...state.pictures.map((one) => {
    const item = document.createElement("li"), link = document.createElement("a"), lacking = missing(one).length;
    link.href = `#${one.place}`;
    link.textContent = `${one.place} · ${one.name}${lacking ? ` (${lacking})` : " ✓"}`;
    if (lacking) link.dataset.open = "";
    if (one === picture()) link.setAttribute("aria-current", "true");
    item.append(link);
    return item;
  }));
  document.getElementById("picture-name").textContent = `${picture().place} · ${picture().name}`;
  document.getElementById("export").href = `labelme/${picture().place}`;
  const list = document.getElementById("region-list");
  list.replaceChildren(...names().map((name) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.dataset.name = name;
    button.setAttribute("aria-pressed", String(name === current));
    const swatch = document.createElement("i"), text = document.createElement("b"), by = document.createElement("span");
    if (drawn(name)) swatch.style.background = colour(name);
    text.textContent = called(name);
    by.className = "soft";
    const made = drawn(name) && ["mask", "border_of", "same_as"].find((way) => drawn(name)[way] !== undefined);
    by.textContent = `${drawn(name) ? "✓" : "–"} ${made ? `${made}: ${drawn(name)[made]} ` : ""}${(picture().asked[name] ?? []).join(" ")}`;
    button.append(swatch, text, by);
    item.append(button);
    return item;
  }));
  document.getElementById("name-en").value = state.names[current]?.en ?? "";
  document.getElementById("name-zh").value = state.names[current]?.["zh-Hant"] ?? "";
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
}

function show() { lists(); draw(); }

function choose(name) {
  current = name;
  points = [];
  if (drawn(name)?.lines) { tool = "line"; document.getElementById("width").value = drawn(name).width; }
  else if (tool === "line" && drawn(name)) tool = "polygon";
  show();
}

function open(place) {
  at = Math.max(0, Math.min(state.pictures.length - 1, place));
  past = [];
  future = [];
  current = "";
  choose(names()[0] ?? "");
}

const copy = (value) => JSON.parse(JSON.stringify(value));

function keep(change) {
  past.push(copy(picture().regions));
  future = [];
  change();
  store();
}

function store() {
  const one = picture(), regions = copy(one.regions);
  const used = Object.fromEntries(Object.keys(regions).filter((name) => state.names[name]?.en && state.names[name]?.["zh-Hant"]).map((name) => [name, state.names[name]]));
  show();
  saving = saving.then(async () => {
    const answer = await ask("save", {version: state.version, place: one.place, regions, names: used});
    fault.textContent = answer.error ?? "";
    if (!answer.error) { state.version = answer.version; say("✓"); }
  });
}

function finish() {
  const least = tool === "line" ? 2 : 3;
  if (points.length < least) { points = []; return draw(); }
  const region = drawn(current), line = points;
  points = [];
  if (!current) return draw();
  if (isDerived(region)) {
    say(language() === "zh" ? "這個區域由遮罩或其他區域組成；按 x 刪除後即可重畫。" : "This region is a mask or made of another one; x removes it, then it can be drawn.");
    return draw();
  }
  keep(() => {
    const made = region ?? (picture().regions[current] = {});
    if (tool === "line") {
      delete made.polygons;
      delete made.holes;
      made.lines = [...(made.lines ?? []), line];
      made.width = Number(document.getElementById("width").value) || 6;
    } else {
      delete made.lines;
      delete made.width;
      if (tool === "hole" && made.polygons) made.holes = [...(made.holes ?? []), line];
      else made.polygons = [...(made.polygons ?? []), line];
    }
  });
}

function remove() {
  const region = drawn(current);
  if (!region) return;
  keep(() => {
    const way = region.holes?.length ? "holes" : region.lines ? "lines" : "polygons";
    region[way]?.pop();
    if (!(region.polygons?.length || region.lines?.length)) delete picture().regions[current];
  });
}

function move(from, to) {
  if (points.length && from === past) { points.pop(); return draw(); }
  if (!from.length) return;
  to.push(copy(picture().regions));
  picture().regions = from.pop();
  store();
}

function place(event) {
  const svg = canvas.querySelector("svg"), box = svg.getBoundingClientRect(), [wide, high] = state.size;
  const inside = (value, most) => Math.round(Math.max(0, Math.min(most, value)) * 10) / 10;
  return [inside((event.clientX - box.left) / box.width * wide, wide), inside((event.clientY - box.top) / box.height * high, high)];
}

canvas.addEventListener("pointerdown", (event) => {
  const data = event.target.dataset;
  if (event.button || data.way === undefined) return;
  past.push(copy(picture().regions));
  dragged = drawn(current)[data.way][data.place];
  dragged = {line: dragged, corner: Number(data.corner), moved: false};
});
canvas.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  dragged.line[dragged.corner] = place(event);
  dragged.moved = true;
  draw();
});
window.addEventListener("pointerup", () => {
  if (!dragged) return;
  const {moved} = dragged;
  setTimeout(() => { dragged = null; });
  if (moved) { future = []; store(); } else past.pop();
});
canvas.addEventListener("click", (event) => {
  if (dragged || !current || event.detail > 1 || !event.target.closest("svg")) return;
  points.push(place(event));
  draw();
});
canvas.addEventListener("dblclick", finish);

const DO = {
  undo: () => move(past, future), redo: () => move(future, past), remove,
  "zoom-in": () => { zoom = Math.min(8, zoom * 1.25); draw(); },
  "zoom-out": () => { zoom = Math.max(0.5, zoom / 1.25); draw(); },
  "as-first": () => { zoom = 1; draw(); },
  overlay: () => { others = !others; draw(); },
};
const KEYS = {u: "undo", r: "redo", x: "remove", "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", "0": "as-first", o: "overlay"};
const TOOLS = {g: "polygon", h: "hole", l: "line"};
const ARROWS = {ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0]};

function steer([x, y], far) {
  const by = far ? 8 : 1, [wide, high] = state.size, from = cross ?? [wide / 2, high / 2];
  cross = cross ? [Math.max(0, Math.min(wide, from[0] + x * by)), Math.max(0, Math.min(high, from[1] + y * by))] : from;
  draw();
}

function step(by) {
  const all = names();
  choose(all[Math.max(0, Math.min(all.length - 1, all.indexOf(current) + by))] ?? current);
}

function nextMissing() {
  const turned = [...state.pictures.slice(at), ...state.pictures.slice(0, at)];
  const other = missing(picture()).find((name) => name !== current);
  if (other) return choose(other);
  const found = turned.slice(1).find((one) => missing(one).length);
  if (found) location.hash = found.place;
}

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || event.metaKey || event.altKey || writing(event)) return;
  const key = event.key;
  if (event.ctrlKey && key !== "z") return;
  if (event.ctrlKey) DO.undo();
  else if (key in ARROWS) steer(ARROWS[key], event.shiftKey);
  else if (key === " " && cross && !event.target.closest("button, a")) { points.push([...cross]); draw(); }
  else if (key === "Enter" && !event.target.closest("button, a, input")) finish();
  else if (key === "Backspace") { points.pop(); draw(); }
  else if (key === "Escape") { points = []; cross = null; draw(); return; }
  else if (key in KEYS) DO[KEYS[key]]();
  else if (key in TOOLS) { tool = TOOLS[key]; lists(); }
  else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
  else if (key === "n") nextMissing();
  else if (key === "[" || key === "]") location.hash = Math.max(0, Math.min(state.pictures.length - 1, at + (key === "]" ? 1 : -1)));
  else return;
  event.preventDefault();
});

document.getElementById("region-list").addEventListener("click", (event) => {
  const name = event.target.closest("[data-name]")?.dataset.name;
  if (name) { choose(name); canvas.focus({preventScroll: true}); }
});
document.querySelector(".figure-tools").addEventListener("click", (event) => {
  const {tool: wanted, do: act} = event.target.closest("button")?.dataset ?? {};
  if (wanted) { tool = wanted; lists(); }
  if (act) DO[act]();
});
document.getElementById("width").addEventListener("change", (event) => {
  if (drawn(current)?.lines) keep(() => { drawn(current).width = Number(event.target.value) || 6; });
});
document.getElementById("new").addEventListener("submit", (event) => {
  event.preventDefault();
  const place = document.getElementById("new-name");
  if (place.value) choose(place.value);
  place.value = "";
  canvas.focus({preventScroll: true});
});
for (const [id, tongue] of [["name-en", "en"], ["name-zh", "zh-Hant"]]) {
  document.getElementById(id).addEventListener("change", (event) => {
    if (!current) return;
    state.names[current] = {...state.names[current], [tongue]: event.target.value};
    if (drawn(current)) store();
  });
}
document.getElementById("names").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("import").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  if (!file) return;
  const answer = await ask("import", {version: state.version, place: picture().place, text: await file.text()});
  event.target.value = "";
  fault.textContent = answer.error ?? "";
  if (!answer.error) { past.push(copy(picture().regions)); state = answer; show(); }
});
window.addEventListener("hashchange", () => open(Number(location.hash.slice(1)) || 0));
window.addEventListener("resize", draw);
for (const id of ["en", "zh"]) document.getElementById(id).addEventListener("change", lists);

start();
document.addEventListener("keydown", (event) => { if (event.key === "t" && !writing(event)) lists(); });
state = await ask("state");
if (state.error) fault.textContent = state.error;
else open(Number(location.hash.slice(1)) || Math.max(0, state.pictures.findIndex((one) => missing(one).length)));
