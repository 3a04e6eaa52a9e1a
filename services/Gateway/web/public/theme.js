// Before the first paint: the colours that somebody chose over those of the system.
try {
  const theme = localStorage.getItem("insta.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is switched off: the system's colours.
}
