import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from "bpmn-js-properties-panel";
import Modeler from "bpmn-js/lib/Modeler";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { CreateAppendAnythingModule } from "bpmn-js-create-append-anything";

import { DrawingModule, listUndrawn } from "../drawing/index.js";
import suixu from "../suixu.json";
import { EMPTY_DIAGRAM } from "./empty.js";
import { OffersModule } from "./offers.js";
import { SuixuPropertiesModule } from "./provider.js";
import { TranslateModule } from "./translate.js";

const MARGIN = 20;

/**
 * Open a diagram for drawing (or only for looking), and resolve to `{openXML, saveXML, onChange, modeler …}`.
 *
 * `house` is what the house knows: `{known: {posts: [{value, label}] …}, check}`.
 */
export async function openModeler({ container, properties, xml, house, readOnly = false }) {
  const modeler = readOnly ? makeViewer(container) : makeModeler(container, properties, house);
  const openXML = async (text) => {
    const { warnings } = await modeler.importXML(text?.trim() ? text : EMPTY_DIAGRAM);
    fit(modeler.get("canvas"), container.querySelector(".djs-palette")?.offsetWidth ?? 0);
    return warnings;
  };
  if (xml !== undefined) {
    await openXML(xml);
  }
  return {
    modeler,
    openXML,
    isLaidOut: () => modeler.get("layout").done,
    listUndrawn: () => listUndrawn(modeler.getDefinitions(), modeler.get("elementRegistry")),
    saveXML: async () => (await modeler.saveXML({ format: true })).xml,
    onChange: (listener) => modeler.on("commandStack.changed", listener),
  };
}

/** Show the whole diagram beside the palette, never larger than it is. */
function fit(canvas, covered) {
  const { inner, outer } = canvas.viewbox();
  const left = covered ? covered + 2 * MARGIN : MARGIN;
  const room = { width: outer.width - left - MARGIN, height: outer.height - 2 * MARGIN };
  const scale = Math.min(1, room.width / inner.width, room.height / inner.height);
  if (scale > 0) {
    const [width, height] = [outer.width / scale, outer.height / scale];
    canvas.viewbox({ x: inner.x - left / scale, y: inner.y - (height - inner.height) / 2, width, height });
  }
}

function makeViewer(container) {
  return new NavigatedViewer({ container, moddleExtensions: { suixu }, additionalModules: [TranslateModule, DrawingModule] });
}

function makeModeler(container, properties, house) {
  return new Modeler({
    container,
    moddleExtensions: { suixu },
    // Every key counts at once: whoever presses 保存 while typing loses nothing.
    debounceInput: false,
    propertiesPanel: { parent: properties },
    suixu: house,
    additionalModules: [
      TranslateModule,
      DrawingModule,
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      SuixuPropertiesModule,
      CreateAppendAnythingModule,
      OffersModule,
    ],
  });
}
