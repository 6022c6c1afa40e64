// Figures: outlines and labels off, full size with zoom, one over another, layers and heads.

import {ask} from "./page.js";

const viewer = document.getElementById("viewer");
const stage = document.getElementById("viewer-stage");
const slide = document.getElementById("viewer-slide");
let shown = [], at = 0, zoom = 1, sliding = false;

export function toggle(name) {
  const off = document.body.classList.toggle(name);
  for (const button of document.querySelectorAll(`[data-toggle=${name}]`)) button.setAttribute("aria-pressed", String(!off));
}

function drawings() {
  return [...document.querySelectorAll("#figures .figures :is(.panel svg, img, svg.plot, .links svg, .words svg, figure > svg, .scroll svg), #figures .figures > figure > svg")]
    .filter((one) => !one.closest("details:not([open])") && !one.classList.contains("swatch"));
}

function size(one) {
  const box = one.viewBox?.baseVal;
  return box?.width ? [box.width, box.height] : [one.naturalWidth || 128, one.naturalHeight || 128];
}

function draw() {
  const one = shown[at], before = shown[at - 1];
  const [wide, high] = size(one);
  const room = Math.min((stage.clientWidth - 16) / wide, (stage.clientHeight - 16) / high);
  const layers = document.createElement("div");
  layers.className = "layers panel";
  layers.style.width = `${wide * room * zoom}px`;
  layers.style.height = `${high * room * zoom}px`;
  layers.append(copy(sliding && before ? before : one));
  if (sliding && before) {
    const over = copy(one);
    over.style.clipPath = `inset(0 0 0 ${slide.value}%)`;
    layers.append(over);
  }
  stage.replaceChildren(layers);
  const caption = one.closest("figure")?.querySelector("figcaption");
  document.getElementById("viewer-name").replaceChildren(...(caption ? [...caption.cloneNode(true).childNodes] : []));
  document.getElementById("viewer-zoom").textContent = `${Math.round(zoom * 100)}%`;
}

function copy(one) {
  const made = one.cloneNode(true);
  made.removeAttribute("width");
  made.removeAttribute("height");
  return made;
}

export function view(one) {
  shown = drawings();
  if (!shown.length) return;
  at = Math.max(0, one ? shown.indexOf(one) : 0);
  zoom = 1;
  sliding = false;
  slide.value = 50;
  viewer.showModal();
  stage.focus();
  draw();
}

function act(name) {
  if (name === "zoom-in") zoom = Math.min(16, zoom * 1.25);
  if (name === "zoom-out") zoom = Math.max(0.25, zoom / 1.25);
  if (name === "as-first") zoom = 1;
  if (name === "next") at = Math.min(shown.length - 1, at + 1);
  if (name === "previous") at = Math.max(0, at - 1);
  if (name === "slide") { sliding = !sliding; if (sliding && at === 0 && shown.length > 1) at = 1; }
  if (name === "close") viewer.close();
  else draw();
}

const KEYS = {"+": "zoom-in", "=": "zoom-in", "-": "zoom-out", "0": "as-first", ArrowRight: "next", ArrowLeft: "previous", s: "slide"};

export function startFigures() {
  viewer.addEventListener("click", (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do;
    if (name) act(name);
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "o") toggle("no-outlines");
    else if (event.key === "l") toggle("no-labels");
    else if (event.target !== slide && event.key in KEYS) { event.preventDefault(); act(KEYS[event.key]); }
    event.stopPropagation();
  });
  slide.addEventListener("input", () => { sliding = true; if (at === 0 && shown.length > 1) at = 1; draw(); });
  stage.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    act(event.deltaY < 0 ? "zoom-in" : "zoom-out");
  }, {passive: false});
}

export function figuresCame(place) {
  for (const one of drawings()) one.addEventListener("click", () => view(one));
  place.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.toggle) toggle(button.dataset.toggle);
    if (button?.dataset.do === "view") view();
  });
  for (const name of ["no-outlines", "no-labels"]) {
    if (document.body.classList.contains(name)) for (const button of place.querySelectorAll(`[data-toggle=${name}]`)) button.setAttribute("aria-pressed", "false");
  }
  if (!place.querySelector(".panel :is(.edge, .line, .wire)")) for (const button of place.querySelectorAll("[data-toggle]")) button.hidden = true;
  for (const figure of place.querySelectorAll("figure.evidence")) layers(figure);
  for (const section of place.querySelectorAll(".heads")) heads(section);
}

// A plot a layer, each in a <details>: one slider opens one of them at a time.
function layers(figure) {
  const parts = [...figure.children].filter((one) => one.localName === "details");
  if (parts.length < 3) return;
  const holder = document.createElement("label");
  holder.className = "across layer-slider";
  const range = document.createElement("input");
  range.type = "range";
  range.min = 1;
  range.max = parts.length;
  const name = document.createElement("output");
  holder.append(range, name);
  const show = () => {
    parts.forEach((part, place) => { part.open = place + 1 === Number(range.value); part.hidden = !part.open; });
    name.replaceChildren(...parts[range.value - 1].querySelector("summary").cloneNode(true).childNodes);
  };
  range.value = parts.findIndex((part) => part.open) + 1 || 1;
  range.addEventListener("input", show);
  parts[0].before(holder);
  show();
}

function heads(section) {
  const ranges = [...section.querySelectorAll("input")];
  let last = 0;
  const show = async () => {
    const mine = ++last;
    for (const range of ranges) range.nextElementSibling.textContent = range.value;
    const [layer, head] = ranges.map((range) => range.value);
    const made = await ask(`attention/${section.dataset.question}/${section.dataset.place}/${layer}/${head}`);
    if (mine !== last) return;
    const place = section.querySelector(".head-drawn");
    if (made.error) place.textContent = made.error;
    else place.innerHTML = made.html;
  };
  for (const range of ranges) range.addEventListener("input", show);
  show();
}
