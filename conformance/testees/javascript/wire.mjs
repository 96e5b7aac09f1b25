/**
 * Real HTTP for one attempt: who is let in by which header, and where a secret may go
 * (spec: security).
 *
 * Redirects are followed by hand, because a client that follows them by itself strips only some
 * headers. Nothing is judged here, and nothing is retried.
 */
import http from "node:http";
import https from "node:https";

const CLIENTS = { "http:": http, "https:": https };
const NO_AGENT = false; // one connection for each request: none goes stale between two of them
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 10;
const MOST = 64 * 1024; // bytes of a failing body
const PATIENCE = 5000; // milliseconds
const OF_THE_CONNECTION = ["host", "connection", "content-length", "transfer-encoding"];

/** Join a path to a base URL, and refuse one that would lead elsewhere. spec: pool.blanks+2 */
export function endpoint(base, path) {
  const url = new URL(base.replace(/\/+$/, "") + path);
  if (url.origin !== new URL(base).origin) {
    // spec: security.own-origin+2
    throw new Error(`the path ${path} leads away from ${new URL(base).origin}; begin it with "/"`);
  }
  return url;
}

/** Take out of a URL's query what a caller has put there to be let in. spec: security.one-secret+3 */
export function withoutCredential(url, { credential_query: names = [] }) {
  const [place, query] = String(url).split(/\?(.*)/s);
  if (names.length === 0 || query === undefined) return url;
  const name = (part) => decodeURIComponent(part.split("=")[0].replaceAll("+", " "));
  const kept = query.split("&").filter((part) => !names.includes(name(part)));
  return new URL(kept.length > 0 ? `${place}?${kept.join("&")}` : place);
}

/** Name every header that carries a credential for some provider. */
export function credentialHeaders(providers) {
  const all = Object.values(providers).flatMap(({ credentials }) => credentials);
  return new Set(["authorization", ...all.map(({ header }) => header)]);
}

/** Say how an entry is let in: the header, its value, and what the registry adds beside it. */
export function credentialOf(providers, provider, entry) {
  const known = (providers[provider] ?? providers.generic).credentials;
  const { header, scheme, extra_headers: extra = {}, account_header: account = null } =
    known.find(({ auth_type: type }) => type === entry.auth_type) ?? known[0];
  return { header, value: scheme ? `${scheme} ${entry.secret}` : entry.secret, extra, account };
}

/** Keep the caller's headers but credentials, and add flags to its lists. */
export function callerHeaders(headers, credentials, extra) {
  const dropped = new Set([...credentials, ...OF_THE_CONNECTION]); // spec: security.one-secret+3
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  const kept = Object.fromEntries(lower.filter(([name]) => !dropped.has(name)));
  for (const [name, flag] of Object.entries(extra)) {
    // spec: security.caller-headers+3
    const flags = (kept[name] ?? "").split(",").map((part) => part.trim()).filter(Boolean);
    if (!flags.includes(flag)) kept[name] = [...flags, flag].join(",");
  }
  return kept;
}

/**
 * Send a request, and follow redirects if that is wished.
 * `onSent` is called for each request that carries the secret.
 * The answer is `foreign` if it, or a step on the way to it, came from another origin.
 */
export async function send({ url, method, headers, body, credential, follow, onSent, signal }) {
  const { origin } = url;
  let hop = { url, method, body, foreign: false };
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    // spec: security.own-origin+2, security.redirect+3
    const secret = hop.foreign ? {} : { [credential.header]: credential.value };
    if (!hop.foreign) onSent();
    const reply = await exchange(hop, { ...headers, ...secret }, signal);
    const target = reply.headers.location;
    const redirects = follow && target && REDIRECTS.has(reply.statusCode);
    if (!redirects) return { ...head(reply), foreign: hop.foreign };
    reply.resume();
    hop = redirected(hop, reply.statusCode, new URL(target, hop.url), origin);
  }
  throw new Error(`more than ${MAX_REDIRECTS} redirects`);
}

/** Post a form, as a token endpoint wants it; no redirect is followed. */
export async function postForm(url, form, signal) {
  const type = "application/x-www-form-urlencoded";
  const headers = { "content-type": type, accept: "application/json" };
  const hop = { url: new URL(url), method: "POST", body: new URLSearchParams(form).toString() };
  const reply = await exchange(hop, headers, signal);
  return { ...head(reply), text: await textOf(reply) };
}

/**
 * Read as much of a failing body as it is judged by: `broken` is why it ends early, `rest` what follows.
 * spec: classify.broken-body+1, classify.bounded-body+1
 */
export async function beginningOf(stream) {
  const chunks = stream[Symbol.asyncIterator]();
  const read = [];
  const state = (more) => ({ read, text: String(Buffer.concat(read)), whole: false, ...more });
  let size = 0;
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE);
  });
  try {
    while (size < MOST) {
      const next = chunks.next();
      const found = await Promise.race([next, late]);
      if (!found) return state({ rest: after(next, chunks) });
      if (found.done) return state({ whole: true });
      read.push(found.value);
      size += found.value.length;
    }
    return state({ rest: chunks });
  } catch (error) {
    return state({ broken: error });
  } finally {
    clearTimeout(timer);
  }
}

/** What follows in an iterator whose next step is under way. */
async function* after(next, chunks) {
  for (let step = await next; !step.done; step = await chunks.next()) yield step.value;
}

/** Read a body to its end. */
async function textOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function redirected(hop, status, url, origin) {
  const asGet = status === 303 || (status < 303 && hop.method === "POST");
  const rest = asGet ? { method: "GET", body: null } : { method: hop.method, body: hop.body };
  return { url, ...rest, foreign: hop.foreign || url.origin !== origin };
}

function exchange({ url, method, body }, headers, signal) {
  return new Promise((resolve, reject) => {
    const length = body === null ? {} : { "content-length": Buffer.byteLength(body) };
    // Node leaves out a second Retry-After otherwise.
    const said = { headers: { ...headers, ...length }, joinDuplicateHeaders: true };
    const options = { method, ...said, signal, agent: NO_AGENT };
    const request = CLIENTS[url.protocol].request(url, options, resolve);
    request.on("error", reject);
    request.end(body ?? undefined);
  });
}

function head(reply) {
  const flat = Object.entries(reply.headers).map(([name, value]) => [name, String(value)]);
  return { status: reply.statusCode, headers: Object.fromEntries(flat), stream: reply };
}
