import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import "@/styles/tokens.css";
import "@/styles/base.css";

// A page that was opened before the last build asks for parts that are gone: the new page has them.
window.addEventListener("vite:preloadError", () => {
  location.reload();
});

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
