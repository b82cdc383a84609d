"""The report's style sheet: light and dark, phone and paper. Nothing in it is loaded from elsewhere."""

# Signal colours are Okabe and Ito's; darkened on white so that thin lines keep contrast.
CSS = """
:root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--ink:#1b2330;--soft:#5b6675;--edge:#dde2e9;
--ecg:#0b3d66;--respiration:#00795a;--body_temperature:#a8487f;--body_motion:#a86a00;
--good:#0b63a5;--good-bg:#e3effa;--bad:#b34400;--bad-bg:#fdebdf;
--paper:#fff8f6;--paper-1:#f6d9d3;--paper-5:#eab4a9}
@media(prefers-color-scheme:dark){:root{--bg:#11161d;--card:#1a212b;--ink:#e7ecf3;--soft:#9aa7b8;
--edge:#2d3846;--ecg:#9bd3ff;--respiration:#2fd3a5;--body_temperature:#e59cc6;--body_motion:#f3b33d;
--good:#7cc4ff;--good-bg:#15304a;--bad:#ff9a5c;--bad-bg:#43260f;
--paper:#1f1a1d;--paper-1:#33262a;--paper-5:#51363b}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",
"Hiragino Sans","Noto Sans CJK JP","Yu Gothic",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1080px;margin:0 auto;padding:20px 16px 48px}
header{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;margin-bottom:14px}
h1{font-size:26px;margin:0;letter-spacing:-.01em}h1 small{font-weight:400;color:var(--soft);font-size:16px}
h2{font-size:18px;margin:0 0 10px}h3{font-size:14px;margin:14px 0 4px;font-weight:600}
p{margin:6px 0}.soft,small{color:var(--soft)}.mono{font-family:ui-monospace,Menlo,Consolas,monospace;
overflow-wrap:anywhere;font-size:13px}
section{background:var(--card);border:1px solid var(--edge);border-radius:12px;padding:16px;margin:14px 0}
.cards{display:grid;grid-template-columns:repeat(4,1fr);gap:10px;margin:14px 0}
.card{background:var(--card);border:1px solid var(--edge);border-radius:12px;padding:12px 14px}
.card b{display:block;font-size:28px;line-height:1.25;font-variant-numeric:tabular-nums;font-weight:650}
.card b i{font-style:normal;font-size:15px;font-weight:400;color:var(--soft)}
.card.ecg b{color:var(--ecg)}.card.respiration b{color:var(--respiration)}
.card.body_temperature b{color:var(--body_temperature)}.card.good b{color:var(--good)}
.card.bad b{color:var(--bad)}.card span{font-size:13px}.card small{display:block;font-size:13px}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
svg.plot,svg.strip{display:block;width:100%;min-width:620px;height:auto}
svg.strip{margin-bottom:6px;border-radius:4px}svg.defs{position:absolute}
.line{fill:none;stroke-width:1.5;stroke-linejoin:round;stroke:var(--ink)}.line.ecg{stroke:var(--ecg)}
.line.respiration{stroke:var(--respiration)}.line.body_temperature{stroke:var(--body_temperature)}
.line.body_motion{stroke:var(--body_motion)}.rule{stroke:var(--edge)}
.tick{fill:var(--soft);font-size:12px}.end{text-anchor:end}.mid{text-anchor:middle}
.strip-time{font-size:13px}.paper{fill:var(--paper)}.paper-1{fill:none;stroke:var(--paper-1)}
.paper-5{fill:none;stroke:var(--paper-5)}.beat{fill:var(--bad)}
.tag{display:inline-block;border:1px solid var(--edge);border-radius:99px;padding:0 8px;font-size:12px;
font-weight:400;color:var(--soft);overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:left;padding:7px 10px;
border-bottom:1px solid var(--edge);vertical-align:top;font-variant-numeric:tabular-nums}
th{font-weight:600}thead th{color:var(--soft);font-size:13px;vertical-align:bottom}
tbody th,.rule-id{white-space:nowrap}td small{display:block}
td.allow,td.deny{border-radius:0;min-width:110px}td.allow{background:var(--good-bg)}
td.deny{background:var(--bad-bg)}td.allow b{color:var(--good)}td.deny b{color:var(--bad)}
.ways th small{display:block;font-weight:400}.ways td{min-width:110px}
.answer+.answer{margin-top:6px;border-top:1px solid var(--edge);padding-top:6px}
.answer.allow b{color:var(--good)}.answer.hold b{color:var(--ink)}
.ways .mono{font-size:12px;overflow-wrap:normal;white-space:nowrap}
.epochs{display:flex;flex-wrap:wrap;gap:3px;margin:8px 0}.epochs span{width:20px;height:20px;
border-radius:4px;font-size:13px;line-height:20px;text-align:center;background:var(--edge)}
.epochs .verified{background:var(--good-bg);color:var(--good)}
.epochs .rejected{background:var(--bad-bg);color:var(--bad)}
h3::first-letter,summary::first-letter,th::first-letter{text-transform:uppercase}
th.mono::first-letter{text-transform:none}details{margin-top:8px}summary{cursor:pointer;color:var(--soft)}
ul{margin:6px 0;padding-left:20px}li{margin:4px 0;overflow-wrap:anywhere}
.ok{color:var(--good)}.alarm{color:var(--bad)}
input[name=lang]{position:absolute;opacity:0}.switch{margin-left:auto}.switch label{cursor:pointer;
padding:3px 10px;border:1px solid var(--edge);border-radius:99px;font-size:13px;background:var(--card)}
#en:checked~main [lang=ja],#ja:checked~main [lang=en]{display:none}
#en:checked~main label[for=en],#ja:checked~main label[for=ja]{border-color:var(--good);color:var(--good);
font-weight:600}
#en:focus-visible~main label[for=en],#ja:focus-visible~main label[for=ja]{outline:2px solid var(--good)}
@media(max-width:720px){.cards{grid-template-columns:1fr 1fr}}
@media(max-width:520px){main{padding:12px 8px 32px}section{padding:12px 10px}.card b{font-size:24px}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--edge:#bbb;--ecg:#000;--paper:#fff;
--good:#0b4f86;--good-bg:#eef5fb;--bad:#8f3600;--bad-bg:#fdf1e8;--paper-1:#f3d8d2;--paper-5:#e0a99d;
--respiration:#00543f;--body_temperature:#7a2f5a;--body_motion:#744900;color-scheme:light}
body{font-size:11px;-webkit-print-color-adjust:exact;print-color-adjust:exact}.switch{display:none}
section,.card,svg,tr{break-inside:avoid}section.long{break-inside:auto}main{max-width:none;padding:0}
.scroll{overflow:visible}svg.plot,svg.strip{min-width:0}@page{margin:12mm}}
"""
