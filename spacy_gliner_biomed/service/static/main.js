/** Wires the page: text and settings in, marks, table and files out. */

import { annotate, catalogue, token } from "./api.js";
import { copy, count, find, make, save } from "./dom.js";
import { EXAMPLES } from "./examples.js";
import { readFile } from "./files.js";
import { FORMATS } from "./formats.js";
import { Labels } from "./labels.js";
import { concept, moveWithKeys, showMarks } from "./marks.js";
import { fromFragment, parseChip, toFragment } from "./share.js";
import { Table } from "./table.js";
import { setUpTheme } from "./theme.js";

const FLOOR = 0.05; // the page holds all scores above it, so that the slider needs no request

const page = {
  text: "", // as it was typed or in the file; a text area changes line ends
  id: "text",
  service: null, // what /labels tells
  result: null, // the text, its settings, and all entities above the floor
  shown: [], // the entities above the slider's threshold
  running: null,
};

const threshold = () => Number(find("threshold").value);
const overlap = () => (find("nested").checked ? "nested" : "flat");
const multi = () => find("multi").checked;

const labels = new Labels(
  {
    chips: find("chips"),
    input: find("label"),
    options: find("options"),
    note: find("unfamiliar"),
  },
  () => settingsChanged(),
);
const table = new Table(find("table"), { colorOf: labels.colorOf, choose });

function say(message) {
  find("status").textContent = message;
}

function complain(error) {
  find("problem").hidden = !error;
  find("problem").textContent = error?.message ?? "";
  if (error?.status === 401) {
    find("access").hidden = false;
    find("access").open = true;
    find("token").focus();
  }
}

function setText(text, id = "text") {
  page.text = text;
  page.id = id;
  find("text").value = text;
  showLength();
}

function showLength() {
  const n = [...page.text].length;
  const limit = page.service?.limits.max_characters ?? Infinity;
  find("length").textContent = `${count(n, "character")}${n > limit ? `, at most ${limit}` : ""}`;
  find("length").classList.toggle("over", n > limit);
  find("result").classList.toggle("stale", Boolean(page.result) && page.result.text !== page.text);
}

function remember() {
  const settings = { labels: labels.chosen, threshold: threshold(), overlap: overlap(), multi: multi() };
  history.replaceState(null, "", toFragment(settings));
}

function settingsChanged() {
  remember();
  if (page.result && page.result.text === page.text) run();
}

/** Ask the service for all entities above the floor. */
async function run() {
  if (!page.text.trim()) return complain(new Error("There is no text yet."));
  if (!labels.chosen.length) return complain(new Error("Choose at least one label."));
  complain(null);
  page.running?.abort();
  const running = (page.running = new AbortController());
  const settings = { labels: labels.asked(), overlap: overlap(), multi_label: multi() };
  const { text, id } = page;
  const started = performance.now();
  find("annotate").disabled = true;
  say("Reading…");
  try {
    const asked = { ...settings, threshold: FLOOR };
    const { entities, hidden } = await annotate(text, asked, running.signal);
    labels.showNotes(hidden);
    page.result = { text, id, settings, entities, seconds: (performance.now() - started) / 1000 };
    show();
  } catch (error) {
    if (error.name === "AbortError") return;
    say("");
    complain(error);
  } finally {
    if (page.running === running) find("annotate").disabled = false;
  }
}

/** Show what is above the slider's threshold. */
function show() {
  const { result } = page;
  if (!result) return;
  const minimum = threshold();
  page.shown = result.entities.filter(({ score }) => score > minimum);
  find("empty").hidden = true;
  find("result").hidden = false;
  showLength();
  showMarks(find("marked"), result.text, page.shown, labels.colorOf);
  table.show(page.shown);
  showCounts();
  find("detail").replaceChildren();
  showPreview();
  const found = count(page.shown.length, "entity", "entities");
  say(`${found} above ${minimum.toFixed(2)} (${result.entities.length} above ${FLOOR}), `
    + `${result.seconds.toFixed(2)} s`);
}

function showCounts() {
  const counts = new Map(labels.chosen.map(({ label }) => [label, 0]));
  for (const { label } of page.shown) counts.set(label, (counts.get(label) ?? 0) + 1);
  const items = [...counts].map(([label, n]) =>
    make("li", { color: labels.colorOf(label) }, label, make("b", {}, String(n))));
  find("counts").replaceChildren(...items);
}

/** Make one entity the current one, in the text and in the table. */
function choose(index) {
  const entity = page.shown[index];
  for (const mark of find("marked").querySelectorAll(".entity")) {
    const current = Number(mark.dataset.index) === index;
    mark.classList.toggle("current", current);
    if (current) mark.scrollIntoView({ block: "nearest" });
  }
  table.mark(index);
  const about = `${entity.text}: ${entity.label}, score ${entity.score.toFixed(3)}, `
    + `characters ${entity.start} to ${entity.end}`;
  find("detail").replaceChildren(about);
  if (entity.concept_id) find("detail").append(", ", concept(entity), ` ${entity.concept_name ?? ""}`);
}

function written() {
  const { result, service, shown } = page;
  const settings = {
    ...result.settings,
    threshold: threshold(),
    alignment: service.defaults.alignment,
  };
  const format = FORMATS[find("format").value];
  const values = { id: result.id, text: result.text, entities: shown, settings };
  return { ...format, content: format.write({ ...values, pipeline: service.pipeline }) };
}

function showPreview() {
  if (page.result && page.service) find("preview").textContent = written().content;
}

async function copyWith(button, text) {
  const label = button.textContent;
  button.textContent = (await copy(text)) ? "Copied" : "Not allowed by the browser";
  setTimeout(() => (button.textContent = label), 1500);
}

async function openFile(file) {
  try {
    setText(await readFile(file, page.service?.limits.max_bytes), file.name);
    complain(null);
    if (labels.chosen.length) await run();
  } catch (error) {
    complain(error);
  }
}

async function openExample(index) {
  const example = EXAMPLES[index];
  if (!example) return;
  setText(example.text, example.name);
  await labels.set(example.labels.map(parseChip), { silent: true });
  remember();
  await run();
}

/** Take settings from the fragment; what it lacks comes from the service. */
async function restore(defaults) {
  const given = fromFragment(location.hash);
  const chips = (defaults?.labels ?? []).map((label) =>
    typeof label === "string" ? { label } : { label: label.label, prompt: label.prompt });
  const minimum = given.threshold ?? defaults?.threshold;
  if (minimum !== undefined) find("threshold").value = minimum;
  find("threshold-value").textContent = threshold().toFixed(2);
  find(given.overlap ?? defaults?.overlap ?? overlap()).checked = true;
  find("multi").checked = given.multi ?? defaults?.multi_label ?? multi();
  if (given.labels || defaults) await labels.set(given.labels ?? chips, { silent: true });
}

async function start() {
  try {
    page.service = await catalogue();
  } catch (error) {
    return complain(error);
  }
  complain(null);
  const { pipeline, defaults, labels: trained } = page.service;
  const model = pipeline.source === "packaged" ? "The packaged model" : pipeline.name;
  const n = trained.length ? `, ${count(trained.length, "trained label")} and any other` : "";
  find("pipeline").textContent = model + n;
  labels.trained = trained;
  showLength();
  await restore(defaults);
}

function listen() {
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  find("text").addEventListener("input", (event) => {
    page.text = event.target.value;
    page.id = "text";
    showLength();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
  });
  find("threshold").addEventListener("input", () => {
    find("threshold-value").textContent = threshold().toFixed(2);
    show();
    remember();
  });
  for (const id of ["flat", "nested", "multi"]) find(id).addEventListener("change", settingsChanged);
  find("open").addEventListener("click", () => find("file").click());
  find("file").addEventListener("change", (event) => {
    if (event.target.files[0]) openFile(event.target.files[0]);
    event.target.value = "";
  });
  find("example").append(...EXAMPLES.map(({ name }, i) => make("option", { value: String(i) }, name)));
  find("example").addEventListener("change", (event) => {
    if (event.target.value) openExample(Number(event.target.value));
    event.target.value = "";
  });
  find("format").addEventListener("change", showPreview);
  find("copy").addEventListener("click", (event) => copyWith(event.target, written().content));
  find("share").addEventListener("click", (event) => copyWith(event.target, location.href));
  find("download").addEventListener("click", () => {
    const { content, file, type } = written();
    save(content, file, type);
  });
  find("token").addEventListener("change", async (event) => {
    token.set(event.target.value.trim());
    if (!page.service) await start();
  });
  window.addEventListener("hashchange", async () => {
    await restore(null);
    show();
    settingsChanged();
  });
  moveWithKeys(find("marked"), choose);
  dropFiles(find("drop"));
}

function dropFiles(zone) {
  const over = (is) => zone.classList.toggle("over", is);
  zone.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    over(true);
  });
  zone.addEventListener("dragleave", () => over(false));
  zone.addEventListener("drop", (event) => {
    over(false);
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    openFile(file);
  });
}

setUpTheme(find("theme"));
listen();
start();
