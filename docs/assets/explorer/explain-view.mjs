/** The view *Explain*: a reply on one side, what it means and leads to on the other. */
import { pastedAddress, pastedAt } from "./address.mjs";
import { copyButton, field, h, requirementLink, select, show } from "./dom.mjs";
import { exampleNamed, examplesOf, replyOf, toneOf } from "./examples.mjs";
import { explain } from "./explain.mjs";
import { duration, localTime } from "./times.mjs";

const FIRST = "openai/insufficient-quota";
const KINDS = { api_key: "API key", oauth: "login" };
const RESTS = {
  entry: "this entry alone",
  model: "this entry, for this model",
  owner: "every entry of its owner",
  "owner-model": "every entry of its owner, for this model",
  call: "this call alone",
  none: "nobody",
};
const CONDITIONS = {
  status: "status", code: "code", message: "message contains", quota: "quota", header: "header", auth_type: "entry is",
};
const EVIDENCE = {
  documented: "documented", captured: "captured from a real reply", reported: "reported", inferred: "inferred",
};

export class View {
  constructor(panel, library, moved) {
    Object.assign(this, { data: library, moved, chosen: "", provider: "" });
    const typed = { input: () => this.edited() };
    this.providers = select({ on: { change: () => this.turn(this.providers.value) } }, Object.entries(library.titles).sort(byTitle));
    this.examples = select({ on: { change: () => this.pick(this.examples.value) } }, []);
    this.status = h("input", { inputmode: "numeric", maxlength: 3, size: 4, autocomplete: "off", on: typed });
    this.kinds = select({ on: { change: () => this.edited() } }, []);
    this.headers = h("textarea", { rows: 4, spellcheck: "false", autocomplete: "off", placeholder: "retry-after: 30", on: typed });
    this.body = h("textarea", { rows: 12, spellcheck: "false", autocomplete: "off", placeholder: '{"error": {…}}', on: typed });
    this.result = h("section", { class: "x-result", "aria-label": "What it means" });
    this.verdict = h("div", { role: "status" });
    this.details = h("div");
    this.result.append(this.verdict, this.details);
    panel.append(h("div", { class: "x-explain" }, this.#form(), this.result));
  }

  #form() {
    const link = copyButton("Copy link", () => this.link(), { class: "x-button" });
    return h("form", { class: "x-form", "aria-label": "The reply", on: { submit: (event) => event.preventDefault() } },
      h("div", { class: "x-row" },
        field("Provider", this.providers, { class: "x-field x-wide" }), field("Real example", this.examples, { class: "x-field x-wide" })),
      h("div", { class: "x-row" }, field("Status", this.status), field("Entry is", this.kinds)),
      field("Headers, one on a line", this.headers),
      field("Body", this.body),
      h("p", { class: "x-note" }, link, " A link to a pasted reply holds all of it: take keys and names out first."),
    );
  }

  /** Show what an address says: an example, or a reply that somebody has pasted. */
  async go(address) {
    const [, path, query] = address.match(/^explain(?:\/([^?]*))?(?:\?(.*))?$/) ?? [];
    const pasted = query ? pastedAt(query) : null;
    if (pasted) return this.paste(pasted);
    if (!path && this.chosen !== "") return this.tell();
    const [owner, id, ...rest] = (path || FIRST).split("/").map(decodeURIComponent);
    const name = rest.length > 0 ? `${id}/${rest[0]}` : `${owner}/${id}`;
    await this.turn(owner, name);
  }

  async paste({ provider, type, status, headers, body }) {
    await this.turn(String(provider), null);
    this.kinds.value = Object.hasOwn(KINDS, type) ? type : this.kinds.value;
    this.status.value = String(status ?? "");
    this.headers.value = String(headers ?? "");
    this.body.value = String(body ?? "");
    this.chosen = this.examples.value = "";
    this.tell();
  }

  /** Turn to a provider, and to one of its examples: the named one, or the first. */
  async turn(name, example) {
    this.asked = name;
    const provider = await this.data.with(name);
    if (this.asked !== name) return; // another one was chosen meanwhile
    const { providers } = this.data.tables;
    this.provider = this.providers.value = provider;
    const found = examplesOf(providers, provider);
    show(this.examples, [...select({}, [["", "none: pasted"], ...grouped(found)], "").children]);
    const kinds = [...new Set([...providers[provider].credentials.map(({ auth_type: type }) => type), ...Object.keys(KINDS)])];
    show(this.kinds, kinds.map((type) => h("option", { value: type }, KINDS[type])));
    if (example === null) return;
    this.pick(exampleNamed(providers, example ?? "") ? example : found[0].name);
  }

  /** Fill in an example as it would arrive now. */
  pick(name) {
    this.chosen = this.examples.value = name;
    if (name === "") return;
    const reply = replyOf(exampleNamed(this.data.tables.providers, name), Date.now() / 1000);
    this.kinds.value = reply.auth_type ?? "api_key";
    this.status.value = String(reply.status);
    this.headers.value = Object.entries(reply.headers).map(([key, value]) => `${key}: ${value}`).join("\n");
    this.body.value = reply.text;
    this.moved(name.startsWith(`${this.provider}/`) ? `explain/${name}` : `explain/${this.provider}/${name}`);
    this.tell();
  }

  edited() {
    if (this.chosen !== "") this.moved("explain");
    this.chosen = this.examples.value = "";
    this.tell();
  }

  link() {
    if (this.chosen !== "") return location.href;
    const [status, headers, body] = [this.status, this.headers, this.body].map(({ value }) => value);
    const pasted = { provider: this.provider, type: this.kinds.value, status, headers, body };
    const address = pastedAddress(pasted);
    this.moved(address);
    return location.href;
  }

  tell() {
    const { tables } = this.data;
    const received = { status: Number(this.status.value), headers: headersIn(this.headers.value), text: this.body.value, auth_type: this.kinds.value };
    const now = Date.now() / 1000;
    const valid = /^[1-5]\d\d$/.test(this.status.value);
    const told = valid ? explain(tables, this.provider, received, now) : null;
    if (told === null) {
      show(this.verdict, h("p", { class: "x-empty" }, valid
        ? `A reply of status ${received.status} that tells no failure: the caller gets it as it is, and nobody is out.`
        : "Give the status that was received, from 100 to 599."));
      show(this.details);
      return;
    }
    const row = tables.rows.find(({ class: name }) => name === told.class);
    show(this.verdict, verdictOf(told, row));
    show(this.details, flowOf(told, row), factsOf(tables, told, now), this.#next(told), commandOf(told, received));
  }

  #next({ rule }) {
    const name = this.chosen || rule;
    const entry = (id, label, place) => `entry=${id},${label},metered,${place},,${this.kinds.value}`;
    const address = `simulate?provider=${this.provider}&strategy=fill_first&${entry("a", "first", 0)}&${entry("b", "second", 1)}&do=reply:a:${name},send`;
    return h("p", { class: "x-next" }, h("a", { class: "x-button x-primary", href: `#${address}` }, "Play this reply in a pool"));
  }
}

function byTitle([, one], [, other]) {
  return one.localeCompare(other);
}

/** Examples by their class, the provider's own and the generic ones apart. */
function grouped(found) {
  const groups = new Map();
  for (const { name, owner, rule } of found) {
    const group = `${rule.class}${owner === "generic" ? ", any provider" : ""}`;
    groups.set(group, [...(groups.get(group) ?? []), [name, `${rule.example.status} ${rule.id}`]]);
  }
  return [...groups];
}

function headersIn(text) {
  const lines = text.split(/\r?\n/).map((line) => line.match(/^\s*([^:\s][^:]*?)\s*:\s*(.*?)\s*$/)).filter(Boolean);
  return Object.fromEntries(lines.map(([, name, value]) => [name.toLowerCase(), value]));
}

function verdictOf(told, row) {
  return h("div", { class: "x-verdict", "data-tone": toneOf(row) },
    h("p", { class: "x-class" }, told.class),
    h("p", { class: "x-says" }, sentence(told.meaning)),
    told.read_as === told.status ? null
      : h("p", { class: "x-note" }, `A failure inside a success: read as a reply of status ${told.read_as}.`));
}

/** What happens, step by step: the reply, the next request, and what becomes of the entry. */
function flowOf(told, row) {
  const { action, read_as: status, hint } = told;
  const out = outOf(told);
  const wait = hint > 0 && action === "retry" ? `after ${duration(hint)}` : "at once";
  const steps = {
    retry: [["same entry, once more", wait, "cooling"], [`${status} again: another entry`, "", "available"], out],
    rotate: [["another entry", "at once", "available"], out],
    refresh: [["refresh the login", "one request", "refreshed"], ["same entry, new token", "", "available"], ["if that fails: another entry", "", "none"]],
    "try-next": [["another entry", "for this call only", "available"], ["nobody is out", "", "none"]],
    deliver: [["the caller gets the reply", "", "none"], ["nobody is out", "the key is healthy", "available"]],
  };
  const all = [[`${status}`, "this entry", toneOf(row)], ...steps[action]];
  return h("ol", { class: "x-flow", "aria-label": "What the call does" },
    all.map(([words, more, tone]) => h("li", { "data-tone": tone }, h("strong", {}, words), more ? h("span", {}, more) : null)));
}

function outOf({ cooldown, scope }) {
  if (typeof cooldown === "string") return ["this one is dead", cooldown, "dead"];
  return [`out for ${duration(cooldown)}`, RESTS[scope], "cooling"];
}

function factsOf(tables, told, now) {
  const { cooldown, hint, otherwise, codes, message, requirement } = told;
  const [, , text] = tables.requirements[requirement];
  const facts = [
    ["Rule", [h("code", {}, told.rule), h("span", { class: "x-quiet" }, told.from)]],
    ["Why it matches", h("ul", { class: "x-matched" }, Object.entries(told.matched).map(conditionOf))],
    ["Source", sourceOf(told.source)],
    ["Applies to", RESTS[told.scope]],
    ["Hint", hint === null ? "none was read" : `${duration(hint)}, until ${localTime(now + hint)}`],
    ["Out for", outWords(cooldown, now)],
    ["Next call", nextCall(told, now)],
    ["Requirement", [requirementLink(tables, requirement), h("span", { class: "x-quiet" }, withCode(text))]],
    ["Otherwise", otherwise.length > 0 ? otherwise.map((one) => otherOf(tables, one)) : null],
    ["Codes", codes.length > 0 ? codes.map((code) => h("code", {}, code)) : null],
    ["Message", message],
  ];
  return h("dl", { class: "x-facts" },
    facts.filter(([, value]) => value !== null).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

/** What a later call does about the entry. */
function nextCall({ action, cooldown }, now) {
  if (typeof cooldown === "string") return `leaves this entry out, ${cooldown}`;
  const out = cooldown === null ? null : `leaves it out until ${localTime(now + cooldown)}`;
  return {
    retry: `uses this entry as before if the retry succeeds; else it ${out}`,
    rotate: `${out}, and then uses it again`,
    refresh: `uses this entry with its new token; if the refresh fails, it ${out}`,
    "try-next": "uses this entry as before",
    deliver: "uses this entry as before",
  }[action];
}

/** A sentence of the specification, with its code as code. */
function withCode(text) {
  return text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

function outWords(cooldown, now) {
  if (cooldown === null) return "no time: nobody is out";
  return typeof cooldown === "string" ? cooldown : `${duration(cooldown)}, until ${localTime(now + cooldown)}, once the pool rotates`;
}

function otherOf(tables, { policy, meaning, requirement }) {
  const [name, value] = policy.split(": ");
  return h("span", { class: "x-other" }, h("code", {}, `${name}: ${Number(value) > 0 ? Number(Number(value).toFixed(3)) : value}`), ` ${meaning} `, requirementLink(tables, requirement));
}

/** A condition of the rule: one of several values, but all of several headers. */
function conditionOf([name, wanted]) {
  const [values, word] = name === "header"
    ? [Object.entries(wanted).map(headerWords), " and "]
    : [[wanted].flat().map(String), " or "];
  const shown = values.slice(0, 4).map((value, index) => [index > 0 ? word : "", h("code", {}, value)]);
  const more = values.length > 4 ? `${word}${values.length - 4} more` : "";
  return h("li", {}, h("span", { class: "x-quiet" }, CONDITIONS[name]), " ", shown, more);
}

function headerWords([name, wanted]) {
  if (typeof wanted === "boolean") return `${name} ${wanted ? "is there" : "is absent"}`;
  return `${name}: ${[wanted].flat().join(" or ")}`;
}

function sourceOf(source) {
  const [, words, evidence, day] = source.match(/^(.*) \((\w+), ([\d-]+)\)$/s);
  return [words, h("span", { class: "x-quiet" }, `${EVIDENCE[evidence] ?? evidence}, ${day}`)];
}

function commandOf({ provider }, { status, headers, text, auth_type: type }) {
  const quoted = (value) => `'${value.replaceAll("'", "'\\''")}'`;
  const flags = Object.entries(headers).map(([name, value]) => `  --header ${quoted(`${name}: ${value}`)} \\\n`).join("");
  const kind = type === "oauth" ? " --type oauth" : "";
  const command = `credpool explain --provider ${provider} --status ${status}${kind} \\\n${flags}  <<'END'\n${text}\nEND`;
  return h("details", { class: "x-command" }, h("summary", {}, "The same on the command line"),
    h("pre", { tabindex: 0, "aria-label": "The command" }, h("code", {}, command)));
}

function sentence(words) {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}
