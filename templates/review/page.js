// Shared by the local pages: requests with JSON, the language, the list of keys.

export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    return {error: "The server has ended. Start the command again; nothing that was decided is lost. · 伺服器已結束，請重新執行指令；已做的決定都保留著。"};
  }
  const kind = answer.headers.get("Content-Type") ?? "";
  return kind.startsWith("application/json") ? answer.json() : {error: await answer.text()};
}

let timer;
export function say(text) {
  const place = document.getElementById("said");
  place.textContent = text;
  clearTimeout(timer);
  timer = setTimeout(() => { place.textContent = ""; }, 4000);
}

export function kept(name, value) {
  if (value === undefined) return sessionStorage.getItem(name) ?? "";
  sessionStorage.setItem(name, value);
  return value;
}

export function language() {
  return document.getElementById("zh").checked ? "zh" : "en";
}

function choose(name) {
  document.getElementById(name).checked = true;
  document.documentElement.lang = name === "zh" ? "zh-Hant" : "en";
  kept("language", name);
}

export function writing(event) {
  return event.target.matches("textarea, input:not([type=radio], [type=checkbox], [type=range]), select");
}

export function start() {
  choose(kept("language") || (navigator.language.startsWith("zh") ? "zh" : "en"));
  for (const name of ["en", "zh"]) document.getElementById(name).addEventListener("change", () => choose(name));
  document.addEventListener("keydown", (event) => {
    if (writing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "t") choose(language() === "en" ? "zh" : "en");
    if (event.key === "?") document.getElementById("help").showModal();
  });
  document.getElementById("to-help")?.addEventListener("click", () => document.getElementById("help").showModal());
}
