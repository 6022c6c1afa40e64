"use strict";
(() => {
  const body = document.querySelector("table.students tbody");
  const rows = Array.from(body.rows);
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const who = new Map(rows.map((row) => [row, plain(
    Array.from(row.querySelectorAll(".person"), (cell) => cell.textContent).join(" "))]));

  // Search: every word must stand somewhere in a student's name, ids or section.
  const find = document.getElementById("find");
  const shown = document.getElementById("shown");
  const search = () => {
    const sought = plain(find.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      row.hidden = !sought.every((word) => who.get(row).includes(word));
      count += row.hidden ? 0 : 1;
    }
    shown.textContent = `${count} / ${rows.length}`;
  };
  find.addEventListener("input", search);
  document.getElementById("search").hidden = false;
  search();

  // Sorting: by the text of a cell, or by the number in its data-value; those without come last.
  const order = new Intl.Collator("zh-Hant-TW", { numeric: true });
  const heads = Array.from(document.querySelectorAll("table.students th"));
  const sort = (head) => {
    const place = heads.indexOf(head);
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => {
      const cell = row.cells[place];
      if ("value" in cell.dataset) return cell.dataset.value;
      return cell.textContent.trim();
    };
    const compare = head.dataset.sort === "number"
      ? (one, other) => Number(one) - Number(other)
      : order.compare;
    const keyed = rows.map((row) => [key(row), row]);
    keyed.sort(([one], [other]) => {
      if (one === "" || other === "") return (one === "") - (other === "");
      return down ? compare(other, one) : compare(one, other);
    });
    body.append(...keyed.map(([, row]) => row));
  };
  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head));
    head.append(button);
  }

  // A bar of the histogram leads into a list that may be closed.
  const reveal = () => {
    const list = document.getElementById(location.hash.slice(1));
    const folded = list && list.closest("details");
    if (!folded) return;
    folded.open = true;
    folded.scrollIntoView();
  };
  window.addEventListener("hashchange", reveal);
  reveal();
})();
