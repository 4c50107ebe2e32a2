import { is, isAny } from "bpmn-js/lib/util/ModelUtil";

import { own } from "./changes.js";
import { makeEntry } from "./entries.js";
import { eventOf } from "./events.js";

const CARRYING = ["bpmn:MessageEventDefinition", "bpmn:SignalEventDefinition"];
const CALL = {
  "suixu:In": { title: "传给子流程的变量", source: "本流程的变量或表达式", target: "子流程里的名字" },
  "suixu:Out": { title: "从子流程取回的变量", source: "子流程里的名字", target: "本流程的变量" },
};
const SENT = {
  "suixu:In": { title: "随它带去的变量", source: "本流程的变量或表达式", target: "对方收到的名字" },
  "suixu:Out": { title: "从它取出的变量", source: "对方带来的名字", target: "本流程的变量" },
};

/** Give the lists of variables that a call, a message or a signal takes along (`suixu:In`) and brings (`suixu:Out`). */
export function mappingLists(element, tools) {
  return Object.keys(CALL)
    .filter((type) => mayCarry(element, type))
    .map((type) => makeList(element, type, is(element, "bpmn:CallActivity") ? CALL[type] : SENT[type], tools));
}

function mayCarry(element, type) {
  if (is(element, "bpmn:Event")) {
    const carries = eventOf(element) && isAny(eventOf(element), CARRYING);
    return carries && is(element, "bpmn:ThrowEvent") === (type === "suixu:In");
  }
  return isAny(element, ["bpmn:CallActivity", type === "suixu:In" ? "bpmn:SendTask" : "bpmn:ReceiveTask"]);
}

function makeList(element, type, words, tools) {
  const found = (element.businessObject.extensionElements?.values ?? []).filter((one) => is(one, type));
  const id = type.replace(":", "-").toLowerCase();
  return {
    id,
    label: words.title,
    items: found.map((mapping, index) => makeItem(element, mapping, `${id}-${index}`, words, tools)),
    add: (event) => {
      event.stopPropagation();
      const mapping = tools.bpmnFactory.create(type, {});
      setValues(element, (values) => [...values, mapping], tools);
    },
  };
}

function makeItem(element, mapping, id, words, tools) {
  return {
    id,
    label: [mapping.source, mapping.target].filter(Boolean).join(" → ") || "（未填）",
    entries: ["source", "target"].map((name) =>
      makeEntry({
        id: `${id}-${name}`,
        label: words[name],
        feel: name === "target" ? "name" : is(mapping, "suixu:Out") ? "foreign" : "expression",
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

function setValues(element, change, { bpmnFactory, modeling }) {
  const object = element.businessObject;
  const values = change(object.extensionElements?.values ?? []);
  const extensionElements = values.length ? bpmnFactory.create("bpmn:ExtensionElements", { values }) : undefined;
  if (extensionElements) {
    own(extensionElements, ...values);
    own(object, extensionElements);
  }
  modeling.updateProperties(element, { extensionElements });
}
