/** The view *Simulate*: a pool, the replies it will get, a clock, and what came of it. */
import { PAYERS, simulationAddress, simulationAt, TYPES } from "./address.mjs";
import { copyButton, field, h, requirementLink, select, show, withArrows } from "./dom.mjs";
import { exampleNamed, examplesOf, toneOf } from "./examples.mjs";
import { STRATEGIES } from "./pool/pool.mjs";
import { play } from "./simulation.mjs";
import { FIRST, STORIES } from "./stories.mjs";
import { timeline } from "./timeline.mjs";
import { clockTime, duration } from "./times.mjs";

const IDS = "abcdefgh";
const FIRST_429 = ["retry", "rotate"];
const KINDS = { api_key: "API key", oauth: "login" };
const SPANS = [["1 min", 60], ["1 h", 3600], ["1 day", 86400]];
/** What the next refresh can be answered, and what any request can, beside the real examples. */
const TOKENS = { "token-gone": ["token endpoint: grant gone", "dead"], "token-busy": ["token endpoint: 503", "cooling"], "token-ok": ["token endpoint: new token", "refreshed"] };
const PLAIN = { ok: ["200 OK", "available"], silence: ["no reply", "none"] };
const DRAGGED = "text/x-reply";

export class View {
  #past = [];

  constructor(panel, library, moved) {
    Object.assign(this, { data: library, moved, state: null, target: "a", wanted: "" });
    this.setup = h("div", { class: "x-bar-top" });
    this.entries = h("section", { class: "x-entries", "aria-label": "Entries of the pool" });
    this.replies = h("section", { class: "x-replies", "aria-label": "Replies" });
    this.controls = h("div", { class: "x-controls", role: "group", "aria-label": "Send, and move the clock" });
    this.picture = h("div", { class: "x-picture" });
    this.log = h("section", { class: "x-log", "aria-label": "Log", tabindex: 0 });
    this.said = h("p", { role: "status", class: "x-said" });
    panel.append(
      h("nav", { class: "x-stories", "aria-label": "Stories" }, h("span", {}, "Stories"),
        Object.entries(STORIES).map(([name, address]) => h("a", { href: `#${address}` }, name))),
      this.setup,
      h("div", { class: "x-desk" }, this.entries, this.replies, this.controls, this.said, this.picture, this.log));
  }

  /** Show what an address says; an empty one shows what was there, or the first story, unsent. */
  async go(address) {
    const [, query] = address.match(/^simulate\?(.*)$/s) ?? [];
    if (query === undefined && this.state) return;
    if (this.state && address === simulationAddress(this.state)) return;
    this.asked = address;
    const found = simulationAt(query ?? FIRST.slice("simulate?".length));
    const provider = await this.data.with(found.provider ?? "openai");
    await this.load(found.steps);
    if (this.asked !== address) return; // another one was opened meanwhile
    if (found.entries.length === 0) found.entries = [newEntry("a", 0)];
    const strategy = Object.hasOwn(STRATEGIES, found.strategy) ? found.strategy : "fill_first";
    const first = FIRST_429.includes(found.first) ? found.first : FIRST_429[0];
    this.become({ ...found, provider, strategy, first }, { quiet: query === undefined });
  }

  /** The providers of the examples that are played, which need not be the pool's own. */
  load(steps) {
    const names = steps.filter(([name, , example]) => name === "reply" && example?.includes("/"));
    return Promise.all(names.map(([, , example]) => this.data.with(example.split("/")[0])));
  }

  /** Take on a state, keep the one before for undo, and show it all. */
  become(state, { quiet = false, keep = true } = {}) {
    if (this.state && keep) this.#past.push(this.state);
    this.state = state;
    if (!state.entries.some(({ id }) => id === this.target)) this.target = state.entries[0].id;
    this.run = play(this.data.tables, state);
    if (!quiet) this.moved(simulationAddress(state));
    this.show();
  }

  /** One step more: a request, a reply put before an entry, a move of the clock. */
  step(...step) {
    this.become({ ...this.state, steps: [...this.state.steps, step] });
  }

  undo() {
    const { steps } = this.state;
    const before = this.#past.pop() ?? { ...this.state, steps: steps.slice(0, -1) };
    this.become(before, { keep: false });
    this.say("Undone.");
  }

  change(changes) {
    this.become({ ...this.state, ...changes });
  }

  changeEntry(id, changes) {
    // after the focus has moved on: what has it is drawn again
    setTimeout(() => this.change({
      entries: this.state.entries.map((entry) => (entry.id === id ? { ...entry, ...changes } : entry)),
    }));
  }

  say(words) {
    this.said.textContent = words;
  }

  show() {
    this.#showSetup();
    show(this.entries, this.state.entries.map((entry) => this.#card(entry)), this.#adder());
    this.#showReplies();
    this.#showControls();
    show(this.picture, this.#lanes(), h("div", { class: "x-scroll", role: "region", "aria-label": "Timeline", tabindex: 0, "data-key": "timeline" }, timeline(this.run, this.state.entries)));
    const scroll = this.picture.querySelector(".x-scroll");
    scroll.scrollLeft = scroll.scrollWidth;
    this.#showLog();
    this.say(this.#summary());
  }

  #showSetup() {
    const { provider, strategy, first, steps } = this.state;
    const turn = async (name) => {
      await this.data.with(name);
      this.change({ provider: name, steps: [] });
    };
    const providers = Object.entries(this.data.titles).sort(([, one], [, other]) => one.localeCompare(other));
    show(this.setup,
      field("Provider", select({ "data-key": "provider", on: { change: ({ target }) => turn(target.value) } }, providers, provider), { class: "x-field x-wide" }),
      field("Strategy", select({ "data-key": "strategy", on: { change: ({ target }) => this.change({ strategy: target.value }) } }, Object.keys(STRATEGIES).map((name) => [name, name]), strategy)),
      field("First 429", select({ "data-key": "first", on: { change: ({ target }) => this.change({ first: target.value }) } }, FIRST_429.map((name) => [name, name]), first)),
      h("div", { class: "x-buttons" },
        h("button", { type: "button", class: "x-button", "data-key": "undo", "aria-disabled": String(!this.#past.length && !steps.length), on: { click: () => (this.#past.length || steps.length) && this.undo() } }, "Undo"),
        h("button", { type: "button", class: "x-button", "data-key": "clear", on: { click: () => this.change({ steps: [] }) } }, "Start again"),
        copyButton("Copy link", () => location.href, { class: "x-button", "data-key": "link" })));
  }

  #card(entry) {
    const { id, label, payer, priority, owner, type } = entry;
    const { state, until, class: why, model, count } = this.run.columns.at(-1).states[id];
    const script = this.run.scriptOf(id);
    const edit = (name, read = (value) => value) => ({ change: ({ target }) => this.changeEntry(id, { [name]: read(target.value) }) });
    const input = (name, value, more = {}) => h("input", { value, "data-key": `${name}-${id}`, autocomplete: "off", on: edit(name, more.read), ...more, read: null });
    const card = h("article", { class: "x-entry", "data-tone": state, "aria-label": `Entry ${label}` },
      h("header", {},
        h("strong", { class: "x-label" }, label),
        h("span", { class: "x-pill", "data-tone": state }, pillOf(state, until, this.run.now)),
        h("span", { class: "x-quiet" }, [why, model ? `model ${model}` : null, `${count} sent`].filter(Boolean).join(" · "))),
      h("ol", { class: "x-script", "aria-label": `Replies before ${label}` },
        script.map((name, index) => h("li", {}, this.#scripted(id, label, name, index))),
        script.length === 0 ? h("li", { class: "x-quiet" }, "answers 200") : null),
      h("details", { class: "x-edit", open: this.editing === id, on: { toggle: ({ target }) => { if (target.open) this.editing = id; else if (this.editing === id) this.editing = null; } } },
        h("summary", { "data-key": `edit-${id}` }, [KINDS[type], payer, `priority ${priority}`, owner ? `owner ${owner}` : null].filter(Boolean).join(" · ")),
        h("div", { class: "x-row" },
          field("Label", input("label", label, { size: 8, maxlength: 24 })),
          field("Priority", input("priority", priority, { type: "number", min: 0, max: 99, read: (value) => Number.parseInt(value, 10) || 0 })),
          field("Owner", input("owner", owner, { size: 8, maxlength: 24, placeholder: "none" })),
          field("Payer", select({ "data-key": `payer-${id}`, on: edit("payer") }, PAYERS.map((one) => [one, one]), payer)),
          field("Kind", select({ "data-key": `type-${id}`, on: edit("type") }, TYPES.map((one) => [one, KINDS[one]]), type)),
          this.state.entries.length > 1 ? h("button", { type: "button", class: "x-button", "data-key": `remove-${id}`, on: { click: () => this.change({ entries: this.state.entries.filter((one) => one !== entry) }) } }, `Remove ${label}`) : null)),
      state === "available" ? null : h("button", { type: "button", class: "x-button", "data-key": `revive-${id}`, on: { click: () => this.step("revive", id) } }, type === "oauth" ? `Log ${label} in again` : `Reset ${label}`));
    card.addEventListener("dragover", (event) => { event.preventDefault(); card.classList.add("x-over"); });
    card.addEventListener("dragleave", () => card.classList.remove("x-over"));
    card.addEventListener("drop", (event) => {
      event.preventDefault();
      const name = event.dataTransfer.getData(DRAGGED);
      if (name) this.step("reply", id, name);
    });
    return card;
  }

  #scripted(id, label, name, index) {
    const [words, tone] = this.#wordsOf(name);
    return h("button", { type: "button", class: "x-chip", "data-tone": tone, "data-key": `drop-${id}-${index}`, "aria-label": `Take ${words} away from ${label}`, title: "Take it away", on: { click: () => this.step("drop", id, String(index)) } }, words, h("span", { "aria-hidden": "true" }, " ×"));
  }

  #wordsOf(name) {
    if (Object.hasOwn(PLAIN, name)) return PLAIN[name];
    if (Object.hasOwn(TOKENS, name)) return TOKENS[name];
    const { rule } = exampleNamed(this.data.tables.providers, name);
    const row = this.data.tables.rows.find((one) => one.class === rule.class);
    return [`${rule.example.status} ${rule.id}`, toneOf(row)];
  }

  #adder() {
    const { entries } = this.state;
    const id = [...IDS].find((one) => !entries.some((entry) => entry.id === one));
    if (!id) return null;
    return h("button", { type: "button", class: "x-button x-add", "data-key": "add", on: { click: () => this.change({ entries: [...entries, newEntry(id, entries.length)] }) } }, "+ Add an entry");
  }

  #showReplies() {
    const { entries, provider } = this.state;
    const { tables } = this.data;
    const target = entries.find(({ id }) => id === this.target);
    const own = provider === "generic" ? "generic" : provider;
    const groups = [["Usual", ["ok", "generic/rate-limit", "silence"]]];
    if (target.type === "oauth") groups.push(["The next refresh", Object.keys(TOKENS)]);
    const byClass = new Map();
    for (const { name, owner, rule } of examplesOf(tables.providers, provider)) {
      const group = `${rule.class}${owner === own ? "" : ", any provider"}`;
      byClass.set(group, [...(byClass.get(group) ?? []), name]);
    }
    const list = h("div", { class: "x-palette", role: "toolbar", "aria-label": "Replies to put, by arrow keys", on: { keydown: (event) => this.#reached(withArrows(event, [...list.querySelectorAll(".x-chip")]), list) } });
    const fill = () => show(list, [...groups, ...byClass].map(([title, names]) => {
      const fitting = names.filter((name) => `${title} ${name} ${this.#wordsOf(name)[0]}`.toLowerCase().includes(this.wanted.toLowerCase()));
      return fitting.length === 0 ? null : h("div", { role: "group", "aria-label": title }, h("p", {}, title), fitting.map((name) => this.#reply(name)));
    }));
    fill();
    this.#reached(null, list);
    show(this.replies,
      h("div", { class: "x-row" },
        field("Put replies before", select({ "data-key": "target", on: { change: ({ target: { value } }) => { this.target = value; this.#showReplies(); } } }, entries.map(({ id, label }) => [id, label]), this.target)),
        field("Find", h("input", { type: "search", value: this.wanted, "data-key": "find", placeholder: "429, credit, …", on: { input: ({ target: { value } }) => { this.wanted = value; fill(); this.#reached(null, list); } } }))),
      list);
  }

  /** One reply is on the way of Tab: the one that was reached last, or the first. */
  #reached(reply, list) {
    const all = [...list.querySelectorAll(".x-chip")];
    if (reply) this.reply = reply.dataset.key;
    const there = all.find((one) => one.dataset.key === this.reply) ?? all[0];
    for (const one of all) one.tabIndex = one === there ? 0 : -1;
  }

  #reply(name) {
    const [words, tone] = this.#wordsOf(name);
    return h("button", { type: "button", class: "x-chip", draggable: "true", "data-tone": tone, "data-key": `reply-${name}`, title: name,
      on: {
        click: () => {
          this.reply = `reply-${name}`;
          this.step("reply", this.target, name);
        },
        dragstart: (event) => event.dataTransfer.setData(DRAGGED, name),
      } }, words);
  }

  #showControls() {
    const { now, columns } = this.run;
    const { next } = columns.at(-1);
    const send = (model) => this.step(...(model === "large" ? ["send"] : ["send", model]));
    show(this.controls,
      h("button", { type: "button", class: "x-button x-primary", "data-key": "send", on: { click: () => send(this.model ?? "large") } }, "Send a request"),
      h("span", { class: "x-now" }, h("span", { class: "x-quiet" }, "now "), h("time", {}, clockTime(now))),
      h("button", { type: "button", class: "x-button", "data-key": "return", "aria-disabled": String(next === null), on: { click: () => next !== null && this.step("wait", next - now) } },
        next === null ? "Nobody is cooling" : `Next return: +${duration(next - now)}`),
      SPANS.map(([words, seconds]) => h("button", { type: "button", class: "x-button", "data-key": `wait-${seconds}`, on: { click: () => this.step("wait", seconds) } }, `+${words}`)),
      select({ "aria-label": "Model of the request", "data-key": "model", on: { change: ({ target }) => { this.model = target.value; } } }, [["large", "model large"], ["small", "model small"]], this.model ?? "large"));
  }

  #lanes() {
    return h("ul", { class: "x-lanes", "aria-hidden": "true" }, this.state.entries.map(({ label }) => h("li", {}, label)));
  }

  #showLog() {
    const { lines, calls } = this.run;
    const { tables } = this.data;
    const groups = [];
    for (const line of lines) {
      if (groups.at(-1)?.call !== line.call) groups.push({ call: line.call, lines: [] });
      groups.at(-1).lines.push(line);
    }
    show(this.log, h("h2", {}, "What happened, and why"),
      lines.length === 0 ? h("p", { class: "x-quiet" }, "Nothing yet. Put replies before an entry, and send a request.") : null,
      groups.map(({ call, lines: all }) => h("div", { class: "x-group" },
        call === null ? null : h("h3", {}, `Call ${call}`, h("span", { class: "x-quiet" }, ` ${clockTime(calls[call - 1].at)}, model ${calls[call - 1].model}: ${calls[call - 1].outcome}`)),
        h("ol", {}, all.map((line) => h("li", { "data-tone": line.tone },
          this.#labelled(line.text),
          line.rule ? h("code", {}, line.rule) : null,
          line.requirement ? requirementLink(tables, line.requirement) : null))))));
    this.log.scrollTop = this.log.scrollHeight;
  }

  /** A line's words, with labels in place of ids. */
  #labelled(text) {
    const labels = Object.fromEntries(this.state.entries.map(({ id, label }) => [id, label]));
    return h("span", {}, text.split(/\{([a-h])\}/).map((part, index) => (index % 2 ? h("b", {}, labels[part]) : part)));
  }

  /** The last call in one sentence, for who cannot see the timeline. */
  #summary() {
    const { calls, columns, now } = this.run;
    const { states, kind, seconds } = columns.at(-1);
    const labels = Object.fromEntries(this.state.entries.map(({ id, label }) => [id, label]));
    const each = Object.entries(states).map(([id, { state, until }]) => `${labels[id]} ${pillOf(state, until, now)}`).join(", ");
    const did = columns.filter(({ call, entry }) => call === calls.length && entry).map(({ entry, status, kind: of }) => `${labels[entry]} ${of === "refresh" ? "refresh" : (status ?? "no reply")}`);
    if (kind === "clock") return `${clockTime(now)}, ${duration(seconds)} later: ${each}.`;
    if (calls.length === 0) return `A pool of ${this.state.entries.length}: ${each}.`;
    return `Call ${calls.length}: ${[...did, calls.at(-1).outcome].join(", ")}. Now ${each}.`;
  }
}

function pillOf(state, until, now) {
  if (state === "cooling") return `out for ${duration(until - now)}`;
  return state;
}

function newEntry(id, priority) {
  return { id, label: `key-${id}`, payer: PAYERS[0], priority, owner: "", type: TYPES[0] };
}
