// Names each cell after its column, for the cards that a table is on a phone.
document$.subscribe(() => {
  for (const table of document.querySelectorAll(".md-typeset table:not([class])")) {
    const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr")) {
      [...row.cells].forEach((cell, place) => {
        if (names[place]) cell.dataset.column = names[place];
        if (names[place] === "sentence") cell.classList.add("sentence");
      });
    }
  }
});
