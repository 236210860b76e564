/** The settings in the URL's fragment, all of them, as services differ; never the text. */

const NAMES = ["threshold", "overlap", "multi"];

/** A chip as text, and back: "LABEL" or "LABEL = words". */
export function chipText({ label, prompt }) {
  return prompt && prompt !== label ? `${label} = ${prompt}` : label;
}

export function parseChip(text) {
  const [label, ...rest] = text.split("=").map((part) => part.trim());
  const prompt = rest.join("=");
  return label && prompt && prompt !== label ? { label, prompt } : { label: label || prompt };
}

export function toFragment({ labels, threshold, overlap, multi }) {
  const query = new URLSearchParams(labels.map((chip) => ["label", chipText(chip)]));
  query.set("threshold", threshold.toFixed(2));
  query.set("overlap", overlap);
  query.set("multi", multi ? "1" : "0");
  return `#${query}`;
}

/** What a fragment sets; what it does not name is left out. */
export function fromFragment(fragment) {
  const query = new URLSearchParams(fragment.replace(/^#/, ""));
  const settings = {};
  const labels = query.getAll("label").map(parseChip).filter(({ label }) => label);
  if (labels.length) settings.labels = labels;
  for (const name of NAMES) if (query.has(name)) settings[name] = query.get(name);
  if ("threshold" in settings) {
    settings.threshold = Number(settings.threshold);
    if (!(settings.threshold >= 0 && settings.threshold <= 1)) delete settings.threshold;
  }
  if (!["flat", "nested"].includes(settings.overlap)) delete settings.overlap;
  if (["0", "1"].includes(settings.multi)) settings.multi = settings.multi === "1";
  else delete settings.multi;
  return settings;
}
