const BEFORE_LAYOUT = 2000;

/** BPMN refers by qualified names; the parser knows only bare ones, and would drop `my:task` when it writes again. */
class QualifiedReferences {
  constructor(eventBus) {
    eventBus.on("import.parse.complete", BEFORE_LAYOUT, ({ references, elementsById, warnings }) => {
      for (const { element, property, id } of references ?? []) {
        const meant = elementsById[id] ? undefined : elementsById[id.split(":").pop()];
        if (meant) {
          point(element, property, meant);
          const wrong = warnings.findIndex((one) => one.element === element && one.value === id);
          warnings.splice(wrong, wrong < 0 ? 0 : 1);
        }
      }
    });
  }
}

QualifiedReferences.$inject = ["eventBus"];

export const ReferencesModule = {
  __init__: ["qualifiedReferences"],
  qualifiedReferences: ["type", QualifiedReferences],
};

function point(element, property, target) {
  const { name, isMany } = element.$descriptor.propertiesByName[property];
  if (isMany) {
    element.get(name).push(target);
  } else {
    element.set(name, target);
  }
}
