/** Offer only what can be published: the engine refuses the rest, and says so when a diagram is published. */

const LOW_PRIORITY = 500;
const REFUSED = new RegExp(
  [
    "-(message|signal|escalation|error|compensation|link|cancel)-",
    "-conditional-(start|intermediate|boundary)",
    "-none-intermediate-throw",
    "-(send|receive|manual|rule)-task",
    "-(inclusive|complex|event-based)-gateway",
    "ad-hoc|transaction|event-subprocess|event-based-instantiate",
    "toggle-(sequential-mi|loop)",
  ].join("|"),
);

class AcceptedMenu {
  constructor(popupMenu) {
    popupMenu.registerProvider("bpmn-replace", LOW_PRIORITY, this);
  }

  getPopupMenuEntries() {
    return keepAccepted;
  }

  getPopupMenuHeaderEntries() {
    return keepAccepted;
  }
}

AcceptedMenu.$inject = ["popupMenu"];

function keepAccepted(entries) {
  return Object.fromEntries(Object.entries(entries).filter(([id]) => !REFUSED.test(id)));
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
  __init__: ["acceptedMenu", "personalTasks"],
  acceptedMenu: ["type", AcceptedMenu],
  personalTasks: ["type", PersonalTasks],
};
