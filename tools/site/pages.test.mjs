// Looks at the built site as files: what a page weighs, what it says of itself, what it would fetch.
//
//     node --test tools/site/pages.test.mjs [with SITE=the folder of the site]
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const SITE = process.env.SITE ?? "site";
const [LARGEST_PAGE, HOME_IN_ALL] = [300_000, 250_000];

const files = readdirSync(SITE, { recursive: true }).filter((file) => statSync(join(SITE, file)).isFile());
const text = (file) => readFileSync(join(SITE, file), "utf8");
const pages = files.filter((file) => file.endsWith(".html") && file !== "404.html");
const attributes = (html, pattern) => [...html.matchAll(pattern)].map((found) => found[1]);

// What a browser loads by itself, on a page or in a style sheet.
const loaded = (html) => [
  ...attributes(html, /<(?:script|img|iframe|source|embed|video|audio)\b[^>]*?\bsrc="([^"]+)"/g),
  ...attributes(html, /<link\b(?=[^>]*rel="(?:stylesheet|icon|preload|modulepreload)")[^>]*?href="([^"]+)"/g),
];

test("there are pages of every kind", () => {
  assert.ok(pages.length > 150, `${pages.length}`);
});

test("no page is larger than 300 kB", () => {
  const heavy = pages.filter((page) => statSync(join(SITE, page)).size > LARGEST_PAGE);

  assert.deepEqual(heavy, []);
});

test("Home, with all that it loads, is at most 250 kB on the wire; the search's index waits for who asks", () => {
  const home = text("index.html");
  const search = files.filter((file) => /workers\/search\..*\.js$/.test(file));
  const parts = ["index.html", ...loaded(home).map(normalize), ...search];
  const bytes = parts.map((file) => gzipSync(readFileSync(join(SITE, file))).length);
  const all = bytes.reduce((sum, size) => sum + size, 0);

  assert.ok(parts.includes("assets/javascripts/search.js")); // which lets the index wait
  assert.ok(all <= HOME_IN_ALL, `${all} bytes`);
});

test("nothing is fetched from elsewhere", () => {
  const foreign = [];
  for (const file of files.filter((file) => /\.(html|css)$/.test(file))) {
    const source = text(file);
    const wanted = file.endsWith(".css") ? attributes(source, /url\(["']?([^"')]+)/g) : loaded(source);
    for (const address of wanted) {
      if (/^(https?:)?\/\//.test(address)) foreign.push(`${file}: ${address}`);
      else if (!/^(data:|#|\/)/.test(address)) {
        const place = normalize(join(dirname(file), address.split(/[?#]/)[0]));
        if (!files.includes(place)) foreign.push(`${file}: ${address} is not there`);
      }
    }
  }

  assert.deepEqual(foreign, []);
});

test("each page says what it is about, in words of its own", () => {
  const said = new Map();
  const wrong = [];
  for (const page of pages) {
    const [about = ""] = attributes(text(page), /<meta name="description" content="([^"]*)"/g);
    if (about.length < 20 || about.length > 260) wrong.push(`${page}: ${about}`);
    if (said.has(about)) wrong.push(`${page} says what ${said.get(about)} says`);
    said.set(about, page);
  }

  assert.deepEqual(wrong, []);
});

test("each column of a table has a name", () => {
  const nameless = pages.filter((page) => /<th[^>]*>\s*<\/th>/.test(text(page)));

  assert.deepEqual(nameless, []);
});

test("the search is a dialog with a name", () => {
  const nameless = pages.filter((page) => !/role="dialog" aria-label="/.test(text(page)));

  assert.deepEqual(nameless, []);
});

test("from Home, four answers are one click away", () => {
  const links = attributes(text("index.html"), /href="([^"]+)"/g).map((link) => relative(".", link));

  for (const wanted of [
    "spec/recovery/#recover.rate-limited.rotate-second",
    "reference/providers/anthropic/#who-pays-what-does-a-claude-login-bill",
    "reference/auth-json",
    "conformance/write-a-pool",
  ]) {
    assert.ok(links.some((link) => link.startsWith(wanted)), wanted);
  }
});
