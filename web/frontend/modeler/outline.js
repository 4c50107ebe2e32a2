import { isEventSubProcess } from "bpmn-js/lib/util/DiUtil";

import { eventOf } from "./events.js";

const NOTHING = "";

/** Let everything in the diagram be chosen from a list, for whoever does not point at it. */
export function addOutline(place, modeler) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  label.className = "modeler-outline";
  label.append("选中图里的", select);
  place.before(label);
  const [registry, selection, translate] = ["elementRegistry", "selection", "translate"].map((name) => modeler.get(name));
  const show = () => {
    const [first, second] = selection.get();
    select.value = first && !second ? (first.labelTarget ?? first).id : NOTHING;
  };
  const list = () => {
    const elements = registry.filter((one) => one.parent && one.type !== "label");
    const options = elements.map((one) => new Option(nameOf(one, translate), one.id));
    select.replaceChildren(new Option("（没有选中，属性是整个流程的）", NOTHING), ...options);
    show();
  };
  select.addEventListener("change", () => {
    const element = registry.get(select.value);
    selection.select(element ?? []);
    if (element) {
      modeler.get("canvas").scrollToElement(element);
    }
  });
  modeler.on("selection.changed", show);
  modeler.on(["import.done", "commandStack.changed"], list);
  list();
}

function nameOf(element, translate) {
  const { name, id, sourceRef, targetRef } = element.businessObject;
  const ends = sourceRef?.id && targetRef?.id && [sourceRef, targetRef].map((end) => end.name || end.id).join(" → ");
  return `${translate(typeOf(element))}：${[name, ends].filter(Boolean).join("，") || id}`;
}

/** Name the type as the libraries write it, so that it is translated as they are. */
function typeOf(element) {
  const words = (type) => type.replace(/^bpmn:/, "").replace(/(?!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const event = eventOf(element)?.$type.replace(/EventDefinition$/, "");
  const type = isEventSubProcess(element) ? "Event sub process" : words(element.type);
  return event ? `${words(event)} ${type.toLowerCase()}` : type;
}
