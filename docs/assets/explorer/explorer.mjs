/**
 * The Explorer: two views on the JavaScript pool, in two tabs; the address says which one is shown.
 *
 * Everything is served with this page. A provider's rules are loaded when it is chosen.
 */
import { h, withArrows } from "./dom.mjs";

const DATA = new URL("data/", import.meta.url);
const VIEWS = { explain: "Explain", simulate: "Simulate" };

/** What both views share: the tables, with the providers that were loaded so far. */
class Library {
  #loading = new Map();

  constructor(tables) {
    this.titles = tables.providers;
    this.tables = { ...tables, providers: {} };
  }

  /** Load a provider, and the generic rules that follow its own; one that is unknown is generic. */
  async with(name) {
    const known = Object.hasOwn(this.titles, name) ? name : "generic";
    await Promise.all([known, "generic"].map((one) => this.#load(one)));
    return known;
  }

  #load(name) {
    if (!this.#loading.has(name)) {
      this.#loading.set(name, read(name).then((found) => { this.tables.providers[name] = found; }));
    }
    return this.#loading.get(name);
  }
}

async function read(name) {
  const reply = await fetch(new URL(`${name}.json`, DATA));
  if (!reply.ok) throw new Error(`${name}.json: ${reply.status}`);
  return reply.json();
}

async function start(root) {
  const library = new Library(await read("tables"));
  const tabs = Object.fromEntries(Object.keys(VIEWS).map((name) => [name, tab(name)]));
  const panels = Object.fromEntries(Object.keys(VIEWS).map((name) => [name, panel(name)]));
  const list = h("div", { role: "tablist", "aria-label": "What to do", class: "x-tabs" }, Object.values(tabs));
  list.addEventListener("keydown", (event) => withArrows(event, Object.values(tabs))?.click());
  root.replaceChildren(list, ...Object.values(panels));
  const views = {};
  const places = { explain: "explain", simulate: "simulate" };

  /** Keep where a view is, and show it in the address. */
  const moved = (name, address) => {
    places[name] = address;
    history.replaceState(null, "", `#${address}`);
  };

  async function show(address) {
    const name = address.startsWith("simulate") ? "simulate" : "explain";
    for (const [one, element] of Object.entries(tabs)) {
      element.setAttribute("aria-selected", String(one === name));
      element.tabIndex = one === name ? 0 : -1;
      panels[one].hidden = one !== name;
    }
    views[name] ??= await loaded(name, panels[name], library, moved);
    await views[name].go(address);
    root.dataset.ready = name;
  }

  for (const [name, element] of Object.entries(tabs)) {
    element.addEventListener("click", () => {
      moved(name, places[name]);
      show(places[name]);
    });
  }
  addEventListener("hashchange", () => show(location.hash.slice(1)));
  await show(location.hash.slice(1));
}

/** A view's modules come when it is opened. */
async function loaded(name, panel, library, moved) {
  const { View } = await (name === "simulate" ? import("./simulate-view.mjs") : import("./explain-view.mjs"));
  return new View(panel, library, (address) => moved(name, address));
}

function tab(name) {
  const about = { id: `x-tab-${name}`, "aria-controls": `x-panel-${name}`, "aria-selected": "false" };
  return h("button", { type: "button", role: "tab", ...about }, VIEWS[name]);
}

function panel(name) {
  return h("div", { role: "tabpanel", id: `x-panel-${name}`, "aria-labelledby": `x-tab-${name}`, hidden: true });
}

const root = document.querySelector(".explorer");
start(root).catch((error) => {
  root.replaceChildren(h("p", { role: "alert" }, `The Explorer could not be loaded (${error.message}). Load the page again.`));
});
