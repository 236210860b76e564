/* The table view: counts of what is shown, for each label, each text and each relation. */

const ROWS = 300; // shown at first
const TABLES = {
  labels: {
    title: "Labels",
    columns: [
      { name: "label", title: "Label" },
      { name: "n", title: "Count", number: true },
      { name: "texts", title: "Unique texts", number: true },
      { name: "documents", title: "Documents", number: true },
      { name: "mean", title: "Mean score", number: true, digits: 2 },
    ],
    sort: { name: "n", down: true },
    limit: ROWS,
  },
  texts: {
    title: "Entities",
    columns: [
      { name: "text", title: "Text" },
      { name: "label", title: "Label" },
      { name: "n", title: "Count", number: true },
      { name: "documents", title: "Documents", number: true },
      { name: "mean", title: "Mean score", number: true, digits: 2 },
      { name: "concept", title: "Concept" },
    ],
    sort: { name: "n", down: true },
    limit: ROWS,
  },
  relations: {
    title: "Relations",
    columns: [
      { name: "head", title: "Head" },
      { name: "relation", title: "Relation" },
      { name: "tail", title: "Tail" },
      { name: "n", title: "Count", number: true },
      { name: "documents", title: "Documents", number: true },
      { name: "mean", title: "Mean score", number: true, digits: 2 },
    ],
    sort: { name: "n", down: true },
    limit: ROWS,
  },
};
const collator = new Intl.Collator("en", { sensitivity: "base", numeric: true });

/** Count the entities that are shown; `keyOf` says which ones belong together. */
function group(keyOf) {
  const rows = new Map();
  for (const entity of entities) {
    if (!entity.shown) continue;
    const key = keyOf(entity);
    if (!rows.has(key)) {
      const { label, color } = entity;
      rows.set(key, { label, color, entities: [], texts: new Set(), documents: new Set() });
    }
    const row = rows.get(key);
    row.entities.push(entity);
    row.texts.add(textOf(entity).toLowerCase());
    row.documents.add(entity.article);
  }
  return [...rows.values()].map(summarize);
}

function summarize(row) {
  const scores = row.entities.map(({ score }) => score).filter((score) => score !== null);
  const { dataset } = row.entities[0].marks[0];
  return {
    ...row,
    text: textOf(row.entities[0]),
    n: row.entities.length,
    texts: row.texts.size,
    documents: row.documents.size,
    mean: scores.length ? scores.reduce((a, b) => a + b) / scores.length : null,
    concept: dataset.concept ?? "",
    dataset,
  };
}

function showTables() {
  if (!tablesAreOld) return;
  tablesAreOld = false;
  TABLES.labels.rows = group(({ label }) => label);
  TABLES.texts.rows = group((entity) => {
    const concept = entity.marks[0].dataset.concept ?? "";
    return JSON.stringify([entity.label, textOf(entity).toLowerCase(), concept]);
  });
  if (TABLES.relations) TABLES.relations.rows = groupRelations();
  redraw();
}

function tableOf(name) {
  const { title, rows, limit } = TABLES[name];
  const linked = rows.some((row) => row.concept);
  const columns = TABLES[name].columns.filter((column) => column.name !== "concept" || linked);
  const head = make("tr", {}, ...columns.map((column) => headOf(name, column)));
  const sorted = [...rows].sort(comparison(TABLES[name]));
  const body = sorted.slice(0, limit).map((row) => rowOf(columns, row));
  const id = `table-${name}`;
  const table = make("table", { id, "aria-labelledby": `${id}-title` });
  table.append(make("thead", {}, head), make("tbody", {}, ...body));
  const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region" }, table);
  scroll.setAttribute("aria-labelledby", `${id}-title`);
  const parts = [make("h2", { id: `${id}-title` }, title), scroll];
  if (rows.length > limit) parts.push(moreOf(name, rows.length - limit));
  return parts;
}

function moreOf(name, rest) {
  const more = make("button", { type: "button", className: "more" });
  more.textContent = `Show more (${rest.toLocaleString("en")} left)`;
  more.addEventListener("click", () => {
    TABLES[name].limit += 10 * ROWS;
    redraw();
  });
  return more;
}

function headOf(table, { name, title, number }) {
  const { sort } = TABLES[table];
  const button = make("button", { type: "button", id: `sort-${table}-${name}` }, title);
  button.addEventListener("click", () => {
    const again = sort.name === name;
    TABLES[table].sort = { name, down: again ? !sort.down : Boolean(number) };
    redraw();
    find(button.id).focus();
  });
  const cell = make("th", { scope: "col", className: number ? "number" : "" }, button);
  if (sort.name === name) cell.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
  return cell;
}

function redraw() {
  find("tables").replaceChildren(...Object.keys(TABLES).flatMap(tableOf));
}

function comparison({ columns, sort: { name, down } }) {
  const first = columns[0].name;
  return (one, two) => {
    const [a, b] = [one[name], two[name]];
    const difference = typeof a === "string" ? collator.compare(a, b) : (a ?? -1) - (b ?? -1);
    return (down ? -difference : difference) || collator.compare(one[first], two[first]);
  };
}

function rowOf(columns, row) {
  return make("tr", {}, ...columns.map(({ name, number, digits }) => {
    const cell = make("td", { className: number ? "number" : "" });
    if (name === "label") {
      cell.append(make("span", { className: "dot", color: row.color }), row.label);
    } else if (name === "text") {
      const title = "Show in text";
      const button = make("button", { type: "button", title }, make("bdi", {}, row.text));
      button.addEventListener("click", () => step(1, row.entities));
      cell.append(button);
    } else if (name === "concept") {
      if (row.concept) cell.append(...conceptOf(row.dataset));
    } else if (row[name] !== null) {
      cell.append(digits ? row[name].toFixed(digits) : row[name].toLocaleString("en"));
    }
    return cell;
  }));
}

function showView() {
  const asTable = find("view-table").checked;
  find("tables").hidden = !asTable;
  find("texts").hidden = asTable;
  if (asTable) {
    close();
    showTables();
  }
}

setUpTheme();
setUpLegend();
setUpMarks();
setUpRelations();
articles.forEach(showCount);
showState();
slider.addEventListener("input", applyFilters);
find("all").addEventListener("click", () => switchAll(true));
find("none").addEventListener("click", () => switchAll(false));
for (const id of ["view-text", "view-table"]) find(id).addEventListener("change", showView);
find("found-only").addEventListener("change", (event) => {
  document.body.classList.toggle("found-only", event.target.checked);
});
// A browser may have kept the state of controls when the page is loaded again.
showView();
document.body.classList.toggle("found-only", find("found-only").checked);
applyFilters();
for (const element of document.querySelectorAll(".scripted")) element.hidden = false;
