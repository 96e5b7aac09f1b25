// Puts a field above a list that can be narrowed down; without a script the list is whole.
document$.subscribe(() => {
  for (const list of document.querySelectorAll(".filtered")) {
    const rows = [...list.querySelectorAll("tbody tr")];
    const field = document.createElement("input");
    const count = document.createElement("output");
    field.type = "search";
    field.placeholder = list.dataset.says;
    field.setAttribute("aria-label", list.dataset.says);
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/);
      for (const row of rows) {
        const told = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => told.includes(word));
      }
      count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
    });
    list.prepend(field, count);
  }
});
