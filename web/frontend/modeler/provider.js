import { Group, ListGroup } from "@bpmn-io/properties-panel";
import { is } from "bpmn-js/lib/util/ModelUtil";

import { conditionEntries } from "./condition.js";
import { makeEntry } from "./entries.js";
import { FIELDS } from "./fields.js";
import { makeMappings } from "./mappings.js";

const LOW_PRIORITY = 500;

/** Add to the panel what this engine needs to know beyond plain BPMN. */
class SuixuProperties {
  constructor(propertiesPanel, bpmnFactory, modeling) {
    this.tools = { bpmnFactory, modeling };
    propertiesPanel.registerProvider(LOW_PRIORITY, this);
  }

  getGroups(element) {
    return (groups) => {
      const [general, ...others] = groups;
      const own = [
        makeGroup("suixu", "办理", fieldEntries(element, this.tools)),
        makeGroup("suixu-condition", "条件", conditionEntries(element, this.tools)),
        makeList("suixu-in", "传给子流程的变量", makeMappings(element, "suixu:In", this.tools)),
        makeList("suixu-out", "从子流程取回的变量", makeMappings(element, "suixu:Out", this.tools)),
      ];
      return [general, ...own, ...others].filter(Boolean);
    };
  }
}

SuixuProperties.$inject = ["propertiesPanel", "bpmnFactory", "modeling"];

export const SuixuPropertiesModule = {
  __init__: ["suixuProperties"],
  suixuProperties: ["type", SuixuProperties],
};

function makeGroup(id, label, entries) {
  return entries.length ? { id, label, component: Group, entries, shouldOpen: true } : null;
}

function makeList(id, label, list) {
  return list ? { id, label, component: ListGroup, ...list } : null;
}

function fieldEntries(element, { modeling }) {
  const owner = findOwner(element);
  const type = Object.keys(FIELDS).find((name) => owner && is(owner, name));
  return (FIELDS[type] ?? []).map(({ name, label, description }) =>
    makeEntry({
      id: name.replace(":", "-"),
      label,
      description,
      read: () => owner.get(name),
      write: (value) => modeling.updateModdleProperties(element, owner, { [name]: value }),
    }),
  );
}

/** A pool is drawn where its process is meant. */
function findOwner(element) {
  const object = element.businessObject;
  return is(element, "bpmn:Participant") ? object.processRef : object;
}
