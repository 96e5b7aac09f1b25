// Publishes a version from a copy of the repository, as a release does, and looks at what is on the branch.
//
//     node --test tools/site/versions.test.mjs [with `mike` and `mkdocs` on PATH]
//
// What is published is what is committed.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

const CONFIG = ["--config-file", "mkdocs.versions.yml"];
const SITE_URL = "https://docs.example/";
const copy = mkdtempSync(join(tmpdir(), "versions-"));
const env = { ...process.env, SITE_URL, NO_MKDOCS_2_WARNING: "1", DISABLE_MKDOCS_2_WARNING: "true" };
const run = (command, ...words) =>
  execFileSync(command, words, { cwd: copy, env, encoding: "utf8", maxBuffer: 1 << 26 });
const published = (path) => run("git", "show", `gh-pages:${path}`);

before(() => {
  execFileSync("git", ["clone", "--quiet", "--depth", "1", `file://${process.cwd()}`, copy]);
  run("git", "config", "user.name", "nobody");
  run("git", "config", "user.email", "nobody@example.org");
  run("mike", "deploy", ...CONFIG, "--update-aliases", "1.0", "latest");
  run("mike", "set-default", ...CONFIG, "latest");
});

after(() => rmSync(copy, { recursive: true }));

test("the version is listed, has its alias, and is where the address leads", () => {
  const versions = JSON.parse(published("versions.json"));

  assert.deepEqual(versions, [{ version: "1.0", title: "1.0", aliases: ["latest"] }]);
  assert.equal(published("latest"), "1.0"); // a link, as git keeps it
  assert.match(published("index.html"), /latest\//);
});

test("a page lets its reader choose a version, and says when it is an old one", () => {
  const page = published("1.0/conformance/run/index.html");

  assert.match(page, /"version": ?\{[^}]*"provider": ?"mike"/);
  assert.match(page, /data-md-component="outdated"/);
  assert.match(page, /<link rel="canonical" href="https:\/\/docs\.example\/1\.0\/conformance\/run\/">/);
});

test("the version has the Markdown of its pages", () => {
  assert.match(published("1.0/conformance/run/index.md"), /^# Run the suite/);
  assert.match(published("1.0/llms.txt"), /conformance\/run\/index\.md/);
});
