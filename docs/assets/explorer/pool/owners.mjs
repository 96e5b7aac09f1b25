/**
 * Whose quota an entry draws on (spec: scopes and money).
 *
 * Pure: it imports nothing and reads no clock.
 */

/** spec: owner.precedence+1 */
export function ownerOf({ owner, learnt_owner: learnt, claimed_owner: claimed }) {
  return owner ?? learnt ?? claimed ?? null;
}

/** The first of the provider's headers that names one. spec: owner.learnt+2 */
export function ownerNamed({ owner_headers: names = [] }, headers) {
  const name = names.find((name) => headers[name] !== undefined);
  return name === undefined ? null : headers[name];
}

/** What the claim of a JSON Web Token says, when the registry names one. spec: owner.precedence+1 */
export function ownerClaimed({ credentials }, { auth_type: type, secret }) {
  const path = credentials.find(({ auth_type: known }) => known === type)?.owner_claim;
  const [, claims] = (secret ?? "").split(".");
  if (!path || !claims) return null;
  try {
    const read = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));
    return path.reduce((inner, step) => inner?.[step], read) ?? null;
  } catch {
    return null; // a secret of another kind
  }
}
