// Light or dark: the system's choice, unless somebody has made one here. public/theme.js applies it before the first paint.

export type Theme = "system" | "light" | "dark";

const key = "insta.theme";

export function theme(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export function setTheme(chosen: Theme): void {
  if (chosen === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
  try {
    if (chosen === "system") localStorage.removeItem(key);
    else localStorage.setItem(key, chosen);
  } catch {
    // It lasts until the page is closed.
  }
}
