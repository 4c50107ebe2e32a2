import { isTextAreaEntryEdited, isTextFieldEntryEdited, TextAreaEntry, TextFieldEntry } from "@bpmn-io/properties-panel";
import { h } from "@bpmn-io/properties-panel/preact";
import { useService } from "bpmn-js-properties-panel";

const KINDS = {
  line: { entry: TextFieldEntry, isEdited: isTextFieldEntryEdited },
  area: { entry: TextAreaEntry, isEdited: isTextAreaEntryEdited },
};

/** Describe one text entry of the panel; `read()` gives its text, `write(text)` changes the diagram. */
export function makeEntry({ id, label, description, read, write, kind = "line" }) {
  const { entry, isEdited } = KINDS[kind];
  const component = ({ element }) => {
    const debounce = useService("debounceInput");
    return h(entry, {
      element,
      id,
      label,
      description,
      debounce,
      getValue: () => read() ?? "",
      setValue: (value) => write(value?.trim() ? value : undefined),
    });
  };
  return { id, component, isEdited };
}
