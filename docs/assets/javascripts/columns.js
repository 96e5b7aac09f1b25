// Names each cell after its column, for the cards that a table is on a phone, and lets the keyboard
// reach what scrolls.
document$.subscribe(() => {
  for (const table of document.querySelectorAll(".md-typeset table:not([class])")) {
    const names = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr")) {
      [...row.cells].forEach((cell, place) => {
        if (names[place]) cell.dataset.column = names[place];
        if (cell.textContent.trim() === "—") cell.classList.add("nothing");
        if (names[place] === "sentence") cell.classList.add("sentence");
      });
    }
  }
  requestAnimationFrame(() => {
    for (const box of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  });
});
