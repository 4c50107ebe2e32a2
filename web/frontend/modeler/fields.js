import { is, isAny } from "bpmn-js/lib/util/ModelUtil";

import { eventOf, isTop } from "./events.js";

const CARRYING = ["bpmn:MessageEventDefinition", "bpmn:SignalEventDefinition"];
const KEY = { name: "suixu:businessKey", label: "业务编号", feel: "expression" };

/** What a person may say about an element beyond plain BPMN: attribute, label, explanation, where it has a meaning. */
const FIELDS = {
  "bpmn:Process": [
    {
      name: "suixu:title",
      label: "事项标题",
      description: '给每个事项起的名字，FEEL 表达式，如 string(year) + "年工作计划"',
      feel: "expression",
    },
    { ...KEY, description: '同一编号只办一次，FEEL 表达式，如 "plan:" + string(year)' },
    {
      name: "suixu:starters",
      label: "可以启动的岗位",
      description: "岗位代码，多个用空格分开，如 hr.staff hr.head",
      list: "posts",
      many: true,
    },
    { name: "suixu:inputs", label: "启动时要给的变量", description: "变量名，多个用空格分开" },
  ],
  "bpmn:Lane": [
    { name: "suixu:post", label: "岗位", description: "岗位代码，如 staff、head", list: "kinds" },
    { name: "suixu:unit", label: "单位", description: "单位代码；不填就是事项自己的单位", list: "units" },
  ],
  "bpmn:StartEvent": [
    {
      name: "suixu:form",
      label: "启动表单",
      description: "表单的代码；不填则不用填表",
      list: "forms",
      when: (element) => isTop(element) && !eventOf(element),
    },
    {
      name: "suixu:unit",
      label: "承办单位",
      description: "由消息或信号启动的事项属于哪个单位，FEEL 表达式，读得到消息带来的变量",
      feel: "foreign",
      when: (element) => isTop(element) && eventOf(element) && isAny(eventOf(element), CARRYING),
    },
  ],
  "bpmn:UserTask": [
    { name: "suixu:form", label: "表单", description: "表单的代码", list: "forms" },
    {
      name: "suixu:assignment",
      label: "办理岗位",
      description: "不填按泳道；如 own.head、hr.staff，或给出岗位的 FEEL 表达式",
      list: "posts",
      feel: "assignment",
    },
    {
      name: "suixu:due",
      label: "办理期限",
      description: '工作日数、parameter("参数名")，或给出日期的 FEEL 表达式',
      list: "parameters",
      feel: "due",
    },
    { name: "suixu:remind", label: "提醒", description: "到期前几个工作日提醒，如 3,1,0", feel: "remind" },
    {
      name: "suixu:chase",
      label: "催办",
      description: "逾期几个工作日后告诉谁，如 1:own.head",
      list: "posts",
      many: true,
      feel: "chase",
    },
    {
      name: "suixu:merge",
      label: "同一人接着办",
      description:
        "上一步由同一人办的，这一步一并办理、两步留痕；填表单里一个按钮的结果，如 agree；领导的环节不会一并办理",
    },
  ],
  "bpmn:ScriptTask": [
    { name: "script", label: "计算", description: "每行一条：变量名 = FEEL 表达式", kind: "area", feel: "script" },
  ],
  "bpmn:BusinessRuleTask": [
    { name: "suixu:decision", label: "决策表", description: "决策表的编号", list: "decisions" },
    { name: "suixu:result", label: "结果叫什么", description: "变量名", feel: "name" },
  ],
  "bpmn:ServiceTask": [
    { name: "suixu:function", label: "函数", description: "系统已登记的函数名", list: "functions" },
  ],
  "bpmn:CallActivity": [
    { name: "calledElement", label: "调用的流程", description: "流程的代码", list: "processes" },
    { ...KEY, description: "FEEL 表达式" },
    { name: "suixu:unit", label: "承办单位", description: "子事项属于哪个单位，FEEL 表达式", feel: "expression" },
  ],
  "bpmn:SendTask": [{ ...KEY, label: "发给哪个业务编号", description: "FEEL 表达式；不填就是事项自己的编号" }],
  "bpmn:ThrowEvent": [
    {
      ...KEY,
      label: "发给哪个业务编号",
      description: "FEEL 表达式；不填就是事项自己的编号",
      when: (element) => eventOf(element) && is(eventOf(element), "bpmn:MessageEventDefinition"),
    },
  ],
};

/** List what may be said about an element; a pool is drawn where its process is meant. */
export function fieldsOf(element) {
  const owner = ownerOf(element);
  const type = Object.keys(FIELDS).find((name) => owner && is(owner, name));
  return (FIELDS[type] ?? []).filter(({ when }) => !when || when(element));
}

export function ownerOf(element) {
  const object = element.businessObject;
  return is(element, "bpmn:Participant") ? object.processRef : object;
}
