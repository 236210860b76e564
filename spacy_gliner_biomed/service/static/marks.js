/** The text with its entities marked, flat or nested. */

import { make } from "./dom.js";

/** A concept's id as a link, or as text if the service knows no page of it. */
export function concept({ concept_id, concept_name, concept_url }) {
  const title = concept_name ?? "";
  if (!concept_url) return make("span", { title }, concept_id);
  return make("a", { href: concept_url, title, target: "_blank", rel: "noreferrer" }, concept_id);
}

function mark(entity, index, color) {
  const element = make("mark", {
    className: "entity",
    color,
    tabIndex: -1,
    "data-index": index,
    "data-start": entity.start,
    "data-end": entity.end,
  });
  const score = make("span", {}, entity.score.toFixed(2));
  const tag = make("span", { className: "tag" }, entity.label, score);
  if (entity.concept_id) tag.append(make("span", {}, concept(entity)));
  return { element, tag };
}

/**
 * Show a text with marks.
 *
 * Entities are in UTF-16 units, as strings of JavaScript are. Those that contain others are nested;
 * one that would cross another (which no view gives) would be left to the table.
 */
export function showMarks(box, text, entities, colorOf) {
  const order = entities
    .map((entity, index) => ({ entity, index }))
    .sort((a, b) => a.entity.start_utf16 - b.entity.start_utf16
      || b.entity.end_utf16 - a.entity.end_utf16
      || a.index - b.index);
  const fragment = document.createDocumentFragment();
  const open = [{ element: fragment, end: text.length }];
  let at = 0;
  const top = () => open[open.length - 1];
  const write = (end) => {
    if (end > at) top().element.append(text.slice(at, end));
    at = Math.max(at, end);
  };
  const closeUntil = (start) => {
    while (open.length > 1 && top().end <= start) {
      write(top().end);
      const { element, tag } = open.pop();
      element.append(tag);
    }
  };
  for (const { entity, index } of order) {
    closeUntil(entity.start_utf16);
    if (entity.end_utf16 > top().end) continue;
    write(entity.start_utf16);
    const { element, tag } = mark(entity, index, colorOf(entity.label));
    top().element.append(element);
    open.push({ element, tag, end: entity.end_utf16 });
  }
  closeUntil(text.length);
  write(text.length);
  box.replaceChildren(fragment);
}

/** Arrow keys move between the marks of a box; `choose` gets the index of an entity. */
export function moveWithKeys(box, choose) {
  box.addEventListener("click", (event) => {
    const found = event.target.closest(".entity");
    if (found && !event.target.closest("a")) choose(Number(found.dataset.index));
  });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const marks = [...box.querySelectorAll(".entity")];
    if (!step || !marks.length || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const now = marks.findIndex((each) => each.classList.contains("current"));
    const next = now < 0 && step < 0 ? marks.length - 1 : now + step;
    const target = marks[Math.min(Math.max(next, 0), marks.length - 1)];
    choose(Number(target.dataset.index));
  });
}
