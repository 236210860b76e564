/** The service. Its errors become `Error` objects with `code` and `status`. */

import { stored } from "./storage.js";

/** What the service may ask for, see the option `--token-file`. */
export const token = stored("sessionStorage", "spacy-gliner-biomed-token");

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  let reply;
  try {
    reply = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer. Is it still running?");
  }
  const value = await reply.json().catch(() => ({}));
  if (reply.ok) return value;
  throw failure(value.error, reply.status);
}

function failure({ code = null, message = "The server failed." } = {}, status) {
  const error = new Error(code ? `${message} [${code}]` : message);
  return Object.assign(error, { code, status });
}

/** The trained labels, the defaults and the limits. */
export const catalogue = () => ask("/labels");

/** What is known of labels: the trained one, similar ones, the colour. */
export async function lookup(labels) {
  if (!labels.length) return [];
  const query = new URLSearchParams(labels.map((label) => ["label", label]));
  return (await ask(`/labels/lookup?${query}`)).labels;
}

/** The entities of a text, with offsets in code points and in UTF-16 units; labels without any. */
export async function annotate(text, settings, signal) {
  const answer = await ask("/annotate", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text, ...settings, utf16: true }),
    signal,
  });
  return { entities: answer.documents[0].entities, hidden: answer.hidden_labels };
}
