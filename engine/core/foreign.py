"""What other products write into a drawing: marks that only show, and words that steer their own engines."""

from collections.abc import Mapping

from engine.core.markup import Element, local

XSI = "http://www.w3.org/2001/XMLSchema-instance"

MARKS: Mapping[str, str] = {
    "http://www.omg.org/spec/BPMN/non-normative/color": "colours",
    "http://www.omg.org/spec/BPMN/non-normative/color/1.0": "colours",
    "http://bpmn.io/schema/bpmn/biocolor/1.0": "bpmn.io",
    "http://camunda.org/schema/modeler/1.0": "Camunda Modeler",
    "http://www.signavio.com": "Signavio",
    "http://www.bizagi.com/bpmn20": "Bizagi Modeler",
    "http://www.boc-group.com": "ADONIS",
    "http://bpmn.sourceforge.net": "Yaoqiang BPMN Editor",
    "http://www.w4.eu/spec/BPMN/20110930/GRAPH": "W4 BPMN+",
}
"""Namespaces of drawing tools, with their names: what is in them changes nothing in how a process runs.

Whatever is in any other would be passed over, and something else would run than what the drawing says.
"""

_PLAIN = frozenset({XSI, "http://www.w3.org/XML/1998/namespace"})
_REMEDIES: Mapping[str, str] = {
    "assignee candidateUsers candidateGroups assignmentDefinition assignment resource": (
        "把办理岗位填在泳道或任务的“办理岗位”(suixu:assignment)"
    ),
    "formKey formRef formData formProperty formDefinition userTaskForm screenRef": "给任务选一个表单(suixu:form)",
    "class expression delegateExpression type topic taskName taskDefinition connector": (
        "给服务任务选一个登记过的功能(suixu:function)"
    ),
    "dueDate followUpDate taskSchedule": "把期限填在任务的“办理期限”(suixu:due)",
    "collection elementVariable loopCharacteristics": "填写“逐项的清单”和“每一项叫什么”(suixu:collection、suixu:item)",
    "in out inputOutput ioMapping": "在调用活动、消息或信号上用 suixu:in、suixu:out 传递变量",
    "calledElement calledElementBinding": "填写“调用的流程”(calledElement)",
    "decisionRef calledDecision resultVariable": "填写“决策表”和“结果叫什么”(suixu:decision、suixu:result)",
    "executionListener taskListener onEntry-script onExit-script executionListeners taskListeners": (
        "把要做的事画成脚本任务或服务任务"
    ),
}
_BY_NAME = {name: remedy for names, remedy in _REMEDIES.items() for name in names.split()}
_NEEDLESS = frozenset(["asyncBefore", "asyncAfter", "async", "exclusive", "failedJobRetryTimeCycle", "retries"])


def is_mark(uri: str) -> bool:
    """Tell whether what is in a namespace only shows."""
    return uri in MARKS or uri in _PLAIN


def name_of(element: Element) -> str:
    """Write the name of an element of another product as it stands in the file."""
    return f"{element.prefix}:{local(element)}" if element.prefix else local(element)


def name_of_attribute(element: Element, uri: str, name: str) -> str:
    """Write the name of an attribute of another product as it stands in the file."""
    prefixes = sorted(prefix for prefix, known in element.nsmap.items() if known == uri and prefix)
    return f"{prefixes[0]}:{name}" if prefixes else name


def remedy(name: str) -> str:
    """Say by what to replace a word of another product."""
    if name in _NEEDLESS:
        return "请删去它：本系统每一步都保存，失败了会自动再试。"
    instead = _BY_NAME.get(name)
    return f"请删去它，并{instead}。" if instead else "请删去它；它的意思要用本系统的属性另行填写。"
