"""Pure. How a package's `README.html` looks: one style sheet for screens, telephones and paper.

It fetches nothing, so that the page opens from a folder, offline, on a locked-down machine.
"""

from typing import Final

STYLE: Final = """
:root{--ink:#12181f;--soft:#48525c;--line:#d3d9df;--wash:#f3f6f8;--deep:#14324a;--link:#0b5394;
--warn:#b42318}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;color:var(--ink);background:#fff;font:1.0625rem/1.55 system-ui,-apple-system,
"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:break-word}
a{color:var(--link);text-underline-offset:.15em}
a:focus-visible,video:focus-visible{outline:3px solid #ffbf47;outline-offset:2px}
header,main,footer{padding:0 max(1.25rem,calc((100vw - 66rem)/2))}
header{background:var(--deep);color:#fff;padding-top:2rem;padding-bottom:1.75rem}
header p{margin:0;color:#d8e4ee}
h1{font-size:clamp(1.45rem,4.5vw,2.1rem);line-height:1.2;margin:.25rem 0 .5rem}
h1 span{display:block;font-family:ui-monospace,Consolas,Menlo,monospace;letter-spacing:.01em}
h2{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}
h3{font-size:1.06rem;margin:1.75rem 0 .5rem}
.notice{margin:1.5rem 0 0;border:3px solid var(--warn);border-radius:.4rem;padding:.7rem 1rem;
font-weight:600;color:var(--warn)}
section{padding:2rem 0;border-bottom:1px solid var(--line)}
.ref{display:block;font-size:1rem;font-weight:600;color:var(--soft)}
dl{margin:0;border-top:1px solid var(--line)}
dl div{display:grid;grid-template-columns:11rem 1fr;gap:.25rem 1.5rem;padding:.5rem 0;
border-bottom:1px solid var(--line)}
dt{font-weight:600;color:var(--soft)}
dd{margin:0;min-width:0;overflow-wrap:anywhere;white-space:pre-line}
.key{border:0;background:var(--wash);border-radius:.5rem;padding:.5rem 1.25rem}
.key div:last-child{border-bottom:0}
nav ul{list-style:none;margin:1.25rem 0 0;padding:0;display:flex;flex-wrap:wrap;gap:.35rem 1.5rem}
nav a{display:inline-block;padding:.2rem 0}
figure{margin:0 0 1.5rem}
.player video{display:block;width:100%;aspect-ratio:16/9;max-height:75vh;background:#0b0f13;
border-radius:.4rem}
.stills img{display:block;width:100%;height:auto;border:1px solid var(--line);border-radius:.4rem}
figcaption{margin-top:.5rem;color:var(--soft);font-size:.97rem}
figcaption strong{color:var(--ink)}
.stage{display:grid;grid-template-columns:minmax(0,1fr);gap:0 2rem}
.stage h3{margin-top:0}
.times{margin-bottom:1.5rem}
.times div{display:block;padding:.6rem 0}
.times dd>*{display:block}
.times time,.times strong{font-weight:600;font-size:1.1rem}
.times span{color:var(--soft);font-size:.95rem}
ul.files{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
ul.files li{padding:.6rem 0;border-bottom:1px solid var(--line)}
ul.files a{font-weight:600;overflow-wrap:anywhere;margin-right:.5rem}
.size{color:var(--soft);margin-left:.5rem;white-space:nowrap}
.digest{display:block;color:var(--soft);font-size:.85rem}
code,kbd{font-family:ui-monospace,Consolas,Menlo,monospace;font-size:.92em;overflow-wrap:anywhere}
pre{background:var(--wash);border-radius:.4rem;padding:.8rem 1rem;margin:.5rem 0;
white-space:pre-wrap;overflow-wrap:anywhere}
.history{list-style:none;margin:0;padding:0}
.history li{display:grid;grid-template-columns:18.5rem 1fr;gap:.1rem 1.5rem;padding:.55rem 0;
border-bottom:1px solid var(--line)}
.history p{margin:0;min-width:0;overflow-wrap:anywhere}
.history time{font-weight:600}
.history span{display:block;color:var(--soft);font-size:.92rem}
ol.steps li,ul.open li{margin:.4rem 0}
footer{padding-top:1.5rem;padding-bottom:2.5rem;color:var(--soft);font-size:.95rem}
@media (min-width:60rem){.beside{grid-template-columns:minmax(0,13fr) minmax(0,7fr)}
.beside .player{grid-column:1}.beside>div{grid-column:2;grid-row:1/99}}
@media (max-width:44rem){
dl div,.history li{grid-template-columns:1fr}
.size{display:block;margin-left:0}
}
@page{margin:16mm 14mm}
@media print{
html{font-size:9.5pt}
body{font-size:1rem}
header{background:none;color:#000;border-bottom:2px solid #000;padding:0 0 .6rem}
header p{color:#333}
main,footer{padding:0}
nav,.player video,.screen{display:none}
a{color:inherit;text-decoration:none}
section{padding:1rem 0}
.stills img{max-height:150mm;width:auto;max-width:100%}
h2,h3{break-after:avoid}
figure,li,tr,dl div,pre{break-inside:avoid}
}
"""
