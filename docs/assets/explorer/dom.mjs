/** Elements in one expression, and new contents that keep the focus where it is. */

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `on` holds listeners, what is null or false is left out. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Make an element of a picture. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, { on = {}, ...attributes }, children) {
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Give an element new children; an element with the same `data-key` keeps the focus. */
export function show(container, ...children) {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  container.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (key) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** A labelled field. */
export function field(label, control, more = {}) {
  return h("label", { class: "x-field", ...more }, h("span", {}, label), control);
}

/** A choice; `options` are `[value, words]`, or `[group, options]` with a list. */
export function select(attributes, options, chosen) {
  const element = h("select", attributes, options.map((one) => optionOf(one)));
  element.value = chosen;
  return element;
}

function optionOf([value, words]) {
  if (Array.isArray(words)) return h("optgroup", { label: value }, words.map((one) => optionOf(one)));
  return h("option", { value }, words);
}

/** A link to a requirement, where the site has its sentence. */
export function requirementLink(tables, id) {
  const [, chapter, text] = tables.requirements[id];
  return h("a", { class: "x-requirement", href: `../spec/${chapter}/#${id}`, title: text.replaceAll("`", "") }, id);
}

/** A button that copies, and says so in its own words for a moment. */
export function copyButton(words, textOf, attributes = {}) {
  const button = h("button", { type: "button", ...attributes }, words);
  button.addEventListener("click", async () => {
    const done = await navigator.clipboard?.writeText(textOf()).then(() => true, () => false);
    button.textContent = done ? "Copied" : "Copy it from the address";
    setTimeout(() => { button.textContent = words; }, 2000);
  });
  return button;
}

/** Move the focus among elements by arrow keys, Home and End, and return where it is now. */
export function withArrows(event, elements) {
  const at = elements.indexOf(document.activeElement);
  const last = elements.length - 1;
  const places = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last };
  if (!Object.hasOwn(places, event.key) || at < 0) return null;
  event.preventDefault();
  const next = elements.at(places[event.key] % elements.length);
  next.focus();
  return next;
}
