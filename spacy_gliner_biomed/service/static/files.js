/** Text files. */

/** Read a file as UTF-8, with its line ends as they are. */
export async function readFile(file, limit = Infinity) {
  if (file.size > limit) throw new Error(`${file.name} is larger than ${limit} bytes.`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(`${file.name} is not UTF-8 text. Save it as UTF-8 and open it again.`);
  }
}
