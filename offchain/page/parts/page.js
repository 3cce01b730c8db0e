"use strict";
// Texts go into the document by textContent alone: names of deployments and attacks are strangers' words.
const data = JSON.parse(document.getElementById("data").textContent);
const rounds = data.rounds, count = data.members.length;
const el = (id) => document.getElementById(id);
const FATES = { i: "update included", x: "update excluded", u: "update undecided", p: "update published", c: "update not shown",
  r: "ballot opened", s: "ballot not opened", a: "seat not used" };
const OUTCOMES = { d: "decided", v: "void", o: "open" };
const PAGE = 50, COLOURS = ["var(--accent)", "var(--x)", "var(--i)", "var(--c)", "var(--s)"];
const state = { round: Math.max(rounds.length - 1, 0), member: -1, sort: 1, down: true, page: 0, timer: 0 };

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
  return make("a", text, { href: data.explorer + hash, rel: "noreferrer" });
}

// Members by rounds: what became of each seat, and tokens after each round.
const fate = rounds.map(() => new Map());
const start = (member) => Number(typeof data.start === "string" ? data.start : data.start[member]);
const changes = new Map();
const seats = Array.from({ length: count }, () => [0, 0, 0, 0]);
rounds.forEach((round, place) => {
  for (const [member, letter] of round.u || []) enter(place, member, letter);
  for (const [member, letter] of round.v || []) enter(place, member, letter);
  for (const [member, amount, reason] of round.c || []) {
    if (!changes.has(member)) changes.set(member, []);
    changes.get(member).push([place, Number(amount), reason]);
  }
});
function enter(place, member, letter) {
  fate[place].set(member, letter);
  const slot = { i: 0, x: 1, r: 2, a: 3, s: 3, c: 3 }[letter];
  if (slot !== undefined) seats[member][slot] += 1;
}
function tokensAfter(member, place) {
  let tokens = start(member);
  for (const [when, amount] of changes.get(member) || []) { if (when > place) break; tokens += amount; }
  return tokens;
}

function showHead() {
  el("title").textContent = data.title;
  data.about.forEach((line) => el("about").append(make("li", line)));
  if (!data.now.length) return;
  el("now").hidden = false;
  for (const [label, value] of data.now) {
    const pair = make("div");
    pair.append(make("dt", label), make("dd", value));
    el("now").querySelector("dl").append(pair);
  }
}

function votesOf(round, seat) {
  let yes = 0, no = 0;
  for (const [, , ballot] of round.v || []) if (ballot !== undefined) (ballot >> seat) & 1 ? yes++ : no++;
  return [yes, no];
}
function showRound() {
  const round = rounds[state.round];
  if (!round) { el("told").textContent = "No round has been played yet."; return; }
  el("slider").value = state.round + 1;
  el("where").textContent = `round ${round.n} of ${rounds[rounds.length - 1].n}`;
  const fates = (round.u || []).map((update) => update[1]);
  const many = (letter) => fates.filter((each) => each === letter).length;
  const opened = (round.v || []).filter((vote) => vote[1] === "r").length;
  el("told").textContent = `Round ${round.n} is ${OUTCOMES[round.o]}: ${many("i")} updates included, ${many("x")} excluded, `
    + (many("u") ? `${many("u")} undecided, ` : "")
    + `${opened} of ${(round.v || []).length} ballots opened` + (round.p === undefined ? "." : `, ${number(round.p)} ${data.symbol} in the reward pool.`);
  const body = el("updates").tBodies[0];
  body.replaceChildren(...(round.u || []).map(([member, letter, root, hash], seat) => {
    const [yes, no] = votesOf(round, seat);
    const bar = make("span", "", { class: "bar", "aria-hidden": "true" });
    const part = make("i"); part.style.width = yes + no ? `${100 * yes / (yes + no)}%` : "100%";
    bar.append(part);
    const votes = make("span"); votes.append(bar, document.createTextNode(`${yes} yes, ${no} no`));
    return row([seat, who(member), FATES[letter], votes, root ? link(hash, short(root)) : ""]);
  }));
  el("ballots").tBodies[0].replaceChildren(...(round.v || []).map(([member, letter, ballot]) => {
    const seatsOf = (round.u || []).map((_, seat) => seat).filter((seat) => (ballot >> seat) & 1);
    return row([who(member), FATES[letter], ballot === undefined ? "" : seatsOf.join(", ") || "none"]);
  }));
}
function who(member) {
  const button = make("button", short(data.members[member]) + (data.marks[member] ? ` (${data.marks[member]})` : ""), { type: "button", title: data.members[member] });
  button.addEventListener("click", () => choose(member, state.round));
  return button;
}

// The grid is painted where it is looked at alone, so that ten thousand members cost what fits on a screen.
const CELL = 12, canvas = el("grid"), frame = el("grid-frame");
const spacer = make("div");
spacer.style.cssText = `position:absolute;left:0;top:0;width:${Math.max(rounds.length, 1) * CELL}px;height:${count * CELL}px;pointer-events:none`;
frame.append(spacer);
frame.style.height = `${Math.min(count * CELL, 396) + 16}px`;
function paint() {
  const wide = frame.clientWidth, high = frame.clientHeight;
  const ratio = window.devicePixelRatio || 1;
  canvas.style.width = `${wide}px`; canvas.style.height = `${high}px`;
  canvas.width = wide * ratio; canvas.height = high * ratio;
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const colour = Object.fromEntries(Object.keys(FATES).map((letter) => [letter, style.getPropertyValue(`--${letter}`)]));
  pen.scale(ratio, ratio);
  const left = Math.floor(frame.scrollLeft / CELL), top = Math.floor(frame.scrollTop / CELL);
  const dx = left * CELL - frame.scrollLeft, dy = top * CELL - frame.scrollTop;
  for (let place = left; place <= Math.min(left + wide / CELL + 1, rounds.length - 1); place++) {
    for (let member = top; member <= Math.min(top + high / CELL + 1, count - 1); member++) {
      const letter = fate[place].get(member);
      if (letter) { pen.fillStyle = colour[letter]; pen.fillRect(dx + (place - left) * CELL, dy + (member - top) * CELL, CELL - 1, CELL - 1); }
    }
  }
  pen.strokeStyle = style.getPropertyValue("--accent"); pen.lineWidth = 2;
  pen.strokeRect(dx + (state.round - left) * CELL - 1, -1, CELL + 1, high + 2);
  if (state.member >= 0) pen.strokeRect(-1, dy + (state.member - top) * CELL - 1, wide + 2, CELL + 1);
}
canvas.setAttribute("aria-label", `${count} members by ${rounds.length} rounds; the table of members below says the same in words`);
frame.addEventListener("scroll", () => requestAnimationFrame(paint));
frame.addEventListener("click", (event) => {
  const box = frame.getBoundingClientRect();
  const place = Math.floor((event.clientX - box.left - frame.clientLeft + frame.scrollLeft) / CELL);
  const member = Math.floor((event.clientY - box.top - frame.clientTop + frame.scrollTop) / CELL);
  if (place < rounds.length && member < count) choose(member, place);
});
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
  intoView(); showRound(); paint(); showPlace(); showScores(); showTokens();
}
function showPlace() {
  if (state.member < 0 || !rounds.length) return;
  const letter = fate[state.round].get(state.member);
  el("place").textContent = `${data.members[state.member]}, round ${rounds[state.round].n}: ${letter ? FATES[letter] : "no seat"}; `
    + `${number(tokensAfter(state.member, state.round))} ${data.symbol} after it.`;
}

// Charts are plain SVG: lines over rounds, with the chosen round marked.
function chart(id, lines, label) {
  const wide = 720, high = 220, gap = 46, values = lines.flatMap((line) => line.values.filter((v) => v !== null));
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
const metrics = [...new Set(rounds.flatMap((round) => Object.values(round.s || {}).flatMap(Object.keys)))];
function showScores() {
  const metric = el("metric").value;
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round.s || {})))];
  chart("scores-chart", names.map((name) => ({
    name: name === "run" ? "this run" : name.replaceAll("_", " "),
    values: rounds.map((round) => ((round.s || {})[name] || {})[metric] ?? null),
  })), `${metric} of the global model`);
}
const GROUPS = groups();
function groups() {
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
  const lines = [...GROUPS];
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

const tokensNow = [...Array(count).keys()].map((member) => tokensAfter(member, rounds.length));
function showMembers() {
  const wanted = el("find").value.trim().toLowerCase();
  const found = [...Array(count).keys()].filter((m) => data.members[m].toLowerCase().includes(wanted) || (data.marks[m] || "").includes(wanted));
  const key = (m) => (state.sort === 0 ? m : state.sort === 1 ? tokensNow[m] : seats[m][state.sort - 2]);
  found.sort((a, b) => (state.down ? key(b) - key(a) : key(a) - key(b)) || a - b);
  const pages = Math.max(Math.ceil(found.length / PAGE), 1);
  state.page = Math.min(Math.max(state.page, 0), pages - 1);
  el("page").textContent = `${found.length} members, page ${state.page + 1} of ${pages}`;
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
  if (!total) { el("gas").hidden = true; return; }
  el("gas").querySelector("tbody").replaceChildren(...[...used].sort((a, b) => place(a[0]) - place(b[0]))
    .map(([call, [sent, gas, coin]]) => row([data.phases[call] || "", call, number(sent, 0), number(gas, 0), `${number(100 * gas / total, 1)} %`,
      coin ? number(coin, 9) : ""])));
}

function listen() {
  el("slider").max = Math.max(rounds.length, 1);
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
  window.addEventListener("resize", paint);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
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
showHead();
for (const [letter, words] of Object.entries(FATES)) {
  const item = make("li"), mark = make("span");
  mark.style.background = `var(--${letter})`;
  item.append(mark, document.createTextNode(words));
  el("legend").append(item);
}
metrics.forEach((metric) => el("metric").append(make("option", metric, { value: metric })));
el("scores").hidden = !metrics.length;
listen(); showMembers(); showGas(); go(state.round);
