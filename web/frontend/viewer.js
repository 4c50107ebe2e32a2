import { drawDiagrams } from "./viewer/draw.js";
import "./viewer/viewer.css";

if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", () => drawDiagrams(document));
} else {
  drawDiagrams(document);
}
// A diagram may arrive in a fragment of a page.
document.addEventListener("htmx:load", (event) => drawDiagrams(event.target));

window.suixu = { ...window.suixu, drawDiagrams };
