"""How the page of a report looks: light or dark, on a phone, on paper."""

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2128; --paper: #fff; --bad: #b3261e; --good: #1b7f4b;
  --warn: #8a5a00; --dim: #5d6673; --line: #d5d9df; --soft: #f5f6f8; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ec; --paper: #15181d; --bad: #ff8a80;
  --good: #6fdc9d; --warn: #f0c060; --dim: #9ca3af; --line: #353b44; --soft: #1d2127; --link: #82b7ff; } }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1, h2, h3 { line-height: 1.25; }
h1 { margin: 0 0 .5rem; font-size: 1.75rem; }
h2 { margin: 2.75rem 0 .75rem; font-size: 1.3rem; }
h3 { margin: 0 0 .5rem; font-size: 1.05rem; }
p { margin: .4rem 0; }
a { color: var(--link); }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code, td, summary, p { overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); border: 1px solid var(--line);
  border-radius: 6px; padding: .6rem .75rem; margin: .5rem 0; }
.trace div { padding-left: 15ch; text-indent: -15ch; }
nav { margin: 1rem 0; padding: .5rem 0; border: 1px solid var(--line); border-width: 1px 0; }
nav a { display: inline-block; margin-right: 1.25rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .94rem; }
td, th { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
td.ended { white-space: nowrap; text-align: right; padding-right: 0; }
table.wide td:nth-child(2) { min-width: 13rem; }
article { border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 6px;
  padding: .9rem 1.1rem; margin: 1rem 0; }
article.waste, article.telling { border-left-color: var(--warn); }
article article { border-left-width: 1px; border-left-color: var(--line); }
summary { cursor: pointer; padding: .25rem 0; }
ul { padding-left: 1.2rem; margin: .4rem 0; }
li { margin: .3rem 0; }
.level { display: inline-block; min-width: 3.6rem; padding: .05rem .5rem; border-radius: 4px; font-size: .8rem;
  font-weight: 600; text-align: center; white-space: nowrap; color: var(--paper); background: var(--bad); }
.level.waste, .level.telling { background: var(--warn); }
.pass, .conformant { color: var(--good); }
.fail, .harness-error, .unexpected-pass, .unverified, .not-conformant, .error { color: var(--bad); }
.inconclusive, .warn, .incomplete, .filtered { color: var(--warn); }
.dim, .not-applicable, .excluded, .expected-fail { color: var(--dim); }
:target { outline: 2px solid var(--link); outline-offset: 3px; }
@media (max-width: 40rem) {
  body { font-size: 15px; padding: 1rem .75rem 3rem; }
  h1 { font-size: 1.4rem; }
  article { padding: .7rem .75rem; }
  nav a { margin-right: .9rem; }
  pre { font-size: .72rem; padding: .5rem; }
  table.wide, table.wide tbody, table.wide tr, table.wide td { display: block; }
  table.wide thead { display: none; }
  table.wide td { border: 0; padding: .1rem 0; }
  table.wide tr { padding: .5rem 0; border-bottom: 1px solid var(--line); }
}
@media print {
  :root { --ink: #000; --paper: #fff; --bad: #8c1d18; --good: #14532d; --warn: #6b4500; --dim: #444;
    --line: #bbb; --soft: #fff; --link: #000; }
  body { font-size: 10pt; max-width: none; padding: 0; }
  nav { display: none; }
  .level { color: var(--bad); background: none; border: 1px solid; }
  .level.waste, .level.telling { color: var(--warn); background: none; }
  h2, h3, summary { break-after: avoid; }
  tr, li { break-inside: avoid; }
  a { text-decoration: none; }
}
"""
