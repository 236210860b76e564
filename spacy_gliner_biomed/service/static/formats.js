/** What a result can be saved as. Offsets count code points, as in Python. */

const COLUMNS = [
  "document", "start", "end", "text", "label", "score",
  "concept_id", "concept_name", "concept_score",
];

/** The entities without what only this page needs: the keys of `spacy gliner annotate`. */
function plain(entities) {
  return entities.map(({ start_utf16, end_utf16, concept_url, ...entity }) => entity);
}

function json({ id, text, entities }) {
  return `${JSON.stringify({ id, text, entities: plain(entities) }, null, 2)}\n`;
}

function csv({ id, entities }) {
  const rows = entities.map((entity) => COLUMNS.map((name) => cell({ document: id, ...entity }[name])));
  return `\ufeff${[COLUMNS, ...rows].map((row) => `${row.join(",")}\r\n`).join("")}`;
}

/** A cell of CSV. A spreadsheet would run one that begins like a formula: it gets a ' in front. */
function cell(value) {
  let text = String(value ?? "");
  if (typeof value === "string" && /^ *[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function bioc({ id, text, entities }) {
  const kind = (name) => ({ bioctype: `BioC${name}` });
  const annotations = entities.map((entity, i) => ({
    id: `T${i + 1}`,
    infons: {
      type: entity.label,
      score: entity.score,
      ...(entity.concept_id ? { identifier: entity.concept_id } : {}),
      ...(entity.concept_name ? { name: entity.concept_name } : {}),
    },
    text: entity.text,
    locations: [{ offset: entity.start, length: entity.end - entity.start }],
  }));
  const none = { sentences: [], relations: [] };
  const passage = { ...kind("Passage"), offset: 0, infons: {}, text, ...none, annotations };
  const inner = { id, infons: {}, passages: [passage], annotations: [], relations: [] };
  const collection = {
    ...kind("Collection"),
    source: "spacy-gliner-biomed",
    date: new Date().toISOString().slice(0, 10),
    key: "",
    version: "1.0",
    infons: {},
    documents: [{ ...kind("Document"), ...inner }],
  };
  return `${JSON.stringify(collection, null, 2)}\n`;
}

/** A value as Python writes it. */
function literal(value) {
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value && typeof value === "object") {
    const pairs = Object.entries(value).map(([key, inner]) => `${literal(key)}: ${literal(inner)}`);
    return `{${pairs.join(", ")}}`;
  }
  return JSON.stringify(value);
}

function python({ settings, pipeline }) {
  const { labels, threshold, overlap, multi_label, alignment } = settings;
  const name = literal(pipeline.component);
  const options = Object.entries({ labels, threshold, overlap, multi_label, alignment });
  const lines = options.map(([key, value]) => `    ${literal(key)}: ${literal(value)},`);
  const load = [`nlp = spacy.load(${literal(pipeline.name)})`];
  if (pipeline.source !== "pipeline") {
    const model = { model: { checkpoint: pipeline.name } };
    const config = pipeline.source === "packaged" ? "" : `, config=${literal(model)}`;
    load[0] = `nlp = spacy.blank(${literal(pipeline.lang)})`;
    load.push(`nlp.add_pipe("gliner_biomed"${config})`);
  }
  const group = `doc.spans[${literal(pipeline.spans_key)}]`;
  return [
    "import spacy",
    "",
    ...load,
    "options = {",
    ...lines,
    "}",
    `doc = nlp(text, component_cfg={${name}: options})`,
    `for span, score in zip(${group}, ${group}.attrs["scores"]):`,
    "    print(span.start_char, span.end_char, span.text, span.label_, round(score, 2))",
    "",
  ].join("\n");
}

export const FORMATS = {
  json: { write: json, file: "entities.json", type: "application/json" },
  csv: { write: csv, file: "entities.csv", type: "text/csv" },
  bioc: { write: bioc, file: "entities.bioc.json", type: "application/json" },
  python: { write: python, file: "entities.py", type: "text/x-python" },
};

