import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from "bpmn-js-properties-panel";
import Modeler from "bpmn-js/lib/Modeler";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";

import suixu from "../suixu.json";
import { EMPTY_DIAGRAM } from "./empty.js";
import { OffersModule } from "./offers.js";
import { SuixuPropertiesModule } from "./provider.js";
import { TranslateModule } from "./translate.js";

/** Open a diagram for drawing (or only for looking), and resolve to `{saveXML, onChange, modeler}`. */
export async function openModeler({ container, properties, xml, readOnly = false }) {
  const modeler = readOnly ? makeViewer(container) : makeModeler(container, properties);
  const { warnings } = await modeler.importXML(xml?.trim() ? xml : EMPTY_DIAGRAM);
  const canvas = modeler.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() > 1) {
    canvas.zoom(1, "auto");
  }
  return {
    modeler,
    warnings,
    saveXML: async () => (await modeler.saveXML({ format: true })).xml,
    onChange: (listener) => modeler.on("commandStack.changed", listener),
  };
}

function makeViewer(container) {
  return new NavigatedViewer({ container, moddleExtensions: { suixu }, additionalModules: [TranslateModule] });
}

function makeModeler(container, properties) {
  return new Modeler({
    container,
    moddleExtensions: { suixu },
    // Every key counts at once: whoever presses 保存 while typing loses nothing.
    debounceInput: false,
    propertiesPanel: { parent: properties },
    additionalModules: [
      TranslateModule,
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      SuixuPropertiesModule,
      OffersModule,
    ],
  });
}
