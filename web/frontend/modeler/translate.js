import zn from "bpmn-js-i18n/translations/zn.js";
import zhDiagram from "bpmn-js-i18n-zh/lib/bpmn-js/index.js";
import zhPanel from "bpmn-js-i18n-zh/lib/properties-panel/index.js";

import { OURS } from "./words.js";

const WORDS = { ...zn, ...zhDiagram, ...zhPanel, ...OURS };

/** What was shown in English because nobody has translated it yet. */
export const untranslated = new Set();

function translate(template, replacements = {}) {
  const text = WORDS[template] ?? WORDS[template.charAt(0).toUpperCase() + template.slice(1)];
  if (text === undefined && /[A-Za-z]{2}/.test(template)) {
    untranslated.add(template);
  }
  return (text ?? template).replace(/{([^}]+)}/g, (_, key) => replacements[key] ?? `{${key}}`);
}

export const TranslateModule = { translate: ["value", translate] };
