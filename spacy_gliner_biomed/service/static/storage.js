/** Values that the browser keeps; if it refuses to, they last until the page is closed. */

/** A value in `area`, "localStorage" or "sessionStorage"; null if there is none. */
export function stored(area, key) {
  let value = null;
  try {
    value = window[area].getItem(key);
  } catch {
    // Even the name of a storage that is refused throws.
  }
  const set = (next) => {
    value = next;
    try {
      window[area].setItem(key, next);
    } catch {
      // The page goes on with its own copy.
    }
  };
  return { get: () => value, set };
}
