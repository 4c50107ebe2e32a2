import zn from "bpmn-js-i18n/translations/zn.js";
import zhDiagram from "bpmn-js-i18n-zh/lib/bpmn-js/index.js";
import zhPanel from "bpmn-js-i18n-zh/lib/properties-panel/index.js";

import { OURS } from "./words.js";

const WORDS = new Map(Object.entries({ ...zn, ...zhDiagram, ...zhPanel }).map(([key, text]) => [plain(key), text]));
for (const [key, text] of Object.entries(OURS)) {
  WORDS.set(plain(key), text);
}

/** What was shown in English because nobody has translated it yet. */
export const untranslated = new Set();

/** The libraries write one word as "User Task", "User task" and "user-task". */
function plain(key) {
  return key.toLowerCase().replace(/[-()\s]+/g, " ").trim();
}

function translate(template, replacements = {}) {
  const text = WORDS.get(plain(template));
  if (text === undefined && /[A-Za-z]{2}/.test(template)) {
    untranslated.add(template);
  }
  return (text ?? template).replace(/{([^}]+)}/g, (_, key) => replacements[key] ?? `{${key}}`);
}

export const TranslateModule = { translate: ["value", translate] };
