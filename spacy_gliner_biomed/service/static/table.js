/** The entities as a table that can be sorted. */

import { make } from "./dom.js";
import { concept } from "./marks.js";

const COLUMNS = [
  { name: "text", title: "Text" },
  { name: "label", title: "Label" },
  { name: "score", title: "Score", number: true, digits: 2 },
  { name: "start", title: "Start", number: true },
  { name: "end", title: "End", number: true },
];
const CONCEPT = { name: "concept_id", title: "Concept" };

export class Table {
  constructor(table, { colorOf, choose }) {
    this.table = table;
    this.colorOf = colorOf;
    this.choose = choose;
    this.sort = { name: "start", down: false };
    this.entities = [];
  }

  show(entities) {
    this.entities = entities;
    const linked = entities.some((entity) => entity.concept_id);
    this.columns = linked ? [...COLUMNS, CONCEPT] : COLUMNS;
    this.table.tHead.replaceChildren(make("tr", {}, ...this.columns.map((c) => this.head(c))));
    this.fill();
  }

  head(column) {
    const sorted = this.sort.name === column.name;
    const button = make("button", { type: "button" }, column.title);
    button.addEventListener("click", () => this.sortBy(column.name));
    const cell = make("th", { scope: "col", className: column.number ? "number" : "" }, button);
    if (sorted) cell.setAttribute("aria-sort", this.sort.down ? "descending" : "ascending");
    return cell;
  }

  sortBy(name) {
    const again = this.sort.name === name;
    this.sort = { name, down: again ? !this.sort.down : name === "score" };
    this.show(this.entities);
    const index = this.columns.findIndex((column) => column.name === name);
    this.table.tHead.rows[0].cells[index].firstChild.focus();
  }

  fill() {
    const { name, down } = this.sort;
    const compare = new Intl.Collator("en", { sensitivity: "base", numeric: true }).compare;
    const key = (entity) => entity[name] ?? "";
    const order = this.entities.map((entity, index) => ({ entity, index }));
    order.sort((a, b) => {
      const [x, y] = [key(a.entity), key(b.entity)];
      const difference = typeof x === "number" ? x - y : compare(x, y);
      return (down ? -difference : difference) || a.index - b.index;
    });
    this.table.tBodies[0].replaceChildren(...order.map((each) => this.row(each)));
  }

  row({ entity, index }) {
    const row = make("tr", { "data-index": index });
    for (const { name, number, digits } of this.columns) {
      const cell = make("td", { className: number ? "number" : "" });
      if (name === "text") {
        const button = make("button", { type: "button" }, entity.text);
        button.addEventListener("click", () => this.choose(index));
        cell.append(button);
      } else if (name === "label") {
        const color = this.colorOf(entity.label);
        cell.append(make("span", { className: "dot", color }), entity.label);
      } else if (name === "concept_id") {
        if (entity.concept_id) cell.append(concept(entity), ` ${entity.concept_name ?? ""}`);
      } else {
        cell.append(digits ? entity[name].toFixed(digits) : String(entity[name]));
      }
      row.append(cell);
    }
    return row;
  }

  mark(index) {
    for (const row of this.table.tBodies[0].rows) {
      row.classList.toggle("current", Number(row.dataset.index) === index);
    }
  }
}
