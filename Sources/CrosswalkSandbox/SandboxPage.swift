/// The page for a person: what is played, its records, the last requests and replies, the faults that fired.
///
/// Values reach it as JSON and are put in as text nodes. Script and style are files of their own beside it, so that the policy can
/// forbid everything that stands in a document or comes from elsewhere.
enum SandboxPage {
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    + "form-action 'none'; frame-ancestors 'none'"

  static let document = #"""
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Crosswalk sandbox</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/__sandbox/page.css">
    <script src="/__sandbox/page.js" defer></script>
    </head>
    <body>
    <header><h1>Crosswalk sandbox</h1><p id="status" role="status">loading</p></header>
    <noscript>This page shows what happens while it happens, and needs its own script for that.</noscript>
    <main>
    <div id="systems"></div>
    <div id="happened">
    <section aria-labelledby="faults-title"><h2 id="faults-title">Faults that fired</h2><div id="faults"></div></section>
    <section aria-labelledby="exchanges-title"><h2 id="exchanges-title">Last requests</h2><div id="exchanges"></div></section>
    </div>
    </main>
    </body>
    </html>

    """#

  static let style = #"""
    :root { color-scheme: light dark; --ground: #fbfbf9; --card: #fff; --ink: #1d2126; --dim: #59626c; --line: #d9dcd8;
      --accent: #0b5cad; --good: #17683a; --bad: #a3231f; --fresh: #fff3c9; }
    @media (prefers-color-scheme: dark) { :root { --ground: #14171a; --card: #1c2024; --ink: #e6e8ea; --dim: #9aa4ae;
      --line: #343a40; --accent: #7db8f5; --good: #74cf98; --bad: #f28b82; --fresh: #3d3517; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
    header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; padding: .8rem 1.2rem;
      border-bottom: 1px solid var(--line); background: var(--card); position: sticky; top: 0; z-index: 1; }
    h1 { font-size: 1.15rem; margin: 0; }
    h2 { font-size: 1.05rem; margin: 0 0 .4rem; }
    #status { margin: 0; color: var(--dim); }
    #status.gone { color: var(--bad); font-weight: 600; }
    main { padding: 1.2rem; display: grid; gap: 1.2rem; max-width: 130rem; margin: 0 auto; }
    main > div { display: grid; gap: 1.2rem; min-width: 0; align-content: start; }
    /* Beside the records, where there is room: what happens is seen without going down the page. */
    @media (min-width: 70rem) {
      main { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
      #happened { position: sticky; top: 4.2rem; max-height: calc(100vh - 5.4rem); grid-template-rows: auto minmax(0, 1fr); }
      #happened section { display: flex; flex-direction: column; min-height: 0; }
      #happened section > div { overflow: auto; }
      #faults { max-height: 12rem; }
    }
    section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; min-width: 0; }
    .dim { color: var(--dim); }
    code, pre, td { font: 13px/1.4 ui-monospace, monospace; }
    code { color: var(--accent); overflow-wrap: anywhere; }
    .scroll { overflow: auto; max-height: 24rem; border: 1px solid var(--line); border-radius: 6px; margin-top: .6rem; }
    table { border-collapse: collapse; width: 100%; }
    th { position: sticky; top: 0; background: var(--card); text-align: left; font-weight: 600; font-size: 13px;
      box-shadow: inset 0 -1px var(--line); }
    th, td { padding: .25rem .6rem; vertical-align: top; }
    td { white-space: pre; max-width: 26rem; overflow: hidden; text-overflow: ellipsis; }
    tr + tr td { border-top: 1px solid var(--line); }
    tr.fresh td { background: var(--fresh); }
    details { border-top: 1px solid var(--line); }
    details:first-child { border-top: 0; }
    summary { padding: .3rem .2rem; cursor: pointer; display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; }
    summary::before { content: "▸"; color: var(--dim); } details[open] > summary::before { content: "▾"; }
    summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    .options summary { color: var(--dim); }
    .good { color: var(--good); } .bad { color: var(--bad); }
    .fault { color: var(--bad); border: 1px solid currentColor; border-radius: 99px; padding: 0 .5rem; font-size: 13px; }
    .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: .6rem; padding-bottom: .6rem; }
    pre { margin: 0; padding: .6rem; background: var(--ground); border: 1px solid var(--line); border-radius: 6px;
      white-space: pre-wrap; overflow-wrap: anywhere; max-height: 22rem; overflow: auto; }
    ul { margin: .3rem 0; padding-left: 1.2rem; }

    """#

  static let script = #"""
    "use strict";
    // Everything that comes from outside becomes a text node; nothing is ever read as HTML.
    const at = id => document.getElementById(id);
    function make(tag, attributes, ...children) {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
      element.append(...children.map(child => child instanceof Node ? child : document.createTextNode(String(child))));
      return element;
    }
    const seen = new Map();   // what a part showed last, so that only what has changed is made again
    const rows = new Map();   // the rows of a system's table, to mark what is new
    const open = new Set();   // what a person has unfolded

    function show(part, data, build) {
      const text = JSON.stringify(data);
      if (seen.get(part.id) === text) return;
      seen.set(part.id, text);
      const places = new Map([...part.querySelectorAll("[data-key]")].map(box => [box.dataset.key, [box.scrollTop, box.scrollLeft]]));
      const focused = part.contains(document.activeElement) ? document.activeElement.closest("details")?.dataset.name : undefined;
      part.replaceChildren(...build(data));
      for (const box of part.querySelectorAll("[data-key]")) {
        const place = places.get(box.dataset.key);
        if (place) [box.scrollTop, box.scrollLeft] = place;
      }
      if (focused) [...part.querySelectorAll("details")].find(d => d.dataset.name === focused)?.firstChild.focus({ preventScroll: true });
    }
    function unfolding(name, summary, build, kind) {
      const details = make("details", { "data-name": name, ...(kind ? { class: kind } : {}) }, summary);
      const fill = () => { if (details.open && details.childNodes.length === 1) details.append(build()); };
      details.open = open.has(name);
      fill();
      details.addEventListener("toggle", () => { details.open ? open.add(name) : open.delete(name); fill(); });
      return details;
    }

    function systems(list) {
      return list.map(system => {
        const section = make("section", { "aria-label": system.title },
          make("h2", {}, system.title, " ", make("span", { class: "dim" }, system.name)), make("code", {}, new URL(system.base, location.href).href));
        if (system.signIn.length) section.append(make("ul", {}, ...system.signIn.map(line => make("li", {}, line))));
        if (system.options.length) section.append(unfolding("options " + system.name,
          make("summary", {}, system.options.length + " options"),
          () => make("ul", {}, ...system.options.map(option => make("li", {}, make("code", {}, option.name + " = " + option.value),
            " of " + option.choices.join(", ") + ". " + option.why))), "options"));
        const shown = system.records.length;
        section.append(make("p", { class: "dim" }, system.count + (system.count === 1 ? " record" : " records")
          + (shown < system.count ? ", the newest " + shown + " here" : shown > 1 ? ", the newest first" : "")));
        if (shown) section.append(table(system));
        return section;
      });
    }
    // A row is a line: what is whole stands in the title.
    const oneLine = text => text.slice(0, 200).replaceAll(/\r\n?|\n/g, " ⏎ ");
    function table(system) {
      const before = rows.get(system.name), now = new Set();
      const body = make("tbody", {}, ...[...system.records].reverse().map(record => {
        const text = JSON.stringify(record);
        now.add(text);
        return make("tr", before && !before.has(text) ? { class: "fresh" } : {},
          ...system.fields.map(field => make("td", { title: record[field] ?? "" }, oneLine(record[field] ?? ""))));
      }));
      rows.set(system.name, now);
      const head = make("thead", {}, make("tr", {}, ...system.fields.map(field => make("th", { scope: "col" }, field))));
      return make("div", { class: "scroll", "data-key": system.name, tabindex: "0", role: "region",
        "aria-label": "Records of " + system.title }, make("table", {}, head, body));
    }
    function faults(list) {
      const fired = list.filter(fault => fault.fired > 0), quiet = list.length - fired.length;
      if (!list.length) return [make("p", { class: "dim" }, "No faults were asked for.")];
      return [make("ul", {}, ...fired.map(fault => make("li", {}, make("code", {}, fault.rule), " " + fault.fired
        + (fault.fired === 1 ? " time" : " times")))), make("p", { class: "dim" }, quiet + " asked for and not fired yet")];
    }
    function exchanges(list) {
      if (!list.length) return [make("p", { class: "dim" }, "Nothing has been asked yet.")];
      return [...list].reverse().map(one => {
        const summary = make("summary", {},
          make("span", { class: "dim", title: one.time + ", connection " + one.connection }, "#" + one.number + " " + one.time.slice(11, 19)),
          make("span", { class: one.status >= 200 && one.status < 400 ? "good" : "bad" }, one.status),
          make("strong", {}, one.method), make("code", {}, one.target));
        if (one.fault) summary.append(make("span", { class: "fault" }, one.fault));
        return unfolding("exchange " + one.number, summary, () => make("div", { class: "pair" },
          make("pre", { tabindex: "0", "aria-label": "Request" }, one.request),
          make("pre", { tabindex: "0", "aria-label": "Reply" }, one.reply)));
      });
    }

    async function look() {
      const status = at("status");
      try {
        const reply = await fetch("/__sandbox/page.json", { cache: "no-store", credentials: "omit" });
        if (!reply.ok) throw new Error(await reply.text());
        const state = await reply.json();
        show(at("systems"), state.systems, systems);
        show(at("faults"), state.faults, faults);
        show(at("exchanges"), state.exchanges, exchanges);
        const last = state.exchanges.at(-1);
        status.textContent = state.systems.map(system => system.name).join(", ") + (last ? " · " + last.number + " requests up to now" : "");
        status.className = "";
      } catch (error) {
        status.textContent = "the sandbox does not answer: it has ended, or is busy";
        status.className = "gone";
      }
      setTimeout(look, document.hidden ? 5000 : 700);
    }
    look();

    """#
}
