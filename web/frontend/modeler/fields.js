/** What a person may say about an element beyond plain BPMN: attribute, label, explanation. */
export const FIELDS = {
  "bpmn:Process": [
    { name: "suixu:title", label: "事项标题", description: '给每个事项起的名字，FEEL 表达式，如 string(year) + "年工作计划"' },
    { name: "suixu:businessKey", label: "业务编号", description: '同一编号只办一次，FEEL 表达式，如 "plan:" + string(year)' },
    { name: "suixu:starters", label: "可以启动的岗位", description: "岗位代码，多个用空格分开，如 hr.staff hr.head" },
    { name: "suixu:inputs", label: "启动时要给的变量", description: "变量名，多个用空格分开" },
  ],
  "bpmn:Lane": [
    { name: "suixu:post", label: "岗位", description: "岗位代码，如 staff、head" },
    { name: "suixu:unit", label: "单位", description: "单位代码；不填就是事项自己的单位" },
  ],
  "bpmn:StartEvent": [{ name: "suixu:form", label: "启动表单", description: "表单的代码；不填则不用填表" }],
  "bpmn:UserTask": [
    { name: "suixu:form", label: "表单", description: "表单的代码" },
    { name: "suixu:assignment", label: "办理岗位", description: "不填按泳道；如 own.head、hr.staff，或给出岗位的 FEEL 表达式" },
    { name: "suixu:due", label: "办理期限", description: '工作日数、parameter("参数名")，或给出日期的 FEEL 表达式' },
    { name: "suixu:remind", label: "提醒", description: "到期前几个工作日提醒，如 3,1,0" },
    { name: "suixu:chase", label: "催办", description: "逾期几个工作日后告诉谁，如 1:unit.head" },
    { name: "suixu:merge", label: "同一人接着办", description: "上一步由同一人办的，这一步一并办理、两步留痕；填表单里一个按钮的结果，如 agree；领导的环节不会一并办理" },
  ],
  "bpmn:ScriptTask": [
    { name: "script", label: "计算", description: "每行一条：变量名 = FEEL 表达式", kind: "area" },
  ],
  "bpmn:ServiceTask": [{ name: "suixu:function", label: "函数", description: "系统已登记的函数名" }],
  "bpmn:CallActivity": [
    { name: "calledElement", label: "调用的流程", description: "流程的代码" },
    { name: "suixu:businessKey", label: "业务编号", description: "FEEL 表达式" },
    { name: "suixu:unit", label: "承办单位", description: "子事项属于哪个单位，FEEL 表达式" },
  ],
};

/** What a person may say about an activity that is carried out once for each item. */
export const ITERATION = [
  { name: "suixu:collection", label: "逐项的清单", description: "给出清单的 FEEL 表达式，每一项各办一次" },
  { name: "suixu:item", label: "每一项叫什么", description: "变量名" },
  { name: "suixu:result", label: "结果清单叫什么", description: "变量名；按清单的次序收集" },
  { name: "suixu:resultItem", label: "每一项的结果取自", description: "变量名" },
];
