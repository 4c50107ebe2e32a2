import { is } from "bpmn-js/lib/util/ModelUtil";

import { makeEntry } from "./entries.js";

const LABELS = {
  "suixu:In": { source: "本流程的变量或表达式", target: "子流程里的名字" },
  "suixu:Out": { source: "子流程里的名字", target: "本流程的变量" },
};

/** Give the list of variables that a call activity passes in (`suixu:In`) or takes out (`suixu:Out`). */
export function makeMappings(element, type, tools) {
  if (!is(element, "bpmn:CallActivity")) {
    return null;
  }
  const found = (element.businessObject.extensionElements?.values ?? []).filter((one) => is(one, type));
  return {
    items: found.map((mapping, index) => makeItem(element, mapping, `${type.replace(":", "-")}-${index}`, tools)),
    add: (event) => {
      event.stopPropagation();
      addMapping(element, type, tools);
    },
  };
}

function makeItem(element, mapping, id, tools) {
  const labels = LABELS[mapping.$type];
  return {
    id,
    label: [mapping.source, mapping.target].filter(Boolean).join(" → ") || "（未填）",
    entries: ["source", "target"].map((name) =>
      makeEntry({
        id: `${id}-${name}`,
        label: labels[name],
        read: () => mapping[name],
        write: (value) => tools.modeling.updateModdleProperties(element, mapping, { [name]: value }),
      }),
    ),
    autoFocusEntry: `${id}-source`,
    remove: (event) => {
      event.stopPropagation();
      setValues(element, (values) => values.filter((one) => one !== mapping), tools);
    },
  };
}

function addMapping(element, type, tools) {
  const mapping = tools.bpmnFactory.create(type, {});
  setValues(element, (values) => [...values, mapping], tools);
}

function setValues(element, change, { bpmnFactory, modeling }) {
  const object = element.businessObject;
  const values = change(object.extensionElements?.values ?? []);
  const extensionElements = values.length ? bpmnFactory.create("bpmn:ExtensionElements", { values }) : undefined;
  for (const value of values) {
    value.$parent = extensionElements;
  }
  if (extensionElements) {
    extensionElements.$parent = object;
  }
  modeling.updateProperties(element, { extensionElements });
}
