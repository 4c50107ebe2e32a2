import { is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { isEventSubProcess } from "bpmn-js/lib/util/DiUtil";

/** Offer what can be published: the engine refuses the rest, and says so when a diagram is published. */

const LOW_PRIORITY = 500;
const REFUSED = /compensation|complex-gateway|ad-?hoc|collapsed-pool|none-boundary|multiplicity/;
// How an event sub-process may begin, and nothing else.
const HANDLED = /(conditional|error|escalation)-start$|^non-interrupting-.*-start$/;
const WAITING = ["bpmn:UserTask", "bpmn:ServiceTask", "bpmn:ReceiveTask", "bpmn:CallActivity", "bpmn:SubProcess"];
const HOSTS = [
  [/cancel-boundary$/, ["bpmn:Transaction"]],
  [/error-boundary$/, ["bpmn:ServiceTask", "bpmn:CallActivity", "bpmn:SubProcess"]],
  [/escalation-boundary$/, ["bpmn:CallActivity", "bpmn:SubProcess"]],
  [/-boundary$/, WAITING],
];

class AcceptedMenus {
  constructor(popupMenu) {
    for (const menu of ["bpmn-create", "bpmn-append", "bpmn-replace"]) {
      popupMenu.registerProvider(menu, LOW_PRIORITY, this);
    }
  }

  getPopupMenuEntries(target) {
    return (entries) => keep(entries, (kind) => isAccepted(kind, target));
  }

  getPopupMenuHeaderEntries() {
    return (entries) => keep(entries, (kind) => !REFUSED.test(kind));
  }
}

AcceptedMenus.$inject = ["popupMenu"];

function keep(entries, accept) {
  return Object.fromEntries(
    Object.entries(entries).filter(([id]) => accept(id.replace(/^((replace-with|append|create)-)+/, ""))),
  );
}

function isAccepted(kind, target) {
  const handler = isEventSubProcess(target.parent);
  if (REFUSED.test(kind) || (HANDLED.test(kind) && !handler)) {
    return false;
  }
  if (handler && is(target, "bpmn:StartEvent")) {
    return kind.endsWith("-start");
  }
  const host = is(target, "bpmn:BoundaryEvent") ? target.host : is(target, "bpmn:Activity") && target;
  const hosts = HOSTS.find(([kinds]) => kinds.test(kind));
  return !hosts || !host || (isAny(host, hosts[1]) && !isEventSubProcess(host));
}

/** A new task is one for a person: a task of no type means nothing to the engine. */
class PersonalTasks {
  constructor(palette, contextPad, create, elementFactory, autoPlace) {
    this.make = () => elementFactory.createShape({ type: "bpmn:UserTask" });
    this.create = create;
    this.autoPlace = autoPlace;
    palette.registerProvider(LOW_PRIORITY, this);
    contextPad.registerProvider(LOW_PRIORITY, this);
  }

  getPaletteEntries() {
    const start = (event) => this.create.start(event, this.make());
    return (entries) => change(entries, "create.task", "新建人工任务", { dragstart: start, click: start });
  }

  getContextPadEntries(element) {
    const drag = (event) => this.create.start(event, this.make(), { source: element });
    const append = () => this.autoPlace.append(element, this.make());
    return (entries) => change(entries, "append.append-task", "加上人工任务", { dragstart: drag, click: append });
  }
}

PersonalTasks.$inject = ["palette", "contextPad", "create", "elementFactory", "autoPlace"];

function change(entries, id, title, action) {
  const old = entries[id];
  return old ? { ...entries, [id]: { ...old, className: "bpmn-icon-user-task", title, action } } : entries;
}

export const OffersModule = {
  __init__: ["acceptedMenus", "personalTasks"],
  acceptedMenus: ["type", AcceptedMenus],
  personalTasks: ["type", PersonalTasks],
};
