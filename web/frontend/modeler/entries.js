import { isTextAreaEntryEdited, isTextFieldEntryEdited, TextAreaEntry, TextFieldEntry } from "@bpmn-io/properties-panel";
import { h } from "@bpmn-io/properties-panel/preact";
import { useService } from "bpmn-js-properties-panel";

const KINDS = {
  line: { component: makeComponent(TextFieldEntry), isEdited: isTextFieldEntryEdited },
  area: { component: makeComponent(TextAreaEntry), isEdited: isTextAreaEntryEdited },
};

/** Describe one text entry of the panel; `read()` gives its text, `write(text)` changes the diagram. */
export function makeEntry({ kind = "line", ...entry }) {
  return { ...entry, ...KINDS[kind] };
}

// One component for all entries of a kind: a new one at each change would take the focus away while somebody types.
function makeComponent(Entry) {
  return function TextEntry({ element, id, label, description, read, write }) {
    const debounce = useService("debounceInput");
    const getValue = () => read() ?? "";
    const setValue = (value) => write(value?.trim() ? value : undefined);
    return h(Entry, { element, id, label, description, debounce, getValue, setValue });
  };
}
