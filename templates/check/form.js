"use strict";
(() => {
  const form = document.getElementById("ask");
  const questions = Array.from(form.querySelectorAll("[data-question]"));
  let saved = true;

  // A drop-down's, or a question's, ticked ids or typed text, in the order of the page.
  const chosen = (list) => Array.from(list.querySelectorAll("input"))
    .filter((input) => input.type === "text" ? input.value.trim() : input.checked)
    .map((input) => input.value.trim());

  // A text between double quotes as JSON has it is the same text in YAML.
  const quoted = (text) => JSON.stringify(text).replace(/[\u007f-\uffff]/g,
    (sign) => "\\u" + sign.charCodeAt(0).toString(16).padStart(4, "0"));

  const answer = (question) => {
    const lists = Array.from(question.querySelectorAll("[data-blank]"));
    if (question.dataset.kind === "pair") {
      const parts = lists.filter((list) => chosen(list).length)
        .map((list) => `${quoted(list.dataset.blank)}: ${quoted(chosen(list)[0])}`);
      return parts.length ? `{${parts.join(", ")}}` : "";
    }
    const ids = lists.flatMap(chosen).map(quoted);
    if (!ids.length) return "";
    return question.dataset.kind === "several" ? `[${ids.join(", ")}]` : ids[0];
  };

  const whole = () => {
    const lines = [`# ${form.dataset.head}`, "answers:"];
    for (const question of questions) {
      const given = answer(question);
      lines.push(given ? `  ${question.dataset.question}: ${given}` : `  # ${question.dataset.question}`);
    }
    if (!questions.some(answer)) lines[1] = "answers: {}";
    return lines.join("\n") + "\n";
  };

  const show = () => {
    document.getElementById("count").textContent =
      `${questions.filter(answer).length} / ${questions.length}`;
    document.getElementById("text").textContent = whole();
    for (const question of questions) {
      question.querySelector(".clear").hidden = !answer(question);
    }
  };

  form.addEventListener("input", () => { saved = false; show(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const button = event.target.closest(".clear");
    if (!button) return;
    for (const input of button.closest("[data-question]").querySelectorAll("input")) {
      if (input.type === "text") input.value = ""; else input.checked = false;
    }
    saved = false;
    show();
  });
  document.getElementById("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([whole()], { type: "text/yaml" }));
    link.download = "answers.yaml";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
  });
  window.addEventListener("beforeunload", (event) => { if (!saved) event.preventDefault(); });
  show();
})();
