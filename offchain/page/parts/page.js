"use strict";
// Texts go into the document by textContent alone: names of deployments and attacks are strangers' words.
const el = (id) => document.getElementById(id);
const FATES = { i: "update included", x: "update excluded", u: "update undecided", p: "update published", c: "update proposed, not published",
  r: "ballot revealed", s: "voted, ballot not revealed", a: "absent" };
const OUTCOMES = { d: "decided", v: "void", o: "open" };
const PAGE = 50, MODELS = 10, COLOURS = ["var(--accent)", "var(--x)", "var(--i)", "var(--c)", "var(--s)"];
const state = { round: 0, member: -1, sort: 1, down: true, page: 0, timer: 0 };
// What is told, and what follows from it: what became of each seat, changes of tokens by member, places of rounds with a model of their own.
let data, rounds, count, fate, changes, seats, groups, tokensNow, models, metrics, rest;

function take(told) {
  const known = data && data.members[state.member], last = !data || state.round >= rounds.length - 1;
  data = told; rounds = told.rounds; count = told.members.length;
  fate = rounds.map(() => new Map());
  changes = new Map();
  seats = Array.from({ length: count }, () => [0, 0, 0, 0]);
  rounds.forEach((round, place) => {
    for (const [member, letter] of [...round.u || [], ...round.v || []]) enter(place, member, letter);
    for (const [member, amount, reason] of round.c || []) {
      if (!changes.has(member)) changes.set(member, []);
      changes.get(member).push([place, Number(amount), reason]);
    }
  });
  models = [...rounds.keys()].filter((place) => rounds[place].m);
  metrics = [...new Set(rounds.flatMap((round) => Object.values(round.s || {}).flatMap(Object.keys)))];
  groups = grouped();
  tokensNow = [...Array(count).keys()].map((member) => tokensAfter(member, rounds.length));
  // Who looked at the latest round goes on looking at the latest; a member keeps its name, not its number.
  state.round = last ? Math.max(rounds.length - 1, 0) : Math.min(state.round, rounds.length - 1);
  state.member = known === undefined ? -1 : data.members.indexOf(known);
}
function enter(place, member, letter) {
  fate[place].set(member, letter);
  const slot = { i: 0, x: 1, r: 2, a: 3, s: 3, c: 3 }[letter];
  if (slot !== undefined) seats[member][slot] += 1;
}
function start(member) { return Number(typeof data.start === "string" ? data.start : data.start[member]); }
function tokensAfter(member, place) {
  let tokens = start(member);
  for (const [when, amount] of changes.get(member) || []) { if (when > place) break; tokens += amount; }
  return tokens;
}

function make(tag, text, attributes) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  return node;
}
function row(cells) {
  const line = make("tr");
  for (const cell of cells) {
    const place = make("td");
    if (cell instanceof Node) place.append(cell); else place.textContent = cell;
    if (typeof cell === "number") place.className = "number";
    line.append(place);
  }
  return line;
}
function number(value, digits) { return Number(value).toLocaleString("en", { maximumFractionDigits: digits === undefined ? 2 : digits }); }
function short(text) { return text.length > 14 ? text.slice(0, 8) + "…" + text.slice(-4) : text; }
function link(hash, text) {
  if (!data.explorer || !hash) return text;
  const to = make("a", undefined, { href: data.explorer + hash, rel: "noreferrer" });
  to.append(text);
  return to;
}

function say(id, text) { if (el(id).textContent !== text) el(id).textContent = text; }
function showHead() {
  say("title", data.title);
  el("about").replaceChildren(...data.about.map((line) => make("li", line)));
}
const DISTANCE = new Intl.RelativeTimeFormat("en", { numeric: "always" });
function away(time) {
  const seconds = Math.round(time - Date.now() / 1000), size = Math.abs(seconds);
  const [unit, length] = size < 120 ? ["second", 1] : size < 7200 ? ["minute", 60] : size < 172800 ? ["hour", 3600] : ["day", 86400];
  return DISTANCE.format(Math.trunc(seconds / length), unit);
}
function showNow() {
  const list = el("now").querySelector("dl");
  el("now").hidden = !data.now.length;
  while (list.children.length > data.now.length) list.lastChild.remove();
  data.now.forEach(([label, value, time], place) => {
    const pair = list.children[place] || list.appendChild(make("div"));
    if (!pair.firstChild) pair.append(make("dt"), make("dd"));
    const told = [value, ...(time === null ? [] : [away(time)])].filter(Boolean).join(", ");
    [label, told].forEach((text, part) => { if (pair.children[part].textContent !== text) pair.children[part].textContent = text; });
  });
}

function votesOf(round, seat) {
  let yes = 0, no = 0;
  for (const [, , ballot] of round.v || []) if (ballot !== undefined) (ballot >> seat) & 1 ? yes++ : no++;
  return [yes, no];
}
function showRound() {
  const round = rounds[state.round];
  if (!round) { say("told", "No round has been played yet."); return; }
  el("slider").value = state.round + 1;
  el("where").textContent = `round ${round.n} of ${rounds[rounds.length - 1].n}`;
  const fates = (round.u || []).map((update) => update[1]);
  const many = (letter) => fates.filter((each) => each === letter).length;
  const opened = (round.v || []).filter((vote) => vote[1] === "r").length;
  const told = `Round ${round.n} is ${OUTCOMES[round.o]}: ${many("i")} updates included, ${many("x")} excluded, `
    + (many("u") ? `${many("u")} undecided, ` : "")
    + `${opened} of ${(round.v || []).length} ballots opened` + (round.p === undefined ? "." : `, ${number(round.p)} ${data.symbol} in the reward pool.`);
  if (el("told").textContent !== told) el("told").replaceChildren(round.l ? link(round.l, told) : told);
  const body = el("updates").tBodies[0];
  body.replaceChildren(...(round.u || []).map(([member, letter, root, hash], seat) => {
    const [yes, no] = votesOf(round, seat);
    const bar = make("span", "", { class: "bar", "aria-hidden": "true" });
    const part = make("i"); part.style.width = yes + no ? `${100 * yes / (yes + no)}%` : "100%";
    bar.append(part);
    const votes = make("span"); votes.append(bar, document.createTextNode(`${yes} yes, ${no} no`));
    return row([seat, who(member), FATES[letter].replace(/^update /, ""), votes, root ? link(hash, short(root)) : ""]);
  }));
  el("ballots").tBodies[0].replaceChildren(...(round.v || []).map(([member, letter, ballot]) => {
    const seatsOf = (round.u || []).map((_, seat) => seat).filter((seat) => (ballot >> seat) & 1);
    return row([who(member), FATES[letter], ballot === undefined ? "" : seatsOf.join(", ") || "none"]);
  }));
}
function who(member) {
  const button = make("button", short(data.members[member]) + (data.marks[member] ? ` (${data.marks[member]})` : ""),
    { type: "button", title: data.members[member], "data-member": member });
  button.addEventListener("click", () => choose(member, state.round));
  return button;
}

function showModels() {
  const until = models.filter((place) => place <= state.round);
  el("models").tBodies[0].replaceChildren(...until.slice(-MODELS).reverse().map((place) => {
    const round = rounds[place], before = until[until.indexOf(place) - 1];
    const makers = make("span");
    (round.u || []).filter(([, letter]) => letter === "i").forEach(([member]) => makers.append(who(member), " "));
    const scores = Object.entries((round.s || {}).run || {}).map(([name, value]) => `${name} ${value === null ? "unknown" : number(value, 3)}`);
    return row([String(round.n), link(round.l, make("span", short(round.m), { title: round.m })),
      before === undefined ? "the first model" : `round ${rounds[before].n}`, makers, scores.join(", ")]);
  }));
}

// The grid is painted where it is looked at alone, so that ten thousand members cost what fits on a screen.
const CELL = 12, canvas = el("grid"), frame = el("grid-frame");
const spacer = make("div");
frame.append(spacer);
function size() {
  spacer.style.cssText = `position:absolute;left:0;top:0;width:${Math.max(rounds.length, 1) * CELL}px;height:${count * CELL}px;pointer-events:none`;
  frame.style.height = `${Math.min(count * CELL, 396) + 16}px`;
  canvas.setAttribute("aria-label", `${count} members by ${rounds.length} rounds; the tables say the same in words`);
}
// Not by colour alone: what counted is filled, what was refused or missing is crossed out, what is not over is hollow.
function cell(pen, letter, x, y, style) {
  const wide = CELL - 1;
  pen.fillStyle = pen.strokeStyle = style.getPropertyValue(`--${letter}`);
  pen.lineWidth = 2;
  if ("csp".includes(letter)) { pen.strokeRect(x + 1, y + 1, wide - 2, wide - 2); return; }
  pen.fillRect(x, y, wide, wide);
  pen.strokeStyle = style.getPropertyValue("--paper");
  pen.lineWidth = 1.5;
  pen.beginPath();
  if ("xa".includes(letter)) { pen.moveTo(x + 2, y + 2); pen.lineTo(x + wide - 2, y + wide - 2); }
  if (letter === "x") { pen.moveTo(x + wide - 2, y + 2); pen.lineTo(x + 2, y + wide - 2); }
  if (letter === "u") { pen.moveTo(x + 2, y + wide / 2); pen.lineTo(x + wide - 2, y + wide / 2); }
  pen.stroke();
}
function showLegend() {
  const style = getComputedStyle(document.documentElement), ratio = window.devicePixelRatio || 1;
  el("legend").replaceChildren(...Object.entries(FATES).map(([letter, words]) => {
    const item = make("li"), mark = make("canvas", undefined, { width: CELL * ratio, height: CELL * ratio, "aria-hidden": "true" });
    mark.style.cssText = `width:${CELL}px;height:${CELL}px`;
    const pen = mark.getContext("2d");
    pen.scale(ratio, ratio);
    cell(pen, letter, 0, 0, style);
    item.append(mark, document.createTextNode(words));
    return item;
  }));
}
function paint() {
  const wide = frame.clientWidth, high = frame.clientHeight;
  const ratio = window.devicePixelRatio || 1;
  canvas.style.width = `${wide}px`; canvas.style.height = `${high}px`;
  canvas.width = wide * ratio; canvas.height = high * ratio;
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  pen.scale(ratio, ratio);
  const left = Math.floor(frame.scrollLeft / CELL), top = Math.floor(frame.scrollTop / CELL);
  const dx = left * CELL - frame.scrollLeft, dy = top * CELL - frame.scrollTop;
  for (let place = left; place <= Math.min(left + wide / CELL + 1, rounds.length - 1); place++) {
    for (let member = top; member <= Math.min(top + high / CELL + 1, count - 1); member++) {
      const letter = fate[place].get(member);
      if (letter) cell(pen, letter, dx + (place - left) * CELL, dy + (member - top) * CELL, style);
    }
  }
  pen.strokeStyle = style.getPropertyValue("--accent"); pen.lineWidth = 2;
  pen.strokeRect(dx + (state.round - left) * CELL - 1, -1, CELL + 1, high + 2);
  if (state.member >= 0) pen.strokeRect(-1, dy + (state.member - top) * CELL - 1, wide + 2, CELL + 1);
}
frame.addEventListener("scroll", () => requestAnimationFrame(paint));
function under(event) {
  const box = frame.getBoundingClientRect();
  const place = Math.floor((event.clientX - box.left - frame.clientLeft + frame.scrollLeft) / CELL);
  const member = Math.floor((event.clientY - box.top - frame.clientTop + frame.scrollTop) / CELL);
  return place < rounds.length && member < count ? [member, place] : null;
}
frame.addEventListener("click", (event) => { const found = under(event); if (found) choose(...found); });
frame.addEventListener("mousemove", (event) => { const found = under(event); frame.title = found ? seatOf(...found) : ""; });
frame.addEventListener("keydown", (event) => {
  const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || [0, 0];
  if (!across && !down) return;
  event.preventDefault();
  choose(Math.min(Math.max(state.member + down, 0), count - 1), Math.min(Math.max(state.round + across, 0), rounds.length - 1));
});
function intoView() {
  const x = state.round * CELL, y = state.member * CELL;
  if (x < frame.scrollLeft || x + CELL > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = x - frame.clientWidth / 2;
  if (state.member >= 0 && (y < frame.scrollTop || y + CELL > frame.scrollTop + frame.clientHeight)) frame.scrollTop = y - frame.clientHeight / 2;
}
function choose(member, place) {
  if (!count) return;
  state.member = member;
  go(place);
  showMember();
}
function go(place) {
  state.round = Math.min(Math.max(place, 0), Math.max(rounds.length - 1, 0));
  intoView(); showRound(); paint(); showPlace(); showScores(); showModels(); showTokens();
}
function seatOf(member, place) {
  const letter = fate[place].get(member);
  return `${data.members[member]}, round ${rounds[place].n}: ${letter ? FATES[letter] : "no seat"}`;
}
function showPlace() {
  if (state.member < 0 || !rounds.length) return;
  say("place", `${seatOf(state.member, state.round)}; ${number(tokensAfter(state.member, state.round))} ${data.symbol} after it.`);
}

// Charts are plain SVG: lines over rounds, with the chosen round marked.
function chart(id, lines, label) {
  const wide = Math.max(el(id).clientWidth, 280), high = 220, gap = 46, values = lines.flatMap((line) => line.values.filter((v) => v !== null));
  if (!values.length) { el(id).replaceChildren(make("p", "Nothing is known of this.")); return; }
  let low = Math.min(...extent(values)), top = Math.max(...extent(values));
  if (low === top) { low -= 0.5; top += 0.5; }
  const x = (place) => gap + (wide - gap - 8) * (rounds.length > 1 ? place / (rounds.length - 1) : 0.5);
  const y = (value) => high - 24 - (high - 36) * (value - low) / (top - low);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const add = (tag, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text !== undefined) node.textContent = text;
    svg.append(node);
  };
  svg.setAttribute("viewBox", `0 0 ${wide} ${high}`); svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${label}: ` + lines.map((line) => `${line.name} ${number(line.values[state.round], 3)}`).join(", "));
  for (const value of [low, (low + top) / 2, top]) {
    add("line", { x1: gap, x2: wide - 8, y1: y(value), y2: y(value), stroke: "var(--line)" });
    add("text", { x: 0, y: y(value) + 4 }, number(value, 3));
  }
  add("line", { x1: x(state.round), x2: x(state.round), y1: 8, y2: high - 24, stroke: "var(--soft)", "stroke-dasharray": "3 3" });
  lines.forEach((line, index) => {
    const points = line.values.map((v, place) => (v === null ? "" : `${x(place).toFixed(1)},${y(v).toFixed(1)}`)).filter(Boolean);
    add("polyline", { points: points.join(" "), fill: "none", stroke: COLOURS[index % COLOURS.length], "stroke-width": 2 });
  });
  add("text", { x: gap, y: high - 6 }, `round ${rounds[0].n}`);
  add("text", { x: wide - 8, y: high - 6, "text-anchor": "end" }, `round ${rounds[rounds.length - 1].n}`);
  const legend = make("ul", undefined, { class: "legend" });
  lines.forEach((line, index) => {
    const item = make("li"), mark = make("span");
    mark.style.background = COLOURS[index % COLOURS.length];
    const value = line.values[state.round];
    item.append(mark, document.createTextNode(`${line.name}: ${value === null || value === undefined ? "unknown" : number(value, 3)}`));
    legend.append(item);
  });
  el(id).replaceChildren(svg, legend);
}
function extent(values) { return values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]); }
function showScores() {
  const metric = el("metric").value;
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round.s || {})))];
  chart("scores-chart", names.map((name) => ({
    name: name === "run" ? "this run" : name.replaceAll("_", " "),
    values: rounds.map((round) => ((round.s || {})[name] || {})[metric] ?? null),
  })), `${metric} of the global model`);
}
function grouped() {
  const bad = (member) => (data.marks[member] || "").includes("malicious");
  const members = [...Array(count).keys()], kinds = members.some(bad)
    ? [["honest, mean", members.filter((m) => !bad(m))], ["malicious, mean", members.filter(bad)]] : [["all, mean", members]];
  return kinds.map(([name, own]) => {
    const among = new Set(own);
    let sum = own.reduce((total, member) => total + start(member), 0);
    const values = rounds.map((round) => {
      for (const [member, amount] of round.c || []) if (among.has(member)) sum += Number(amount);
      return own.length ? sum / own.length : null;
    });
    return { name, values };
  });
}
function showTokens() {
  const lines = [...groups];
  if (state.member >= 0) {
    let tokens = start(state.member), next = 0;
    const own = changes.get(state.member) || [];
    lines.push({ name: short(data.members[state.member]), values: rounds.map((_, place) => {
      while (next < own.length && own[next][0] <= place) tokens += own[next++][1];
      return tokens;
    }) });
  }
  chart("tokens-chart", lines, data.symbol);
}

function showMembers() {
  const wanted = el("find").value.trim().toLowerCase();
  const found = [...Array(count).keys()].filter((m) => data.members[m].toLowerCase().includes(wanted) || (data.marks[m] || "").includes(wanted));
  const key = (m) => (state.sort === 0 ? m : state.sort === 1 ? tokensNow[m] : seats[m][state.sort - 2]);
  found.sort((a, b) => (state.down ? key(b) - key(a) : key(a) - key(b)) || a - b);
  const pages = Math.max(Math.ceil(found.length / PAGE), 1);
  state.page = Math.min(Math.max(state.page, 0), pages - 1);
  el("page").textContent = `${found.length} member${found.length === 1 ? "" : "s"}, page ${state.page + 1} of ${pages}`;
  el("members").tBodies[0].replaceChildren(...found.slice(state.page * PAGE, (state.page + 1) * PAGE).map((m) => {
    const line = row([who(m), number(tokensNow[m]), ...seats[m].map(String), data.marks[m] || ""]);
    if (m === state.member) line.className = "chosen";
    return line;
  }));
}
function showMember() {
  showMembers();
  const own = changes.get(state.member) || [];
  el("member-heading").textContent = `${data.members[state.member]}: ${own.length} changes of its ${data.symbol}`;
  let tokens = start(state.member);
  el("changes").hidden = false;
  el("changes").tBodies[0].replaceChildren(...own.map(([place, amount, reason]) => {
    tokens += amount;
    return row([String(rounds[place].n), (amount > 0 ? "+" : "") + number(amount, 6), number(tokens, 6), data.reasons[reason]]);
  }));
}
function showGas() {
  const used = new Map();
  for (const round of rounds) for (const [call, [sent, gas]] of Object.entries(round.g || {})) {
    const [n, g, c] = used.get(call) || [0, 0, 0];
    used.set(call, [n + sent, g + gas, c + Number((round.k || {})[call] || 0)]);
  }
  const order = Object.keys(data.phases);
  const place = (call) => order.includes(call) ? order.indexOf(call) : order.length;
  const total = [...used.values()].reduce((sum, [, gas]) => sum + gas, 0);
  el("gas").hidden = !total;
  el("gas").querySelector("tbody").replaceChildren(...[...used].sort((a, b) => place(a[0]) - place(b[0]))
    .map(([call, [sent, gas, coin]]) => row([data.phases[call] || "", call, number(sent, 0), number(gas, 0), `${number(100 * gas / total, 1)} %`,
      coin ? number(coin, 9) : ""])));
}

function showMetrics() {
  const chosen = el("metric").value;
  el("metric").replaceChildren(...metrics.map((metric) => make("option", metric, { value: metric })));
  if (metrics.includes(chosen)) el("metric").value = chosen;
  el("scores").hidden = !metrics.length;
}
function showAll() {
  // What has the keyboard is drawn anew: its successor gets it.
  const held = document.activeElement, table = held.closest("table"), member = held.dataset.member;
  el("slider").max = Math.max(rounds.length, 1);
  el("lineage").hidden = !models.length;
  showHead(); showNow(); showMetrics(); size(); showMembers(); showGas(); go(state.round);
  if (state.member >= 0) showMember();
  if (table && member !== undefined) table.querySelector(`[data-member="${Number(member)}"]`)?.focus({ preventScroll: true });
}

function listen() {
  el("slider").addEventListener("input", () => go(Number(el("slider").value) - 1));
  el("back").addEventListener("click", () => go(state.round - 1));
  el("on").addEventListener("click", () => go(state.round + 1));
  el("play").addEventListener("click", play);
  el("metric").addEventListener("change", showScores);
  el("find").addEventListener("input", () => { state.page = 0; showMembers(); });
  el("fewer").addEventListener("click", () => { state.page -= 1; showMembers(); });
  el("more").addEventListener("click", () => { state.page += 1; showMembers(); });
  document.querySelectorAll("[data-sort]").forEach((button) => button.addEventListener("click", () => {
    const sort = Number(button.dataset.sort);
    state.down = state.sort === sort ? !state.down : true;
    state.sort = sort;
    showMembers();
  }));
  window.addEventListener("resize", () => { paint(); showScores(); showTokens(); });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { showLegend(); paint(); });
}
function play() {
  clearInterval(state.timer);
  const running = el("play").getAttribute("aria-pressed") === "true";
  el("play").setAttribute("aria-pressed", String(!running));
  el("play").textContent = running ? "Play" : "Stop";
  if (running) return;
  if (state.round >= rounds.length - 1) go(0);
  state.timer = setInterval(() => { if (state.round >= rounds.length - 1) play(); else go(state.round + 1); }, 250);
}
// A page that is served asks its own server what is new; one on a disk asks nobody.
async function follow(seconds) {
  if (el("follow").checked) {
    try {
      const answer = await fetch("data.json", { cache: "no-store" });
      if (!answer.ok) throw new Error((await answer.text()).slice(0, 400).trim());
      const told = await answer.json();
      if (el("follow").checked) renew(told);
      say("unheard", "");
    } catch (error) { say("unheard", `Nothing new is told: ${error.message}`); }
  }
  setTimeout(follow, 1000 * seconds, seconds);
}
function renew(told) {
  const now = JSON.stringify({ ...told, now: 0 });
  if (now === rest) { data.now = told.now; showNow(); return; }
  rest = now;
  take(told); showAll();
}
renew(JSON.parse(el("data").textContent));
listen(); showLegend();
setInterval(showNow, 1000);
const seconds = Number(document.body.dataset.follow);
el("following").hidden = !seconds;
if (seconds) setTimeout(follow, 1000 * seconds, seconds);
