/**
 * What can be sent of an entry, and what cannot (spec: pools, "What can be sent").
 *
 * Pure. A reason follows the entry's name and never holds the value.
 */

const QUOTES = /^["'`]|["'`]$/;
const VARIABLE = /^(?=[A-Z0-9_]*(?:KEY|TOKEN|SECRET))[A-Z_][A-Z0-9_]*=(?!=*$)/;
const SCHEME = /^bearer$/i;
const LONGEST = 16384;
const VISIBLE = /^[!-~]+$/;
const BLANK_OR_CONTROL = /[\s\p{Cc}\p{Cf}\p{Cs}]/u;
const HOST = /^(?:[^:@/\\]*@)?(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]+)?$/i;

/** Take off the blanks and line ends around a value. spec: pool.blanks+2 */
export function bare(text) {
  return typeof text === "string" ? text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "") : text;
}

/** The entries, each told whether a row with its secret is disabled. spec: store.disabled+1 */
export function withPauses(entries) {
  const off = entries.filter(({ disabled }) => disabled).map(({ secret }) => secret);
  const paused = ({ disabled, secret }) => disabled || (secret !== null && off.includes(secret));
  return entries.map((entry) => ({ ...entry, paused: paused(entry) }));
}

/** An entry as it is used: without the blanks around what it holds. */
export function tidy(entry) {
  const { secret, base_url } = entry;
  return { ...entry, secret: bare(secret) || null, base_url: bare(base_url) || null };
}

export const DISABLED = "is disabled";

/** Why nothing is sent with an entry, or null. spec: pool.unusable+1, store.disabled+1 */
export function whyNot({ secret, base_url: url, paused = false }) {
  if (paused) return DISABLED;
  if (secret === null) return "has no secret";
  if (!isSendable(secret)) return "has a secret that no header can carry";
  return url === null || isAddress(url) ? null : "has a base_url that nothing can be sent to";
}

export function isSendable(secret) {
  const pasted = [QUOTES, VARIABLE, SCHEME].some((pattern) => pattern.test(secret));
  return secret.length <= LONGEST && VISIBLE.test(secret) && !pasted;
}

function isAddress(url) {
  const place = url.match(/^https?:\/\/([^/?#]*)/i)?.[1];
  if (!place || !HOST.test(place) || BLANK_OR_CONTROL.test(url) || !URL.canParse(url)) return false;
  return new URL(url).port !== "0";
}
