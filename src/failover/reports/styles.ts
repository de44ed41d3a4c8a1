import { createHash } from 'node:crypto'

/** The look of a report: light and dark by the reader's choice, always light on paper. Nothing is loaded. */
export const STYLES = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--page:#fff;--panel:#f5f7f9;--line:#d5dae0;
--good:#1a6b36;--bad:#a8201a;--bar:#2f6db5;--held:#d9822b;--held-fill:#f6c98f}
@media (prefers-color-scheme:dark){:root{--ink:#e4e8ec;--soft:#9aa5b1;--page:#14181d;--panel:#1d232a;--line:#37404a;
--good:#6fcf8c;--bad:#ff8d85;--bar:#6ea8e8;--held:#f0a85a;--held-fill:#5c421f}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:62rem;margin:0 auto;padding:2rem 1.25rem 4rem}
.kind{margin:0;color:var(--soft);text-transform:uppercase;letter-spacing:.06em;font-size:.8rem}
h1{margin:.1rem 0 1rem;font-size:1.7rem;line-height:1.25;overflow-wrap:anywhere}
h2{margin:2.2rem 0 .6rem;font-size:1.15rem;border-bottom:1px solid var(--line);padding-bottom:.25rem;
overflow-wrap:anywhere}
p,ul{margin:.5rem 0;overflow-wrap:anywhere}ul{padding-left:1.3rem}
.verdict{display:inline-block;padding:.05em .5em;border-radius:.3em;border:1px solid currentColor;font-size:.85em}
.good{color:var(--good)}.bad{color:var(--bad)}
code,pre{font:.9em/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{overflow-wrap:anywhere}
pre{background:var(--panel);border:1px solid var(--line);border-radius:.4rem;padding:.7rem;overflow:auto;
white-space:pre-wrap;overflow-wrap:anywhere}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.7rem;margin:1.2rem 0;padding:0}
.figures div{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:.7rem .9rem}
.figures dt{color:var(--soft);font-size:.85rem}.figures dd{margin:0}
.figures .value{font-size:1.55rem;font-weight:600;font-variant-numeric:tabular-nums}
.figures .note{color:var(--soft);font-size:.85rem}
.scroll{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}td{overflow-wrap:break-word}
.timeline{display:block;width:100%;min-width:40rem;height:auto;font:12px system-ui,sans-serif}
.timeline text{fill:var(--ink)}.timeline .axis,.timeline .took{fill:var(--soft)}
.timeline .took{paint-order:stroke;stroke:var(--page);stroke-width:3px;stroke-opacity:.75}
.timeline .bar{fill:var(--bar)}.timeline .bar.bad{fill:var(--bad)}
.timeline .tick{stroke:var(--line)}.timeline .held{fill:var(--held-fill);opacity:.6}
.timeline .held-label{fill:var(--held);font-weight:600}
.timeline .mark{stroke:var(--ink);stroke-dasharray:4 3}.timeline .mark-label{font-weight:600}
details{margin-top:2.2rem}summary{cursor:pointer;font-weight:600}
@media print{@page{size:A4;margin:16mm 14mm}
:root{color-scheme:light;--ink:#000;--soft:#444;--page:#fff;--panel:#fff;--line:#bbb;--good:#1a6b36;--bad:#a8201a;
--bar:#2f6db5;--held:#a85a10;--held-fill:#f6c98f}
body{font-size:10pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}main{max-width:none;padding:0}
h1{font-size:17pt}h2{margin-top:1.4rem}h1,h2{break-after:avoid}.timeline,.figures,tr,pre{break-inside:avoid}
thead{display:table-header-group}.scroll{overflow:visible}details{display:none}table{font-size:8.5pt}
.figures{grid-template-columns:repeat(4,1fr)}td{overflow-wrap:anywhere}.timeline{min-width:0}}
`

/** What a browser may do with a report: show it. Stands in the page, so that a saved one is held to it too. */
export const REPORT_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLES).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')
