"""The style of the report's page: light, dark and print, from a phone's width up. No font, picture or script is loaded."""

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1f24;--muted:#57616b;--rule:#dde2e7;--soft:#f5f7f8;
--canary:#a84b00;--base:#2a6592;--bad:#b3261e;--good:#1b7a3d;--warn:#7d5700;--focus:#2a6592}
@media (prefers-color-scheme:dark){:root{--paper:#14181c;--ink:#e7eaed;--muted:#9fa9b3;--rule:#2e363d;--soft:#1b2025;
--canary:#f2a65a;--base:#82bbe6;--bad:#ff8f85;--good:#74cf8e;--warn:#e6bb4f;--focus:#82bbe6}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;background:var(--paper)}
body{margin:0 auto;max-width:72rem;padding:1.5rem 1rem 4rem;color:var(--ink);background:var(--paper);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2,h3,p,dl,dd,figure,table,ul,ol{margin:0;padding:0}
h1{font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.01em}
h1 .at{font-weight:400;color:var(--muted)}
h2{font-size:1.125rem;font-weight:650;margin:2.5rem 0 .375rem;padding-top:1rem;border-top:1px solid var(--rule)}
h3{font-size:.9375rem;font-weight:650}
.state{display:flex;align-items:center;gap:.5rem;font-size:.875rem;font-weight:650;margin-bottom:.375rem}
.state::before{content:"";width:.625rem;height:.625rem;border-radius:50%;background:currentColor}
.bad{color:var(--bad)}.good{color:var(--good)}.warn{color:var(--warn)}.muted{color:var(--muted)}
.canary{color:var(--canary)}.base{color:var(--base)}
.meta{margin-top:.5rem;color:var(--muted);font-size:.875rem}
.meta li{display:inline}.meta li:not(:last-child)::after{content:" / ";color:var(--rule)}
.facts{display:grid;grid-template-columns:6rem 1fr;gap:.625rem 1rem;margin:1.5rem 0;padding:1.25rem 0;
border-block:1px solid var(--rule)}
.facts dt{color:var(--muted);font-size:.875rem;line-height:1.6875rem}
.facts dd{font-size:1.125rem;line-height:1.6875rem}
.facts .why{font-weight:600}
.after{margin-top:.5rem}.intro{color:var(--muted);font-size:.875rem;max-width:46rem}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{text-align:left;vertical-align:top;padding:.4375rem 1rem .4375rem 0;border-bottom:1px solid var(--rule)}
th{font-weight:600}thead th{color:var(--muted);font-weight:500;white-space:nowrap}
td:last-child,th:last-child{padding-right:0}
.n{text-align:right;white-space:nowrap}
.metrics{font-size:.9375rem}.metrics thead th:last-child{padding-left:1rem}
.metrics small{display:block;color:var(--muted);font-size:.75rem}
.metrics .verdict{padding-left:1rem}.metrics .worse{font-weight:650;color:var(--bad)}
.metrics tfoot td,.metrics tfoot th{border-bottom:0;color:var(--muted);font-weight:500}
.below{margin:.75rem 0 .5rem;font-size:.9375rem}.below span{display:inline-block;margin-right:2rem}
.below span::first-letter{text-transform:uppercase}
.charts.first figure:first-child{grid-row:span 2}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:2rem 2.25rem;margin-top:1rem}
figure{min-width:0;max-width:27.5rem}
figcaption strong{margin-right:.5rem}figcaption{color:var(--muted);font-size:.8125rem;line-height:1.4;margin:.125rem 0 .5rem}
svg{display:block;width:100%;height:auto;overflow:visible;font-family:inherit}
svg text{font-size:11px;fill:var(--ink)}
svg .tick{fill:var(--muted);font-size:10.5px}svg .strong{font-weight:600}
svg .canary{--c:var(--canary)}svg .base{--c:var(--base)}svg .ink{--c:var(--ink)}svg .plain{--c:var(--ink)}
svg .worse{--c:var(--bad)}svg text.canary,svg tspan.canary{fill:var(--canary);font-weight:600}
svg text.base,svg tspan.base{fill:var(--base);font-weight:600}svg text.bad{fill:var(--bad)}
svg .halo{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
svg .axis{stroke:var(--muted);stroke-width:1}svg .grid{stroke:var(--rule);stroke-width:1}
svg .mark{stroke:var(--muted);stroke-width:1;stroke-dasharray:1 3}
svg .zero{stroke:var(--muted);stroke-width:1}svg .least{stroke:var(--warn);stroke-width:2}
svg .bar{stroke:var(--bad);stroke-width:1.25;stroke-dasharray:5 3}
svg .whisker{stroke:var(--c);stroke-width:2}svg .dot{fill:var(--c);stroke:var(--paper);stroke-width:.75}
svg .line{fill:none;stroke:var(--c);stroke-width:2;stroke-linejoin:round}
svg .line.thin{stroke:var(--muted);stroke-width:1.25}
svg .band{fill:var(--c);fill-opacity:.14;stroke:none}
details{margin-top:.5rem;font-size:.875rem}
summary{cursor:pointer;color:var(--muted);width:fit-content;padding:.125rem 0}
summary:hover{color:var(--ink)}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:2px}
.scroll{overflow-x:auto}.hidden{position:absolute;clip-path:inset(50%);height:1px;width:1px;overflow:hidden}
figure .scroll,.block .scroll{max-height:22rem;overflow:auto;margin-top:.375rem}
pre{margin:.5rem 0 0;padding:.75rem;background:var(--soft);
font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
white-space:pre-wrap;overflow-wrap:anywhere}
.stack td{min-width:5rem}
.verdicts td:not(:last-child){white-space:nowrap}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--rule);color:var(--muted);font-size:.8125rem}
@media (max-width:40rem){
.facts{grid-template-columns:1fr;gap:0}.facts dd+dt{margin-top:.75rem}
.metrics thead{position:absolute;clip-path:inset(50%);height:1px;width:1px;overflow:hidden}
.metrics,.metrics tbody,.metrics tfoot{display:block}
.metrics tr{display:grid;grid-template-columns:1fr 1fr;gap:.125rem 1rem;padding:.75rem 0;border-bottom:1px solid var(--rule)}
.metrics th,.metrics td{display:block;border:0;padding:0;text-align:left;white-space:normal}

.metrics td.verdict{grid-row:1;grid-column:2;text-align:right}
.metrics td[data-is]::before{content:attr(data-is) " ";color:var(--muted);font-size:.8125rem}
.metrics .wide{grid-column:1/-1}
.stack thead{position:absolute;clip-path:inset(50%);height:1px;width:1px;overflow:hidden}
.stack,.stack tbody,.stack tr,.stack td{display:block}
.verdicts td:not(:last-child){white-space:normal}
.verdicts td:not(:last-child){display:inline;margin-right:.75rem}
.stack tr{padding:.5rem 0;border-bottom:1px solid var(--rule)}.stack td{border:0;padding:0;min-width:0}
.stack td:empty{display:none}
.stack:not(.verdicts) td:not(:first-child)::before{content:attr(data-is) " ";color:var(--muted);font-size:.8125rem}
}
@media print{
:root{--paper:#fff;--ink:#000;--muted:#444;--rule:#ccc;--soft:#fff;--canary:#a84b00;--base:#2a6592;--bad:#b3261e;
--good:#1b7a3d;--warn:#7d5700}
body{max-width:none;padding:0;font-size:10pt}
figure,tr,.facts{break-inside:avoid}h2,h3{break-after:avoid}
summary{display:none}figure details{display:none}
details::details-content{content-visibility:visible;height:auto}
.block .scroll{max-height:none}
.charts{grid-template-columns:1fr 1fr}
}
"""
