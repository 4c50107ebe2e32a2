import { SelectEntry } from "@bpmn-io/properties-panel";
import { h } from "@bpmn-io/properties-panel/preact";
import { useEffect, useRef, useState } from "@bpmn-io/properties-panel/preact/hooks";
import { useService } from "bpmn-js-properties-panel";

import { useFault } from "./check.js";

const KINDS = { line: LineEntry, area: AreaEntry, choice: ChoiceEntry };

/**
 * Describe one entry of the panel; `read()` gives its text, `write(text)` changes the diagram.
 *
 * `list` names the known names that are offered while one types, `many` that each word of the text is one of them;
 * `feel` is what the engine is to take the text for; `options()` are those of a choice: `[{value, label}]`.
 */
export function makeEntry({ kind = "line", ...entry }) {
  return { ...entry, component: KINDS[kind], isEdited: (node) => Boolean(node?.value) };
}

function LineEntry(props) {
  return h(TextEntry, { ...props, tag: "input", type: "text", key: props.element.id });
}

function AreaEntry(props) {
  return h(TextEntry, { ...props, tag: "textarea", rows: 3, key: props.element.id });
}

function ChoiceEntry({ element, id, label, description, read, write, options }) {
  return h(SelectEntry, {
    element,
    id,
    label,
    description,
    getValue: () => read() ?? "",
    setValue: write,
    getOptions: options,
  });
}

function TextEntry({ id, label, description, read, write, list, many, feel, tag, type, rows }) {
  const house = useService("config.suixu", false) ?? {};
  const value = String(read() ?? "");
  const [typed, setTyped] = useState(value);
  // What comes back of what was typed is older than what has been typed since.
  const sent = useRef(value);
  useEffect(() => {
    // Read anew: it is told late, and `value` may be older than what has been typed since.
    const now = String(read() ?? "");
    if (now !== sent.current) {
      sent.current = now;
      setTyped(now);
    }
  }, [value]);
  const fault = useFault(house.check, feel, typed);
  const name = `bio-properties-panel-${id}`;
  const offers = offersFor(typeof list === "function" ? list() : (house.known?.[list] ?? []), many ? typed : "");
  const change = (text) => {
    setTyped(text);
    const said = text.trim() ? text : "";
    if (said !== sent.current) {
      sent.current = said;
      write(said || undefined);
    }
  };
  const about = [`${name}-fault`, description && `${name}-hint`].filter(Boolean).join(" ");
  return h("div", { class: `bio-properties-panel-entry${fault ? " has-error" : ""}`, "data-entry-id": id }, [
    h("div", { class: `bio-properties-panel-text${tag === "input" ? "field" : "area"}` }, [
      h("label", { for: name, class: "bio-properties-panel-label" }, label),
      h(tag, {
        id: name,
        name: id,
        type,
        rows,
        class: "bio-properties-panel-input",
        value: typed,
        list: offers.length ? `${name}-list` : undefined,
        autocomplete: "off",
        spellcheck: false,
        "aria-describedby": about,
        "aria-invalid": fault ? "true" : undefined,
        onInput: (event) => change(event.target.value),
        onBlur: (event) => change(event.target.value.trim()),
      }),
    ]),
    offers.length > 0 &&
      h("datalist", { id: `${name}-list` }, offers.map((offer) => h("option", { ...offer, key: offer.value }))),
    h("div", { id: `${name}-fault`, class: "bio-properties-panel-error", "aria-live": "polite" }, fault),
    description && h("div", { id: `${name}-hint`, class: "bio-properties-panel-description" }, description),
  ]);
}

/** Where a text holds several names, each is offered behind those that are there. */
function offersFor(names, typed) {
  const before = /^(.*[\s:])?/s.exec(typed)[0];
  return before ? names.map(({ value, label }) => ({ value: `${before}${value}`, label })) : names;
}
