/** The labels as chips, with completion from the trained labels. */

import { lookup } from "./api.js";
import { make } from "./dom.js";
import { chipText, parseChip } from "./share.js";

const SHOWN = 12;

export class Labels {
  /** `elements`: chips, input, options, note. `changed` is called after each change. */
  constructor(elements, changed) {
    Object.assign(this, elements);
    this.changed = changed;
    this.chosen = [];
    this.trained = [];
    this.known = new Map();
    this.active = -1;
    this.input.addEventListener("input", () => this.suggest());
    this.input.addEventListener("click", () => this.suggest());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    // Before the blur, which would close the list.
    this.options.addEventListener("pointerdown", (event) => this.onPointer(event));
  }

  colorOf = (label) => this.known.get(label)?.color ?? "#cccccc";

  /** Labels as the service takes them. */
  asked() {
    return this.chosen.map(({ label, prompt }) => (prompt ? { label, prompt } : label));
  }

  async set(chosen, { silent = false } = {}) {
    this.chosen = chosen;
    await this.refresh();
    if (!silent) this.changed();
  }

  async add(text) {
    const chip = parseChip(text.trim().replace(/,$/, ""));
    this.input.value = "";
    this.close();
    const same = (other) => chipText(other).toLowerCase() === chipText(chip).toLowerCase();
    if (chip.label && !this.chosen.some(same)) await this.set([...this.chosen, chip]);
  }

  async remove(index) {
    await this.set(this.chosen.filter((_, i) => i !== index));
    const buttons = this.chips.querySelectorAll("button");
    (buttons[Math.min(index, buttons.length - 1)] ?? this.input).focus();
  }

  /** Look up what is new, and show the chips. */
  async refresh() {
    const asked = this.chosen.flatMap(({ label, prompt }) => [label, prompt ?? label]);
    const unknown = [...new Set(asked)].filter((label) => !this.known.has(label));
    try {
      for (const row of await lookup(unknown)) this.known.set(row.label, row);
    } catch {
      // Without it, chips have no colour; the next request tells what is wrong.
    }
    this.chips.replaceChildren(...this.chosen.map((chip, i) => this.chip(chip, i)));
    this.showNotes([]);
  }

  untrained({ label, prompt }) {
    const row = this.known.get(prompt ?? label);
    return Boolean(this.trained.length && row && row.trained === null);
  }

  chip(chip, index) {
    const item = make("li", { className: "chip", color: this.colorOf(chip.label) });
    item.append(make("b", {}, chip.label));
    if (chip.prompt) item.append(make("i", {}, `= ${chip.prompt}`));
    if (this.untrained(chip)) {
      const title = "The model was not trained on this label.";
      item.append(make("span", { className: "untrained", title }, "untrained"));
    }
    const name = `Remove ${chipText(chip)}`;
    const button = make("button", { type: "button", "aria-label": name, title: name }, "×");
    button.addEventListener("click", () => this.remove(index));
    item.append(button);
    return item;
  }

  /** Show what is known of untrained labels, and which ones find nothing, as an answer says. */
  showNotes(hidden) {
    const untrained = this.chosen.filter((chip) => this.untrained(chip));
    const lines = untrained.map((chip) => this.advice(chip));
    const why = "finds nothing: an earlier label has the same words.";
    lines.push(...hidden.map((label) => make("p", {}, `“${label}” ${why}`)));
    this.note.hidden = !lines.length;
    this.note.replaceChildren(...lines);
  }

  advice(chip) {
    const words = chip.prompt ?? chip.label;
    const { nearest } = this.known.get(words);
    const line = make("p", {}, `The model was not trained on “${words}” and may find little. `);
    if (nearest.length) line.append("Similar trained labels: ");
    for (const name of nearest) {
      const button = make("button", { type: "button" }, name);
      button.addEventListener("click", () => this.add(name));
      line.append(button, " ");
    }
    return line;
  }

  /** Trained labels that fit what is typed: those that begin with it first. */
  matches() {
    const typed = this.input.value.trim().toLowerCase();
    const taken = new Set(this.chosen.map(({ label }) => label.toLowerCase()));
    const rank = (row) => {
      const names = [row.label, ...row.prompt_variants].map((name) => name.toLowerCase());
      if (names[0].startsWith(typed)) return 0;
      if (names[0].includes(` ${typed}`)) return 1;
      if (names[0].includes(typed)) return 2;
      return names.some((name) => name.includes(typed)) ? 3 : 4;
    };
    return this.trained
      .filter((row) => !taken.has(row.label.toLowerCase()))
      .map((row) => ({ row, rank: typed ? rank(row) : 0 }))
      .filter((found) => found.rank < 4)
      .sort((a, b) => a.rank - b.rank || b.row.mentions - a.row.mentions)
      .slice(0, SHOWN)
      .map((found) => found.row);
  }

  suggest() {
    const rows = this.matches();
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.options.replaceChildren(...rows.map((row, i) => this.option(row, i)));
    this.options.hidden = !rows.length;
    this.input.setAttribute("aria-expanded", String(rows.length > 0));
  }

  option(row, index) {
    const about = row.examples.slice(0, 2).join(", ") || row.family;
    return make(
      "li",
      { id: `option-${index}`, role: "option", "aria-selected": "false", "data-label": row.label },
      row.label,
      make("small", {}, about),
    );
  }

  close() {
    this.options.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  move(step) {
    if (this.options.hidden) this.suggest();
    const options = [...this.options.children];
    if (!options.length) return;
    this.active = (this.active + step + options.length + (this.active < 0 && step < 0 ? 1 : 0))
      % options.length;
    options.forEach((option, i) => {
      option.setAttribute("aria-selected", String(i === this.active));
    });
    this.input.setAttribute("aria-activedescendant", options[this.active].id);
    options[this.active].scrollIntoView({ block: "nearest" });
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.move(step);
    } else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === ",") {
      event.preventDefault();
      const active = this.options.children[this.active];
      this.add(active ? active.dataset.label : this.input.value);
    } else if (event.key === "Escape") {
      this.close();
    } else if (event.key === "Backspace" && !this.input.value && this.chosen.length) {
      this.set(this.chosen.slice(0, -1));
    }
  }

  onPointer(event) {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    event.preventDefault();
    this.add(option.dataset.label);
  }
}
