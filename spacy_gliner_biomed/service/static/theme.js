/** Light or dark: what the system has, or what the user chose. */

import { stored } from "./storage.js";

export function setUpTheme(button) {
  const theme = stored("localStorage", "spacy-gliner-biomed-theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (theme.get() ? theme.get() === "dark" : system.matches);
  const apply = () => {
    if (theme.get()) document.documentElement.dataset.theme = theme.get();
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Use ${isDark() ? "light" : "dark"} colours`);
  };
  button.addEventListener("click", () => {
    theme.set(isDark() ? "light" : "dark");
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}
