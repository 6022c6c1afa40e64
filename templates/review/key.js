// The review of a key: the list, one question with its decision, signing and regrading.

import {ask, kept, say, start, writing} from "./page.js";
import {figuresCame, startFigures, toggle, view} from "./figures.js";

const list = document.getElementById("list"), main = document.getElementById("main");
let version = list.querySelector(".state").dataset.version, shown = "", asked = 0;

const links = () => [...list.querySelectorAll("[data-question]")];

function takeList(made) {
  version = made.version;
  list.innerHTML = made.html;
  mark();
}

function mark() {
  for (const link of links()) {
    if (link.dataset.question === shown) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  list.querySelector("[aria-current]")?.scrollIntoView({block: "nearest"});
}

async function open(name) {
  shown = name;
  mark();
  const made = await ask(name === "finish" ? "finish" : `question/${encodeURIComponent(name)}`);
  if (shown !== name) return;
  if (made.error) { main.textContent = made.error; return; }
  main.innerHTML = made.html;
  window.scrollTo(0, 0);
  main.focus({preventScroll: true});
  if (made.version !== version) { takeList(await ask("list")); }
  for (const place of main.querySelectorAll("#by")) place.value = kept("by");
  if (name === "finish") finish();
  else { decision(); figures(name); }
}

async function figures(name) {
  const made = await ask(`figures/${encodeURIComponent(name)}`);
  const place = document.getElementById("figures");
  if (shown !== name || !place) return;
  if (made.error) { place.textContent = made.error; return; }
  place.innerHTML = made.html;
  figuresCame(place);
}

const form = () => document.getElementById("decide");
const chosen = () => form().querySelector("[name=choice]:checked")?.value;

function wanted(choice = chosen()) {
  const item = main.querySelector(".item");
  const set = form().querySelector(`.answers[data-for="${choice}"]`);
  let answer = null;
  if (set) {
    const menus = [...set.querySelectorAll("select")];
    answer = menus.length
      ? Object.fromEntries(menus.map((menu) => [menu.dataset.blank, menu.value]))
      : [...set.querySelectorAll("input:checked")].map((input) => input.value);
  }
  return {version, question: item.dataset.question, choice, answer, why: form().why.value, by: form().by.value};
}

function decision() {
  form().addEventListener("change", changed);
  form().addEventListener("submit", (event) => { event.preventDefault(); decide(wanted()); });
  document.getElementById("undo")?.addEventListener("click", () => decide(wanted("undecided")));
  for (const place of form().querySelectorAll("textarea, #by")) place.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.id === "by")) { event.preventDefault(); form().requestSubmit(); }
    if (event.key === "Escape") event.target.blur();
  });
  changed();
}

async function changed() {
  const choice = chosen();
  for (const set of form().querySelectorAll(".answers")) set.hidden = set.dataset.for !== choice;
  const place = document.getElementById("effect");
  if (!choice || !place) return;
  const mine = ++asked, name = shown;
  const made = await ask("preview", wanted());
  if (mine !== asked || shown !== name) return;
  if (made.error) place.textContent = made.error;
  else place.innerHTML = made.html;
  place.dataset.choice = choice;
}

async function decide(body) {
  fault("");
  kept("by", body.by);
  const name = shown, made = await ask("decide", body);
  if (made.changed) takeList(await ask("list"));
  if (made.error) {
    if (made.changed) { await open(name); refill(body); }
    fault(made.error);
    return;
  }
  takeList(made);
  say(`${body.question} ✓`);
  const next = body.choice === "undecided" ? name : undecided(name) ?? name;
  history.replaceState(null, "", `#${next}`);
  await open(next);
}

// What was chosen and written is not lost when the key was changed meanwhile.
function refill(body) {
  if (!form()) return;
  const choice = form().querySelector(`[name=choice][value="${body.choice}"]:enabled`);
  if (choice) choice.checked = true;
  form().why.value = body.why;
  form().by.value = body.by;
  changed();
}

function fault(text) {
  const place = document.getElementById("fault");
  if (place) place.textContent = text;
}

function undecided(after) {
  const all = links(), from = all.findIndex((link) => link.dataset.question === after);
  const turned = [...all.slice(from + 1), ...all.slice(0, from + 1)];
  return turned.find((link) => "open" in link.dataset)?.dataset.question ?? (all.length ? "finish" : undefined);
}

function finish() {
  const send = (id, path, more) => document.getElementById(id)?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const data = Object.fromEntries(new FormData(event.target));
    kept("by", data.by);
    const button = event.target.querySelector("button");
    button.disabled = true;
    const made = await ask(path, {version, ...data, ...more});
    button.disabled = false;
    takeList(await ask("list"));
    if (!made.error) { say("✓"); await open("finish"); return; }
    if (made.changed) await open("finish");
    fault(made.error);
  });
  send("sign", "sign", {});
  send("regrade", "regrade", {confirmed: true});
}

function go(name) {
  if (name) location.hash = name;
}

function step(by) {
  const all = links(), from = all.findIndex((link) => link.dataset.question === shown);
  go(all[Math.max(0, Math.min(all.length - 1, from + by))]?.dataset.question);
}

function pick(letter) {
  const set = form()?.querySelector(".answers:not([hidden])");
  set?.querySelector(`input[value="${letter}"]`)?.click();
}

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey || writing(event)) return;
  const key = event.key;
  if (key === "j") step(1);
  else if (key === "k") step(-1);
  else if (key === "n") go(undecided(shown));
  else if (key === "x") go("finish");
  else if (key >= "1" && key <= "5") form()?.querySelectorAll("[name=choice]")[key - 1]?.click();
  else if (key >= "a" && key <= "h") pick(key);
  else if (key === "w") (main.querySelector("#why") ?? main.querySelector("#by"))?.focus();
  else if (key === "u") document.getElementById("undo")?.click();
  else if (key === "o") toggle("no-outlines");
  else if (key === "l") toggle("no-labels");
  else if (key === "v") view();
  else if (key === "i") {
    const folds = [...main.querySelectorAll(".fold")], opened = folds.every((one) => one.open);
    for (const one of folds) one.open = !opened;
  } else if (key === "Enter" && !event.target.closest("a, button, summary")) (form() ?? main.querySelector("form"))?.requestSubmit();
  else return;
  event.preventDefault();
});

window.addEventListener("hashchange", () => {
  const name = decodeURIComponent(location.hash.slice(1));
  if (name && name !== shown) open(name);
});
document.getElementById("to-finish").addEventListener("click", () => go("finish"));

start();
startFigures();
const first = decodeURIComponent(location.hash.slice(1)) || undecided("") || links()[0]?.dataset.question;
history.replaceState(null, "", `#${first}`);
open(first);
