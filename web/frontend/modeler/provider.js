import { Group, ListGroup } from "@bpmn-io/properties-panel";

import { conditionEntries } from "./condition.js";
import { connectEntries } from "./connect.js";
import { makeEntry } from "./entries.js";
import { eventEntries } from "./events.js";
import { fieldsOf, ownerOf } from "./fields.js";
import { mappingLists } from "./mappings.js";
import { repetitionEntries } from "./repetition.js";

const LOW_PRIORITY = 500;
// The rest of the panel's own groups says what this engine does not do, or ours say it in the office's words.
const KEPT = ["general", "documentation"];

/** Fill the panel with what this engine needs to know. */
class SuixuProperties {
  constructor(propertiesPanel, bpmnFactory, modeling, translate) {
    this.tools = { bpmnFactory, modeling };
    this.translate = translate;
    propertiesPanel.registerProvider(LOW_PRIORITY, this);
  }

  getGroups(element) {
    return (groups) => {
      const [general, ...others] = groups.filter(({ id }) => KEPT.includes(id));
      const own = [
        makeGroup("suixu", "办理", fieldEntries(element, this.tools)),
        makeGroup("suixu-event", "事件", eventEntries(element, this.tools)),
        makeGroup("suixu-condition", "条件", conditionEntries(element, this.tools)),
        ...mappingLists(element, this.tools).map((list) => ({ ...list, component: ListGroup })),
        makeGroup("suixu-repetition", "重复", repetitionEntries(element, this.tools)),
        makeGroup("suixu-connect", "路线", connectEntries(element)),
      ];
      // The panel's own groups say their buttons in English unless each is told how to translate.
      const all = [general, ...own, ...others].filter(Boolean);
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

function fieldEntries(element, { modeling }) {
  const owner = ownerOf(element);
  return fieldsOf(element).map(({ name, ...field }) =>
    makeEntry({
      ...field,
      id: name.replace(":", "-"),
      read: () => owner.get(name),
      write: (value) => modeling.updateModdleProperties(element, owner, { [name]: value }),
    }),
  );
}
