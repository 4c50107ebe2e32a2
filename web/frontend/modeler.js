import { attachModeler } from "./modeler/attach.js";
import { openModeler } from "./modeler/open.js";
import { untranslated } from "./modeler/translate.js";
import "./modeler/modeler.css";

window.suixu = { ...window.suixu, openModeler, untranslated };

if (document.readyState === "loading") {
  document.addEventListener("DOMContentLoaded", () => attachModeler(document));
} else {
  attachModeler(document);
}
