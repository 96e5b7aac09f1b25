// OpenClaw: its auth profiles, driven as its embedded runner drives them.
// The profiles, their order, the reading of errors and the cooldowns are the product's, from its
// folder dist.  The loop around them stands in dist/embedded-agent-*.mjs (failover-retry-controller,
// failover-policy, advanceAuthProfile) inside the runner; it is followed here without model fallback.
// Each call is a session of its own, so no profile is pinned.  The caller sends.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { seconds, serve } from "./shell.mjs";

const home = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-"));
Object.assign(process.env, { HOME: home, OPENCLAW_STATE_DIR: home });
const dist = path.resolve(process.env.OPENCLAW_PACKAGE, "dist");
const { version } = JSON.parse(fs.readFileSync(path.join(dist, "..", "package.json")));

/** Import the file of dist with this beginning and these words, its exports by their own names. */
async function part(beginning, words) {
  const named = fs.readdirSync(dist).filter((name) => name.startsWith(beginning) && name.endsWith(".mjs"));
  const name = named.find((each) => fs.readFileSync(path.join(dist, each), "utf8").includes(words));
  const found = await import(path.join(dist, name));
  return { ...Object.fromEntries(Object.values(found).map((each) => [each.name, each])), ...found };
}

const profiles = await part("auth-profiles-", "export { buildPortable");
const { resolveFailoverReasonFromError } = await part("failover-error-", "function resolveFailoverReasonFromError");
const { resolveAuthProfileFailureReason } = await part("auth-profile-failure-policy-", "function resolveAuth");
const { hasLongWindowRateLimitEvidence } = await part("retry-evidence-", "function hasLongWindow");

const PROVIDERS = { generic: "gallery", gemini: "google" };
const SAME = "openai anthropic openrouter groq mistral xai zai together fireworks cerebras deepseek moonshot nvidia";
for (const name of SAME.split(" ")) PROVIDERS[name] = name;
const HELLO = { name: "OpenClaw", version, language: "JavaScript", protocol: 1, spec: "1.0-draft" };
Object.assign(HELLO, { features: [], clock: "virtual", sends: "caller", retries_faults: true, tells: ["until"] });
Object.assign(HELLO, { providers: Object.keys(PROVIDERS), strategies: ["fill_first"], credentials: ["api_key"], policy: [] });
const TRANSIENT = ["rate_limit", "overloaded", "server_error", "timeout"];
let pool, provider, agentDir, number = 0;
const named = (entry) => `${provider}:${entry.id}`;
const open = () => profiles.ensureAuthProfileStore(agentDir, { allowKeychainPrompt: false });

async function configure(told) {
  if (told.strategy && told.strategy !== "fill_first")
    return { code: "unknown_strategy", message: `no strategy ${told.strategy}: fill_first` };
  pool = { ...told, entries: told.entries.toSorted((a, b) => a.priority - b.priority) };
  provider = PROVIDERS[told.provider];
  agentDir = path.join(home, "agents", `agent-${++number}`, "agent");
  fs.mkdirSync(agentDir, { recursive: true });
  for (const entry of pool.entries)
    profiles.upsertAuthProfile({ profileId: named(entry), credential: { type: "api_key", provider, key: entry.secret ?? "" }, agentDir });
  const order = pool.entries.map(named);
  if (told.strategy) await profiles.setAuthProfileOrder({ agentDir, provider, order });
}

async function send(entry, request, key) {
  const kept = Object.entries(request.headers).filter(([name]) => !/^(authorization|x-api-key)$/i.test(name));
  const headers = { ...Object.fromEntries(kept), authorization: `Bearer ${key}` };
  const url = (entry.base_url ?? pool.base_url) + request.path;
  const options = { method: request.method, headers, redirect: request.follow_redirects ? "follow" : "manual" };
  const reply = await fetch(url, { ...options, body: JSON.stringify(request.body) });
  return { status: reply.status, headers: Object.fromEntries(reply.headers), body: await reply.text() };
}

/** Tell how long the runner waits: a second, doubled each time, with jitter, or what the reply asks for. */
const pause = (asked, retries) => Math.max(Math.min(30, 2 ** retries * (0.5 + Math.random())), asked);

/** Make of a reply the exception that the provider's SDK makes of it. */
function failure({ status, body }) {
  let error;
  try { ({ error } = JSON.parse(body)); } catch { /* no JSON: the text is the message */ }
  const message = provider === "anthropic" ? body : (error?.message ?? (error ? JSON.stringify(error) : body));
  return Object.assign(new Error(`${status} ${message}`), { status, code: error?.code, type: error?.type });
}

async function attempt(store, profileId, request) {
  const entry = pool.entries.find((each) => named(each) === profileId);
  const { apiKey } = (await profiles.resolveApiKeyForProfile({ store, profileId, agentDir, cfg: {} })) ?? {};
  try {
    const reply = await send(entry, request, apiKey);
    if (reply.status < 300) return { reply };
    return { reply, failed: failure(reply) };
  } catch (failed) {
    return { failed };
  }
}

async function call(call) {
  const store = open(), modelId = call.request.body.model, began = seconds(), about = { store, agentDir, cfg: {} };
  const order = profiles.resolveAuthProfileOrder({ store, provider, cfg: {} }).filter((id) => pool.entries.some((e) => named(e) === id));
  const ready = (id) => !profiles.isProfileInCooldown(store, id, undefined, modelId);
  let last, retries = 0, profileId = order.find(ready);
  if (!profileId) return call.exhausted(states());
  while (profileId) {
    last = await attempt(store, profileId, call.request);
    const { failed } = last;
    if (!failed) await profiles.markAuthProfileSuccess({ ...about, provider, profileId });
    if (!failed) break;
    const reason = resolveFailoverReasonFromError(failed, provider), limited = reason === "rate_limit";
    const head = last.reply?.headers ?? {};
    const asked = Number(head["retry-after-ms"]) / 1000 || Number(head["retry-after"]) || 0;
    const hopeless = asked === Infinity || (limited && hasLongWindowRateLimitEvidence(failed.message));
    if (TRANSIENT.includes(reason) && !hopeless && retries < (limited ? 9 : 8) && (limited || seconds() - began < 90)) {
      await call.wait(pause(asked, retries++));
      continue;
    }
    const mark = resolveAuthProfileFailureReason({ failoverReason: reason, providerStarted: true });
    if (mark) await profiles.markAuthProfileFailure({ ...about, profileId, reason: mark, modelId });
    if (!reason || ["timeout", "format", "tls_certificate"].includes(reason)) break;
    profileId = order.slice(order.indexOf(profileId) + 1).find(ready);
  }
  call.tell(last.reply ? "delivered" : "failed", last.reply ?? { body: last.failed.message });
}

function states() {
  const store = open();
  return pool.entries.map((entry) => {
    const until = (profiles.resolveProfileUnusableUntilForDisplay(store, named(entry)) ?? 0) / 1000;
    return { id: entry.id, status: until > seconds() ? "exhausted" : "ok", until: until > seconds() ? until : null, models: {} };
  });
}

await serve({ hello: HELLO, configure, call, states });
