import { is } from "bpmn-js/lib/util/ModelUtil";
import { h } from "@bpmn-io/properties-panel/preact";
import { useState } from "@bpmn-io/properties-panel/preact/hooks";
import { useService } from "bpmn-js-properties-panel";

/** Give the entry by which a flow is drawn from the element without pointing at anything. */
export function connectEntries(element) {
  return is(element, "bpmn:FlowNode") && !is(element, "bpmn:EndEvent")
    ? [{ id: "suixu-connect", component: ConnectEntry, isEdited: () => false }]
    : [];
}

function ConnectEntry({ element, id }) {
  const [registry, rules, modeling] = [useService("elementRegistry"), useService("rules"), useService("modeling")];
  const [chosen, setChosen] = useState("");
  const targets = registry.filter(
    (one) =>
      one !== element &&
      is(one, "bpmn:FlowNode") &&
      one.type !== "label" &&
      rules.allowed("connection.create", { source: element, target: one }).type === "bpmn:SequenceFlow",
  );
  const name = `bio-properties-panel-${id}`;
  const connect = () => {
    const target = registry.get(chosen);
    if (target) {
      modeling.connect(element, target);
      setChosen("");
    }
  };
  return h("div", { class: "bio-properties-panel-entry", "data-entry-id": id }, [
    h("div", { class: "bio-properties-panel-select" }, [
      h("label", { for: name, class: "bio-properties-panel-label" }, "画一条路线到"),
      h(
        "select",
        { id: name, class: "bio-properties-panel-input", value: chosen, onChange: (event) => setChosen(event.target.value) },
        [
          h("option", { value: "" }, "（未选）"),
          ...targets.map((one) => h("option", { value: one.id }, one.businessObject.name || one.id)),
        ],
      ),
    ]),
    h("button", { type: "button", class: "modeler-act", disabled: !chosen, onClick: connect }, "画上"),
  ]);
}
