/** What a person may say about an element beyond plain BPMN: attribute, label, explanation. */
export const FIELDS = {
  "bpmn:Process": [
    { name: "suixu:title", label: "事项标题", description: "每次启动时给事项起的名字，FEEL 表达式或文字" },
    { name: "suixu:starters", label: "可以启动的岗位", description: "岗位代码，多个用逗号分开，如 hr.staff" },
  ],
  "bpmn:Lane": [
    { name: "suixu:post", label: "岗位", description: "岗位代码，如 staff、head" },
    { name: "suixu:unit", label: "单位", description: "单位代码；不填就是事项自己的单位" },
  ],
  "bpmn:UserTask": [
    { name: "suixu:form", label: "表单", description: "表单的代码" },
    { name: "suixu:assignment", label: "办理岗位", description: "不填按泳道；如 own.head、hr.staff，或给出岗位的 FEEL 表达式" },
    { name: "suixu:due", label: "办理期限", description: "工作日数、设置项的名称或 FEEL 表达式" },
    { name: "suixu:remind", label: "提醒", description: "到期前几个工作日提醒，如 3,1,0" },
    { name: "suixu:chase", label: "催办", description: "逾期几个工作日后通知谁，如 1:unit.head" },
  ],
  "bpmn:ServiceTask": [{ name: "suixu:function", label: "函数", description: "系统已登记的函数名" }],
  "bpmn:CallActivity": [
    { name: "calledElement", label: "调用的流程", description: "流程的代码，如 submission" },
    { name: "suixu:businessKey", label: "业务编号", description: "FEEL 表达式" },
    { name: "suixu:unit", label: "承办单位", description: "子事项属于哪个单位，FEEL 表达式" },
  ],
};
