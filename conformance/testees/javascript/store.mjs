/**
 * Where a pool is kept: a text in memory, or a file that other programs use too (spec: storage).
 *
 * A pool is taken, decided on and kept in one step, without waiting in between.
 * No lock is taken, for Node has none; so `shared-store` is not declared.
 */
import fs from "node:fs";
import path from "node:path";

import { decode, encode, Refused, rowOf } from "./codec.mjs";
import { asKept, believed } from "./moments.mjs";

const OWNER_ONLY = 0o600;

/** All of a pool in memory; `restart` begins from the text. */
export class MemoryStore {
  #text = "";

  load(pool) {
    return this.#text === "" ? pool : JSON.parse(this.#text);
  }

  follow(pool) {
    return pool;
  }

  keep(pool) {
    this.#text = JSON.stringify(pool);
    return pool;
  }
}

/** The entries in a file; the rest of a pool is the program's own. */
export class FileStore {
  #path;
  #key;
  #seen = null;
  #document = {};

  constructor(file, key) {
    this.#path = file;
    this.#key = key;
  }

  get exists() {
    return this.#stamp() !== null;
  }

  load(pool, now) {
    this.#seen = null;
    return this.follow(pool, now);
  }

  /** Take what another program has written. spec: store.others-changes+2, store.read-only+1 */
  follow(pool, now) {
    const stamp = this.#stamp();
    if (stamp === this.#seen) return pool;
    const text = stamp === null ? "{}" : fs.readFileSync(this.#path, "utf8");
    const { document, entries } = this.#named(() => decode(text, this.#key));
    this.#document = document;
    this.#seen = stamp;
    const before = new Map(pool.entries.map((entry) => [entry.id, entry]));
    const read = (entry) => believed(entry, before.get(entry.id), pool.policy, now);
    return { ...pool, entries: entries.map(read) };
  }

  /** Write what has changed. spec: store.durable+2, store.loud+2 */
  keep(pool, now) {
    const entries = pool.entries.map(asKept);
    const rows = entries.map(rowOf);
    const there = this.#document.credential_pool?.[this.#key] ?? [];
    if (JSON.stringify(rows) === JSON.stringify(there)) return pool;
    this.#replace(encode(this.#document, this.#key, entries, now));
    this.#seen = null;
    return this.follow(pool, now);
  }

  /**
   * One name for all new files: the next change takes the place of what a killed one has left.
   * spec: store.atomic+2, store.link+2, store.owner-only+2, store.no-copies+2, store.leftovers+1
   */
  #replace(text) {
    const target = this.exists ? fs.realpathSync(this.#path) : this.#path;
    const fresh = path.join(path.dirname(target), `.${path.basename(target)}.new`);
    try {
      fs.rmSync(fresh, { force: true });
      fs.writeFileSync(fresh, text, { mode: OWNER_ONLY, flush: true });
      fs.renameSync(fresh, target);
    } catch (error) {
      fs.rmSync(fresh, { force: true });
      throw new Refused(`${this.#path} cannot be written: ${error.code}`);
    }
  }

  #stamp() {
    const found = fs.statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return found ? [found.dev, found.ino, found.mtimeNs, found.size].join(" ") : null;
  }

  #named(read) {
    try {
      return read();
    } catch (error) {
      if (error instanceof Refused) error.message = `${this.#path}: ${error.message}`;
      throw error;
    }
  }
}
