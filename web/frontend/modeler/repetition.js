import { is } from "bpmn-js/lib/util/ModelUtil";
import { isEventSubProcess } from "bpmn-js/lib/util/DiUtil";

import { bodyOf, own, writeBody } from "./changes.js";
import { makeEntry } from "./entries.js";

const MULTI = "bpmn:MultiInstanceLoopCharacteristics";
const LOOP = "bpmn:StandardLoopCharacteristics";
const WAYS = [
  { value: "", label: "只办一次" },
  { value: "parallel", label: "逐项办理（同时）", type: MULTI, attributes: {} },
  { value: "sequential", label: "逐项办理（依次）", type: MULTI, attributes: { isSequential: true } },
  { value: "loop", label: "循环，条件成立就再办", type: LOOP, attributes: {} },
];
const ITERATION = [
  {
    name: "suixu:collection",
    label: "逐项的清单",
    description: "给出清单的 FEEL 表达式，每一项各办一次；和次数只填一个",
    feel: "expression",
  },
  { name: "loopCardinality", label: "次数", description: "整数，或给出整数的 FEEL 表达式", feel: "cardinality", body: true },
  { name: "suixu:item", label: "每一项叫什么", description: "变量名", feel: "name" },
  { name: "suixu:result", label: "结果清单叫什么", description: "变量名；按清单的次序收集", feel: "name" },
  { name: "suixu:resultItem", label: "每一项的结果取自", description: "FEEL 表达式，如变量名", feel: "expression" },
  {
    name: "completionCondition",
    label: "提前结束的条件",
    description: 'FEEL 表达式，每办完一项看一次，如 numberOfCompletedInstances >= 2、outcome = "return"；成立后其余各项取消',
    feel: "expression",
    body: true,
  },
];
const AGAIN = [
  { name: "loopCondition", label: "再办一遍的条件", description: "FEEL 表达式", feel: "expression", body: true },
  { name: "loopMaximum", label: "最多几遍", description: "1 到 10000 的整数；不填则不限" },
];

/** Give the entries that say how often an activity is carried out. */
export function repetitionEntries(element, tools) {
  if (!is(element, "bpmn:Activity") || isEventSubProcess(element)) {
    return [];
  }
  const found = element.businessObject.loopCharacteristics;
  const fields = found ? (is(found, LOOP) ? AGAIN : ITERATION) : [];
  return [
    wayEntry(element, found, tools),
    ...fields.map((field) => fieldEntry(field, element, found, tools)),
    ...(found && is(found, LOOP) ? [orderEntry(element, found, tools)] : []),
  ];
}

function wayEntry(element, found, { bpmnFactory, modeling }) {
  const present = found && (is(found, LOOP) ? "loop" : found.get("isSequential") ? "sequential" : "parallel");
  return makeEntry({
    id: "suixu-repetition",
    label: "办几次",
    kind: "choice",
    read: () => present,
    options: () => WAYS,
    write: (value) => {
      const { type, attributes } = WAYS.find((way) => way.value === value);
      if (found && type === found.$type) {
        modeling.updateModdleProperties(element, found, { isSequential: attributes.isSequential });
        return;
      }
      const loopCharacteristics = type && bpmnFactory.create(type, attributes);
      if (loopCharacteristics) {
        own(element.businessObject, loopCharacteristics);
      }
      modeling.updateProperties(element, { loopCharacteristics });
    },
  });
}

function fieldEntry({ name, body, ...field }, element, holder, tools) {
  return makeEntry({
    ...field,
    id: name.replace(":", "-"),
    read: () => (body ? bodyOf(holder, name) : holder.get(name)),
    write: (value) =>
      body
        ? writeBody(element, holder, name, value, tools)
        : tools.modeling.updateModdleProperties(element, holder, { [name]: value }),
  });
}

function orderEntry(element, loop, { modeling }) {
  return makeEntry({
    id: "suixu-test-before",
    label: "什么时候看条件",
    kind: "choice",
    read: () => String(Boolean(loop.get("testBefore"))),
    options: () => [
      { value: "false", label: "每办完一遍" },
      { value: "true", label: "每办一遍之前" },
    ],
    write: (value) => modeling.updateModdleProperties(element, loop, { testBefore: value === "true" }),
  });
}
