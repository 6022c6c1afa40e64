// Drawing regions: pictures at the left, the picture with its shapes, its regions at the right.

import {ask, language, say, start, writing} from "./page.js";
import {Sheet, isDerived, linesOf, nearestCorner} from "./sheet.js";

const COLOURS = ["#00c8ff", "#ff4fd8", "#ffd21f", "#ff9a1f", "#8dff4f", "#b9a2ff"];
const by = (id) => document.getElementById(id);
const canvas = by("canvas"), fault = by("fault"), width = by("width"), way = by("way"), of = by("of");
const sheet = new Sheet(canvas);
let state, at = 0, current = "", tool = "polygon", points = [], cross = null, others = true;
let past = [], future = [], dragged = null, held = null, spot = null, pointer = null, saving = Promise.resolve();

const picture = () => state.pictures[at];
const drawn = (name) => picture().regions[name];
const names = () => [...new Set([...Object.keys(picture().asked), ...Object.keys(picture().regions), ...(current ? [current] : [])])]
  .sort((one, other) => Boolean(drawn(one)) - Boolean(drawn(other)));
const missing = (one) => Object.keys(one.asked).filter((name) => !one.regions[name]);
const colour = (name) => COLOURS[Math.max(0, names().sort().indexOf(name)) % COLOURS.length];
const called = (name) => state.names[name]?.[language() === "zh" ? "zh-Hant" : "en"] ?? name;
const copy = (value) => JSON.parse(JSON.stringify(value));
const inWords = (english, chinese) => language() === "zh" ? chinese : english;

function draw() {
  const {regions, outlines} = picture();
  sheet.draw({size: state.size, picture: picture(), regions, outlines, current, others, points, cross, colour});
}

function element(kind, properties, ...children) {
  const made = Object.assign(document.createElement(kind), properties);
  made.append(...children);
  return made;
}

function lists() {
  by("pictures").replaceChildren(...state.pictures.map((one) => {
    const lacking = missing(one).length;
    const link = element("a", {href: `#${one.place}`, textContent: `${one.place} · ${one.name}${lacking ? ` (${lacking})` : " ✓"}`});
    if (lacking) link.dataset.open = "";
    if (one === picture()) link.setAttribute("aria-current", "true");
    return element("li", {}, link);
  }));
  by("pictures").scrollLeft = by("pictures").querySelector("[aria-current]").offsetLeft - 40;  // a row on narrow screens
  by("picture-name").textContent = `${picture().place} · ${picture().name}`;
  by("export").href = `labelme/${picture().place}`;
  by("region-list").replaceChildren(...names().map((name) => {
    const swatch = element("i", {}), asking = picture().asked[name] ?? [];
    if (drawn(name)) swatch.style.background = colour(name);
    const button = element("button", {type: "button"}, swatch, element("b", {textContent: called(name)}),
      element("span", {className: "soft", textContent: `${drawn(name) ? "✓" : "–"} ${asking.join(" ")}`}));
    button.dataset.name = name;
    button.setAttribute("aria-pressed", String(name === current));
    return element("li", {}, button);
  }));
  by("name-en").value = state.names[current]?.en ?? "";
  by("name-zh").value = state.names[current]?.["zh-Hant"] ?? "";
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
  document.querySelector("[data-do=overlay]").setAttribute("aria-pressed", String(others));
  how();
}

function how() {
  const region = drawn(current), rest = Object.keys(picture().regions).filter((name) => name !== current);
  way.value = ["mask", "border_of", "same_as"].find((one) => region?.[one] !== undefined) ?? "";
  way.disabled = !rest.length && !way.value;
  of.replaceChildren(...rest.map((name) => element("option", {value: name, textContent: called(name)})));
  of.value = region?.[way.value] ?? of.value;
  of.hidden = !["border_of", "same_as"].includes(way.value);
  by("without").replaceChildren(...(region ? rest : []).map((name) => {
    const box = element("input", {type: "checkbox", value: name, checked: (region.minus ?? []).includes(name)});
    return element("label", {}, box, ` ${called(name)}`);
  }));
  by("without").parentElement.hidden = !region || !rest.length;
}

function show() { lists(); draw(); }

function choose(name) {
  current = name;
  points = [];
  held = null;
  const region = drawn(name);
  if (region?.width) width.value = region.width;
  if (region?.lines) tool = "line";
  else if (tool === "hole" || region) tool = "polygon";
  show();
}

function open(place) {
  at = Math.max(0, Math.min(state.pictures.length - 1, place));
  past = [];
  future = [];
  current = "";
  choose(names()[0] ?? "");
}

function keep(change) {
  past.push(copy(picture().regions));
  future = [];
  change();
  store();
}

function store() {
  const one = picture(), regions = copy(one.regions);
  const used = Object.fromEntries(Object.keys(regions).filter((name) => state.names[name]?.en && state.names[name]?.["zh-Hant"]).map((name) => [name, state.names[name]]));
  for (const [name, region] of Object.entries(regions)) if (!isDerived(region)) delete one.outlines[name];  // till the answer
  show();
  saving = saving.then(async () => {
    const answer = await ask("save", {version: state.version, place: one.place, regions, names: used});
    fault.textContent = answer.error ?? "";
    if (answer.error) return asWritten();
    state.version = answer.version;
    one.outlines = answer.outlines;
    if (!dragged) show();
    say(inWords("saved", "已存檔"));
  });
}

// A change that was refused is not left on the page, or it would spoil the next one.
async function asWritten() {
  const written = await ask("state");
  if (written.error) return;
  state = written;
  past = [];
  future = [];
  choose(current);
}

function finish() {
  if (held) return putDown();
  const least = tool === "line" ? 2 : 3, region = drawn(current), line = points;
  points = [];
  if (line.length < least || !current) return draw();
  if (isDerived(region)) {
    say(inWords("This region is a mask or made of another one; x removes it, then it can be drawn.", "這個區域由遮罩或其他區域組成；按 x 刪除後即可重畫。"));
    return draw();
  }
  keep(() => {
    const made = region ?? (picture().regions[current] = {});
    if (tool === "line") {
      delete made.polygons;
      delete made.holes;
      made.lines = [...(made.lines ?? []), line];
      made.width = Number(width.value) || 6;
    } else {
      delete made.lines;
      delete made.width;
      if (tool === "hole" && made.polygons) made.holes = [...(made.holes ?? []), line];
      else made.polygons = [...(made.polygons ?? []), line];
    }
  });
}

function withoutEmpty() {
  const region = drawn(current);
  if (!region.holes?.length) delete region.holes;
  if (!(region.polygons?.length || region.lines?.length)) delete picture().regions[current];
}

function remove() {
  if (!drawn(current)) return;
  keep(() => {
    linesOf(drawn(current)).at(-1)?.[2].splice(0);
    for (const one of ["polygons", "holes", "lines"]) if (drawn(current)[one]) drawn(current)[one] = drawn(current)[one].filter((line) => line.length);
    withoutEmpty();
  });
}

function removeCorner(found) {
  if (!found) return;
  keep(() => {
    const lines = drawn(current)[found.way], line = lines[found.place];
    if (line.length <= (found.way === "lines" ? 2 : 3)) lines.splice(found.place, 1);
    else line.splice(found.corner, 1);
    withoutEmpty();
  });
}

function move(from, to) {
  if (points.length && from === past) { points.pop(); return draw(); }
  if (!from.length) return;
  to.push(copy(picture().regions));
  picture().regions = from.pop();
  store();
}

canvas.addEventListener("pointerdown", (event) => {
  const data = event.target.dataset;
  if (event.button || data.way === undefined) return;
  past.push(copy(picture().regions));
  const line = drawn(current)[data.way][data.place], corner = Number(data.corner);
  if (data.new !== undefined) line.splice(corner, 0, sheet.point(event));
  dragged = {line, corner, moved: false};
});
canvas.addEventListener("pointermove", (event) => {
  pointer = [event.clientX, event.clientY];
  spot = {point: sheet.point(event), reach: sheet.units(9)};
  if (!dragged) return;
  dragged.line[dragged.corner] = spot.point;
  dragged.moved = true;
  draw();
});
canvas.addEventListener("pointerleave", () => { pointer = null; });
window.addEventListener("pointerup", () => {
  if (!dragged) return;
  const {moved} = dragged;
  setTimeout(() => { dragged = null; });
  if (moved) { future = []; store(); } else { picture().regions = past.pop(); draw(); }
});
canvas.addEventListener("click", (event) => {
  if (dragged || !current || event.detail > 1 || !sheet.near(event)) return;
  points.push(sheet.point(event));
  draw();
});
canvas.addEventListener("dblclick", finish);
canvas.addEventListener("contextmenu", (event) => {
  event.preventDefault();
  if (points.length) { points.pop(); draw(); } else removeCorner(nearestCorner(drawn(current), sheet.point(event), sheet.units(9)));
});
canvas.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  zoom(event.deltaY < 0 ? 1.25 : 0.8);
}, {passive: false});

function zoom(factor) { sheet.zoomBy(factor, pointer); draw(); }

const DO = {
  undo: () => move(past, future), redo: () => move(future, past), remove,
  "zoom-in": () => zoom(1.25), "zoom-out": () => zoom(0.8), "as-first": () => zoom(0),
  overlay: () => { others = !others; show(); },
};
const KEYS = {u: "undo", r: "redo", x: "remove", "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", "0": "as-first", o: "overlay"};
const TOOLS = {g: "polygon", h: "hole", l: "line"};
const ARROWS = {ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0]};

function steer([x, y], far) {
  const by = far ? 8 : 1, [wide, high] = state.size, from = cross ?? [wide / 2, high / 2];
  cross = cross ? [Math.max(0, Math.min(wide, from[0] + x * by)), Math.max(0, Math.min(high, from[1] + y * by))] : from;
  spot = {point: cross, reach: 4};
  if (held) held.line[held.corner] = [...cross];
  draw();
}

function takeAlong() {
  if (held) return putDown();
  const found = cross && nearestCorner(drawn(current), cross, 4);
  if (!found) return steer([0, 0]);
  past.push(copy(picture().regions));
  held = found;
  cross = [...found.line[found.corner]];
  say(inWords("Arrows move the corner; m puts it down.", "方向鍵移動角點，m 放下。"));
  draw();
}

function putDown() {
  held = null;
  future = [];
  store();
}

function letGo() {
  if (held) picture().regions = past.pop();
  held = null;
  points = [];
  cross = null;
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
  const key = event.key, onButton = event.target.closest("button, a, input, select");
  if (event.ctrlKey && key !== "z") return;
  if (event.ctrlKey) DO.undo();
  else if (key in ARROWS) steer(ARROWS[key], event.shiftKey);
  else if (key === " " && cross && !onButton) { points.push([...cross]); draw(); }
  else if (key === "Enter" && !onButton) finish();
  else if (key === "Backspace") { points.pop(); draw(); }
  else if (key === "Delete") removeCorner(spot && nearestCorner(drawn(current), spot.point, spot.reach));
  else if (key === "m") takeAlong();
  else if (key === "Escape") return letGo();
  else if (key in KEYS) DO[KEYS[key]]();
  else if (key in TOOLS) { tool = TOOLS[key]; lists(); }
  else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
  else if (key === "n") nextMissing();
  else if (key === "[" || key === "]") location.hash = Math.max(0, Math.min(state.pictures.length - 1, at + (key === "]" ? 1 : -1)));
  else return;
  event.preventDefault();
});

by("region-list").addEventListener("click", (event) => {
  const name = event.target.closest("[data-name]")?.dataset.name;
  if (name) { choose(name); canvas.focus({preventScroll: true}); }
});
document.querySelector(".figure-tools").addEventListener("click", (event) => {
  const {tool: wanted, do: act} = event.target.closest("button")?.dataset ?? {};
  if (wanted) { tool = wanted; lists(); }
  if (act) DO[act]();
});
width.addEventListener("change", () => {
  if (drawn(current)?.width) keep(() => { drawn(current).width = Number(width.value) || 6; });
});
by("made").addEventListener("change", ({target}) => {
  if (target === way || target === of) {
    const minus = drawn(current)?.minus;
    keep(() => {
      delete picture().regions[current];
      if (way.value) picture().regions[current] = {[way.value]: of.value, ...(way.value === "border_of" ? {width: Number(width.value) || 6} : {}), ...(minus ? {minus} : {})};
    });
  } else keep(() => {
    drawn(current).minus = [...by("without").querySelectorAll(":checked")].map((box) => box.value);
    if (!drawn(current).minus.length) delete drawn(current).minus;
  });
});
by("new").addEventListener("submit", (event) => {
  event.preventDefault();
  const place = by("new-name");
  if (place.value) choose(place.value);
  place.value = "";
  canvas.focus({preventScroll: true});
});
for (const [id, tongue] of [["name-en", "en"], ["name-zh", "zh-Hant"]]) {
  by(id).addEventListener("change", (event) => {
    if (!current) return;
    state.names[current] = {...state.names[current], [tongue]: event.target.value};
    if (drawn(current)) store();
  });
}
for (const id of ["names", "made"]) by(id).addEventListener("submit", (event) => event.preventDefault());
by("import").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  if (!file) return;
  const answer = await ask("import", {version: state.version, place: picture().place, text: await file.text()});
  event.target.value = "";
  fault.textContent = answer.error ?? "";
  if (!answer.error) { past.push(copy(picture().regions)); state = answer; show(); }
});
window.addEventListener("hashchange", () => open(Number(location.hash.slice(1)) || 0));
window.addEventListener("resize", draw);
for (const id of ["en", "zh"]) by(id).addEventListener("change", lists);

start();
document.addEventListener("keydown", (event) => { if (event.key === "t" && !writing(event)) lists(); });
state = await ask("state");
if (state.error) fault.textContent = state.error;
else open(Number(location.hash.slice(1)) || Math.max(0, state.pictures.findIndex((one) => missing(one).length)));
