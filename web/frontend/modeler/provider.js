import { Group, ListGroup } from "@bpmn-io/properties-panel";
import { is } from "bpmn-js/lib/util/ModelUtil";

import { conditionEntries } from "./condition.js";
import { makeEntry } from "./entries.js";
import { FIELDS, ITERATION } from "./fields.js";
import { makeMappings } from "./mappings.js";

const LOW_PRIORITY = 500;
// The engine takes a list to go through, never a bare number of times.
const REFUSED_ENTRIES = ["loopCardinality"];

/** Add to the panel what this engine needs to know beyond plain BPMN. */
class SuixuProperties {
  constructor(propertiesPanel, bpmnFactory, modeling, translate) {
    this.tools = { bpmnFactory, modeling };
    this.translate = translate;
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
      const known = others.filter(Boolean).map((group) => completeGroup(group, element, this.tools));
      // The panel's own groups say their buttons in English unless each is told how to translate.
      const all = [general, ...own, ...known].filter(Boolean);
      return all.map((group) => ({ ...group, translate: this.translate }));
    };
  }
}

SuixuProperties.$inject = ["propertiesPanel", "bpmnFactory", "modeling", "translate"];

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

/** A pool is drawn where its process is meant. */
function fieldEntries(element, tools) {
  const object = element.businessObject;
  const owner = is(element, "bpmn:Participant") ? object.processRef : object;
  const type = Object.keys(FIELDS).find((name) => owner && is(owner, name));
  return makeEntries(FIELDS[type] ?? [], element, owner, tools);
}

function makeEntries(fields, element, owner, { modeling }) {
  return fields.map(({ name, ...field }) =>
    makeEntry({
      ...field,
      id: name.replace(":", "-"),
      read: () => owner.get(name),
      write: (value) => modeling.updateModdleProperties(element, owner, { [name]: value }),
    }),
  );
}

function completeGroup(group, element, tools) {
  if (group.id !== "multiInstance") {
    return group;
  }
  const kept = group.entries.filter((entry) => !REFUSED_ENTRIES.includes(entry.id));
  const own = makeEntries(ITERATION, element, element.businessObject.loopCharacteristics, tools);
  return { ...group, shouldOpen: true, entries: [...own, ...kept] };
}
