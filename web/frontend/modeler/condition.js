import { is, isAny } from "bpmn-js/lib/util/ModelUtil";

import { bodyOf, writeBody } from "./changes.js";
import { makeEntry } from "./entries.js";

const SPLITTING = ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:Activity"];

/** Give the entry for the condition of a sequence flow, where a condition has a meaning. */
export function conditionEntries(element, tools) {
  if (!is(element, "bpmn:SequenceFlow") || !isAny(element.source, SPLITTING)) {
    return [];
  }
  const flow = element.businessObject;
  return [
    makeEntry({
      id: "suixu-condition-text",
      label: "走这条路的条件",
      description: '等于、比较等 FEEL 表达式，如 decision = "同意"；默认路线不用填',
      kind: "area",
      feel: "expression",
      read: () => bodyOf(flow, "conditionExpression"),
      write: (body) => writeBody(element, flow, "conditionExpression", body, tools),
    }),
  ];
}
