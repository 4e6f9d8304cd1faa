// What was chosen with the switch; without a choice the style sheet follows the system.
try {
  const theme = localStorage.getItem("paaks.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: nothing was chosen.
}
