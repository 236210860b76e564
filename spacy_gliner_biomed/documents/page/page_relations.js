/* Relations: rows below a text. Pointing at a row, or a focus in it, shows both ends. */

const relations = [...document.querySelectorAll("tr.relation")].map((row) => {
  const { head, tail, relation, score } = row.dataset;
  const article = articleOf.get(row.closest("article"));
  article.related += 1;
  const ends = { head: entities[head], tail: entities[tail] };
  return { ...ends, row, article, label: relation, score: Number(score), shown: true };
});
const relationOf = new Map(relations.map((relation) => [relation.row, relation]));

/** A relation is shown if both ends are, and its score is high enough. */
function filterRelations() {
  const changed = new Set();
  for (const relation of relations) {
    const shown = isHigh(relation.score) && relation.head.shown && relation.tail.shown;
    if (shown === relation.shown) continue;
    relation.shown = shown;
    relation.row.hidden = !shown;
    relation.article.related += shown ? 1 : -1;
    changed.add(relation.article);
  }
  for (const article of changed) {
    article.element.querySelector(".scroll").hidden = !article.related;
    showCount(article);
  }
}

/** The text of relations after a number of entities: nothing on a page without any. */
function countRelations(n) {
  return n ? `, ${count(n, "relation", "relations")}` : "";
}

let pointed = null;

function point(relation) {
  if (relation === pointed) return;
  const marks = (which) => [...which.head.marks, ...which.tail.marks];
  if (pointed) for (const mark of marks(pointed)) mark.classList.remove("related");
  if (relation) for (const mark of marks(relation)) mark.classList.add("related");
  pointed = relation;
}

/** The relations of an entity, for its details. */
function relationsOf(entity) {
  return relations.filter(({ shown, head, tail }) => shown && (head === entity || tail === entity))
    .map(({ head, tail, label, score }) => {
      const [arrow, other] = head === entity ? ["→", tail] : ["←", head];
      const text = make("bdi", {}, textOf(other));
      return [label, [`${arrow} `, text, ` ${score.toFixed(2)}`]];
    });
}

function groupRelations() {
  const rows = new Map();
  for (const relation of relations) {
    if (!relation.shown) continue;
    const [head, tail] = [textOf(relation.head), textOf(relation.tail)];
    const key = JSON.stringify([head.toLowerCase(), relation.label, tail.toLowerCase()]);
    const row = rows.get(key) ?? { head, tail, relation: relation.label, sum: 0, n: 0, in: new Set() };
    row.sum += relation.score;
    row.n += 1;
    row.in.add(relation.article);
    rows.set(key, row);
  }
  return [...rows.values()].map((row) => (
    { ...row, documents: row.in.size, mean: row.sum / row.n }
  ));
}

function setUpRelations() {
  const texts = find("texts");
  for (const { row, head, tail } of relations) {
    const cells = row.querySelectorAll(".end");
    for (const [i, entity] of [head, tail].entries()) {
      const button = make("button", { type: "button", title: "Show in text" });
      button.append(cells[i].firstChild);
      button.addEventListener("click", () => choose(entity));
      cells[i].prepend(button);
    }
  }
  const pointAt = (event) => point(relationOf.get(event.target.closest?.("tr.relation")) ?? null);
  for (const name of ["mouseover", "focusin"]) texts.addEventListener(name, pointAt);
  for (const name of ["mouseleave", "focusout"]) texts.addEventListener(name, () => point(null));
  if (!relations.length) delete TABLES.relations;
}
