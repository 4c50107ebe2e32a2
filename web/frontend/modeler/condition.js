import { is, isAny } from "bpmn-js/lib/util/ModelUtil";

import { makeEntry } from "./entries.js";

/** Give the entry for the condition of a sequence flow, where a condition has a meaning. */
export function conditionEntries(element, { bpmnFactory, modeling }) {
  if (!isConditional(element)) {
    return [];
  }
  const flow = element.businessObject;
  return [
    makeEntry({
      id: "suixu-condition-text",
      label: "走这条路的条件",
      description: '等于、比较等 FEEL 表达式，如 decision = "同意"；默认路线不用填',
      kind: "area",
      read: () => flow.conditionExpression?.body,
      write: (body) => {
        const expression = body && bpmnFactory.create("bpmn:FormalExpression", { body });
        if (expression) {
          expression.$parent = flow;
        }
        modeling.updateProperties(element, { conditionExpression: expression });
      },
    }),
  ];
}

function isConditional(element) {
  return (
    is(element, "bpmn:SequenceFlow") &&
    isAny(element.source, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:ComplexGateway", "bpmn:Activity"])
  );
}
