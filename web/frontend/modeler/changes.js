/** Change the diagram so that undoing works: everything goes through the command stack of the board. */

/** Put elements below the one that is to hold them. */
export function own(holder, ...children) {
  for (const child of children) {
    child.$parent = holder;
  }
}

/** Write the text of an expression; what says more than its text, such as a language, goes on saying it. */
export function writeBody(element, holder, property, body, { bpmnFactory, modeling }) {
  const old = holder.get(property);
  if (old && body !== undefined) {
    modeling.updateModdleProperties(element, old, { body });
    return;
  }
  const expression = body === undefined ? undefined : bpmnFactory.create("bpmn:FormalExpression", { body });
  if (expression) {
    own(holder, expression);
  }
  modeling.updateModdleProperties(element, holder, { [property]: expression });
}

export function bodyOf(holder, property) {
  return holder.get(property)?.body;
}

export function rootOf(object) {
  let root = object;
  while (root.$parent) {
    root = root.$parent;
  }
  return root;
}
