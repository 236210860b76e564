/* Filters, theme and details of the page; without a script, it shows all marks. */

const find = (id) => document.getElementById(id);

/** Make an element: properties, a label's colour, children and texts. Text is never HTML. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "color") element.style.setProperty("--label", value);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function count(n, one, many) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

/* The entities: an entity has several marks if it crosses another. */

const articles = [...document.querySelectorAll("article")].map((element) => ({
  element,
  name: element.querySelector("h2 bdi").textContent,
  counter: element.querySelector("h2 span"),
  shown: 0,
  related: 0,
}));
const articleOf = new Map(articles.map((article) => [article.element, article]));
const entities = [];
const labels = new Map();

for (const mark of document.querySelectorAll(".entity")) {
  const { i, label, score } = mark.dataset;
  if (label === undefined) {
    entities[i].marks.push(mark);
    continue;
  }
  const article = articleOf.get(mark.closest("article"));
  const color = mark.style.getPropertyValue("--label");
  const number = score === undefined ? null : Number(score);
  entities[i] = { marks: [mark], label, color, score: number, article, shown: true };
  article.shown += 1;
  if (!labels.has(label)) labels.set(label, { label, color, on: true, shown: 0 });
  labels.get(label).shown += 1;
}

/** The text of an entity, in one line, without the tags inside. */
function textOf(entity) {
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.classList.contains("tag")) return "";
    return [...node.childNodes].map(walk).join("");
  };
  entity.text ??= entity.marks.map(walk).join("").replace(/\s+/g, " ").trim();
  return entity.text;
}

/* Filters */

const slider = find("threshold");
const legend = find("legend");
let tablesAreOld = true;

/** Whether a score is high enough. At the lowest value, the page shows all that was found. */
function isHigh(score) {
  const minimum = Number(slider.value); // as a number: the value "0.3" is the minimum "0.30"
  return minimum === Number(slider.min) || score === null || score > minimum;
}

function passes(entity) {
  return isHigh(entity.score) && labels.get(entity.label).on;
}

function applyFilters() {
  const changed = new Set();
  for (const entity of entities) {
    const shown = passes(entity);
    if (shown === entity.shown) continue;
    entity.shown = shown;
    for (const mark of entity.marks) mark.classList.toggle("off", !shown);
    entity.article.shown += shown ? 1 : -1;
    labels.get(entity.label).shown += shown ? 1 : -1;
    changed.add(entity.article);
  }
  changed.forEach(showCount);
  filterRelations();
  if (chosen && !chosen.shown) close();
  showState();
}

function showCount(article) {
  const found = count(article.shown, "entity", "entities");
  article.counter.textContent = found + countRelations(article.related);
  article.element.classList.toggle("bare", !article.shown);
}

function showState() {
  find("threshold-value").textContent = Number(slider.value).toFixed(2);
  for (const key of legend.querySelectorAll(".key")) {
    const { on, shown } = labels.get(key.dataset.label);
    key.setAttribute("aria-pressed", String(on));
    key.querySelector("b").textContent = shown.toLocaleString("en");
  }
  const shown = [...labels.values()].reduce((sum, label) => sum + label.shown, 0);
  const all = count(entities.length, "entity", "entities");
  const part = shown === entities.length ? all : `${shown.toLocaleString("en")} of ${all}`;
  const related = countRelations(relations.filter((relation) => relation.shown).length);
  const documents = count(articles.length, "document", "documents");
  find("status").textContent = `${part}${related} in ${documents}`;
  tablesAreOld = true;
  if (find("view-table").checked) showTables();
}

function setUpLegend() {
  const listed = new Set();
  for (const key of legend.querySelectorAll(".key")) {
    const { label } = key.dataset;
    listed.add(label);
    const color = key.style.getPropertyValue("--label");
    if (!labels.has(label)) labels.set(label, { label, color, on: true, shown: 0 });
    key.append(" ", make("b"));
  }
  for (const { label, color } of labels.values()) {
    if (listed.has(label)) continue; // entities that the input had before
    const key = make("button", { type: "button", className: "key", color }, label, " ", make("b"));
    key.dataset.label = label;
    legend.append(make("li", {}, key));
  }
  for (const key of legend.querySelectorAll(".key")) {
    key.addEventListener("click", () => {
      const state = labels.get(key.dataset.label);
      state.on = !state.on;
      applyFilters();
    });
  }
}

function switchAll(on) {
  for (const state of labels.values()) state.on = on;
  applyFilters();
}

/* Light or dark: what the system has, or what the reader chose. */

function setUpTheme() {
  const KEY = "spacy-gliner-biomed-theme";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const button = find("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use ${isDark() ? "light" : "dark"} colours`);
  };
  try {
    const stored = localStorage.getItem(KEY);
    if (stored === "light" || stored === "dark") root.dataset.theme = stored;
  } catch {
    // A browser may refuse to store anything for files.
  }
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem(KEY, root.dataset.theme);
    } catch {
      // It holds until the page is closed.
    }
    show();
  });
  system.addEventListener("change", show);
  show();
}

/* Details of one entity */

let chosen = null;

function choose(entity) {
  close();
  chosen = entity;
  if (find("view-table").checked) {
    find("view-text").checked = true;
    showView();
  }
  for (const mark of entity.marks) mark.classList.add("current");
  entity.marks[0].scrollIntoView({ block: "nearest" });
  find("detail-text").replaceChildren(...detailsOf(entity));
  find("detail").hidden = false;
  if (find("detail").contains(document.activeElement)) return;
  entity.article.element.querySelector(".text").focus({ preventScroll: true });
}

function close() {
  if (chosen) for (const mark of chosen.marks) mark.classList.remove("current");
  chosen = null;
  find("detail").hidden = true;
}

function conceptOf({ concept, url, name }) {
  const id = url ? make("a", { href: url, target: "_blank", rel: "noreferrer" }, concept) : concept;
  return name ? [id, ` ${name}`] : [id];
}

function detailsOf(entity) {
  const { dataset } = entity.marks[0];
  const list = make("dl");
  const add = (name, ...values) => list.append(make("dt", {}, name), make("dd", {}, ...values));
  add("Label", make("span", { className: "chip", color: entity.color }, entity.label));
  if (entity.score !== null) add("Score", entity.score.toFixed(4));
  add("Characters", `${dataset.start}–${dataset.end}`);
  add("Document", make("bdi", {}, entity.article.name));
  if (dataset.concept) add("Concept", ...conceptOf(dataset));
  if (dataset.link) add("Link score", Number(dataset.link).toFixed(4));
  for (const [name, values] of relationsOf(entity)) add(name, ...values);
  for (const [name, value] of Object.entries(JSON.parse(dataset.more ?? "{}"))) {
    add(name, value === null ? "–" : typeof value === "string" ? value : JSON.stringify(value));
  }
  return [make("h2", {}, make("bdi", {}, textOf(entity))), list];
}

/** Go to the next entity that is shown, of the whole page or of some entities. */
function step(by, among = entities) {
  const visible = among.filter((entity) => entity.shown);
  const now = visible.indexOf(chosen);
  const next = now < 0 ? 0 : (now + by + visible.length) % visible.length;
  if (visible.length) choose(visible[next]);
}

function setUpMarks() {
  const texts = find("texts");
  texts.addEventListener("click", (event) => {
    const mark = event.target.closest(".entity:not(.off)");
    if (mark && !event.target.closest("a")) choose(entities[mark.dataset.i]);
  });
  // Left and right go through the entities of a text that has the focus.
  for (const { element } of articles) element.querySelector(".text").tabIndex = 0;
  texts.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const article = articleOf.get(event.target.closest("article"));
    if (!by || !article || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    step(by, entities.filter((entity) => entity.article === article));
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && close());
  find("previous").addEventListener("click", () => step(-1));
  find("next").addEventListener("click", () => step(1));
  find("close").addEventListener("click", close);
}
