// Draws the page's diagrams with the Mermaid that this site serves itself, in the colours of the
// chosen palette. Mermaid is large, so only a page that holds a diagram loads it.
(() => {
  const library = new URL("mermaid.min.js", document.currentScript.src).href;
  let count = 0;

  const load = () =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = library;
      script.onload = resolve;
      script.onerror = () => reject(new Error(`cannot load ${library}`));
      document.head.append(script);
    });

  async function draw(blocks) {
    const dark = document.body.dataset.mdColorScheme === "slate";
    mermaid.initialize({
      startOnLoad: false,
      suppressErrorRendering: true,
      theme: dark ? "dark" : "neutral",
      fontFamily: getComputedStyle(document.body).fontFamily,
      flowchart: { wrappingWidth: 240, rankSpacing: 32, nodeSpacing: 24 },
    });
    for (const block of blocks) {
      block.source ??= block.textContent;
      try {
        block.innerHTML = (await mermaid.render(`diagram-${count++}`, block.source)).svg;
      } catch (error) {
        console.error(error); // its source stays, and the others are drawn
        continue;
      }
      const drawn = block.querySelector("svg"); // never too small to read: a wide one scrolls
      drawn.style.minWidth = `${Math.round(0.6 * drawn.viewBox.baseVal.width)}px`;
      block.classList.add("diagram--drawn");
    }
  }

  async function start() {
    const blocks = document.querySelectorAll("pre.diagram");
    if (blocks.length === 0) return;
    await load();
    let drawing = draw(blocks);
    new MutationObserver(() => {
      drawing = drawing.then(() => draw(blocks)); // one at a time
    }).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  }

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
