import { is, isAny } from "bpmn-js/lib/util/ModelUtil";

import { bodyOf, own, rootOf, writeBody } from "./changes.js";
import { makeEntry } from "./entries.js";

const MESSENGERS = ["bpmn:SendTask", "bpmn:ReceiveTask"];
const CREATE = "create-new";
// What an event can refer to: the words for it, and the attribute by which the engine tells one from another.
const REFERRED = {
  "bpmn:MessageEventDefinition": { ref: "messageRef", type: "bpmn:Message", said: "name", word: "消息", says: "消息名称" },
  "bpmn:SignalEventDefinition": { ref: "signalRef", type: "bpmn:Signal", said: "name", word: "信号", says: "信号名称" },
  "bpmn:ErrorEventDefinition": { ref: "errorRef", type: "bpmn:Error", said: "errorCode", word: "错误", says: "错误代码" },
  "bpmn:EscalationEventDefinition": {
    ref: "escalationRef",
    type: "bpmn:Escalation",
    said: "escalationCode",
    word: "升级",
    says: "升级代码",
  },
};
const TIMES = {
  timeDate: { label: "到某一刻", feel: "date", hint: "日期 2026-03-01、时刻 2026-03-01T09:00，或给出日期的 FEEL 表达式" },
  timeDuration: { label: "过一段时间", feel: "duration", hint: "工作日数，如 3；时长，如 PT36H、P1M；或 FEEL 表达式" },
  timeCycle: { label: "按周期", feel: "cycle", hint: "如 R3/PT10H、R/P1M，或 yearly(first_workday(1))" },
};

/** Give what an event waits for or brings about, also where it is only referred to. */
export function eventOf(element) {
  const object = element.businessObject;
  return object.get?.("eventDefinitions")?.[0] ?? object.get?.("eventDefinitionRef")?.[0];
}

/** Tell whether something stands in the process itself, in no sub-process. */
export function isTop(element) {
  return !is(element.businessObject.$parent, "bpmn:SubProcess");
}

export function eventEntries(element, tools) {
  const holder = isAny(element, MESSENGERS) ? element.businessObject : is(element, "bpmn:Event") && eventOf(element);
  if (!holder) {
    return [];
  }
  const kind = REFERRED[isAny(element, MESSENGERS) ? "bpmn:MessageEventDefinition" : holder.$type];
  return [
    ...(kind ? referenceEntries(element, holder, kind, tools) : []),
    ...(is(holder, "bpmn:TimerEventDefinition") ? timerEntries(element, holder, tools) : []),
    ...(is(holder, "bpmn:ConditionalEventDefinition") ? [conditionEntry(element, holder, tools)] : []),
    ...(is(holder, "bpmn:LinkEventDefinition") ? [linkEntry(element, holder, tools)] : []),
    ...interruptingEntries(element, holder, tools),
  ];
}

function referenceEntries(element, holder, { ref, type, said, word, says }, tools) {
  const root = rootOf(holder);
  const known = root.get("rootElements").filter((one) => is(one, type));
  const target = holder.get(ref);
  const catchesAny = ["errorCode", "escalationCode"].includes(said) && !is(element, "bpmn:ThrowEvent");
  const choose = makeEntry({
    id: `suixu-${ref}`,
    label: `哪个${word}`,
    kind: "choice",
    read: () => target?.id,
    options: () => [
      { value: "", label: catchesAny ? `任何${word}` : "（未选）" },
      ...known.map((one) => ({ value: one.id, label: one.get(said) || one.name || one.id })),
      { value: CREATE, label: `新建一个${word}…` },
    ],
    write: (id) => {
      const chosen = id === CREATE ? create(element, root, type, said, word, tools) : known.find((one) => one.id === id);
      tools.modeling.updateModdleProperties(element, holder, { [ref]: chosen });
    },
  });
  const text = makeEntry({
    id: `suixu-${ref}-${said}`,
    label: says,
    description: `凭它找到对方；图中用到这个${word}的地方一并改`,
    read: () => target?.get(said),
    write: (value) => tools.modeling.updateModdleProperties(element, target, { [said]: value }),
  });
  return target ? [choose, text] : [choose];
}

function create(element, root, type, said, word, { bpmnFactory, modeling }) {
  const others = root.get("rootElements");
  const taken = new Set(others.map((one) => one.get(said)));
  let number = 1;
  while (taken.has(`${word}${number}`)) {
    number += 1;
  }
  const made = bpmnFactory.create(type, { [said]: `${word}${number}` });
  own(root, made);
  modeling.updateModdleProperties(element, root, { rootElements: [...others, made] });
  return made;
}

function timerEntries(element, timer, tools) {
  const chosen = Object.keys(TIMES).find((name) => timer.get(name));
  const starts = is(element, "bpmn:StartEvent") && isTop(element);
  const choose = makeEntry({
    id: "suixu-timer-kind",
    label: "怎样定时",
    kind: "choice",
    read: () => chosen,
    options: () => [
      { value: "", label: "（未选）" },
      ...Object.entries(TIMES).map(([value, { label }]) => ({ value, label })),
    ],
    write: (name) => {
      const empty = { timeDate: undefined, timeDuration: undefined, timeCycle: undefined };
      const body = (chosen && bodyOf(timer, chosen)) ?? "";
      const time = name ? { [name]: tools.bpmnFactory.create("bpmn:FormalExpression", { body }) } : {};
      own(timer, ...Object.values(time));
      tools.modeling.updateModdleProperties(element, timer, { ...empty, ...time });
    },
  });
  if (!chosen) {
    return [choose];
  }
  const text = makeEntry({
    id: "suixu-timer",
    label: "时间",
    description: TIMES[chosen].hint,
    feel: `${starts ? "start_" : ""}${TIMES[chosen].feel}`,
    list: "parameters",
    read: () => bodyOf(timer, chosen),
    write: (body) => writeBody(element, timer, chosen, body ?? "", tools),
  });
  return [choose, text];
}

function conditionEntry(element, definition, tools) {
  return makeEntry({
    id: "suixu-event-condition",
    label: "等什么条件",
    description: "FEEL 表达式；在本事项里变为成立时发生",
    kind: "area",
    feel: "expression",
    read: () => bodyOf(definition, "condition"),
    write: (body) => writeBody(element, definition, "condition", body, tools),
  });
}

function linkEntry(element, link, { modeling }) {
  const others = (element.businessObject.$parent.flowElements ?? []).flatMap((one) => one.eventDefinitions ?? []);
  const names = others.filter((one) => one !== link && is(one, "bpmn:LinkEventDefinition")).map((one) => one.name);
  return makeEntry({
    id: "suixu-link",
    label: "链接名称",
    description: "抛出和捕获的名称相同，就从这里接到那里",
    list: () => [...new Set(names.filter(Boolean))].map((value) => ({ value })),
    read: () => link.get("name"),
    write: (name) => modeling.updateModdleProperties(element, link, { name }),
  });
}

/** An error and a cancelling always interrupt. */
function interruptingEntries(element, definition, { modeling }) {
  const object = element.businessObject;
  const name = is(element, "bpmn:BoundaryEvent") ? "cancelActivity" : "isInterrupting";
  const may = is(element, "bpmn:BoundaryEvent") || (is(element, "bpmn:StartEvent") && object.$parent.triggeredByEvent);
  if (!may || isAny(definition, ["bpmn:ErrorEventDefinition", "bpmn:CancelEventDefinition"])) {
    return [];
  }
  return [
    makeEntry({
      id: "suixu-interrupting",
      label: "发生时",
      kind: "choice",
      read: () => String(object.get(name) !== false),
      options: () => [
        { value: "true", label: "中断正在办的" },
        { value: "false", label: "不中断，另走一路" },
      ],
      write: (value) => modeling.updateProperties(element, { [name]: value === "true" }),
    }),
  ];
}
