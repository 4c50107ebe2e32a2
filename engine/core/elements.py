"""Which elements and attributes of BPMN are accepted, and what to draw in the place of the others."""

from collections.abc import Mapping
from typing import NamedTuple


class Shape(NamedTuple):
    """What an element may carry: attributes, BPMN children, our attributes, our extension elements."""

    attributes: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()


def _shape(attributes: str = "", children: str = "", own: str = "", extensions: str = "") -> Shape:
    return Shape(
        frozenset(f"id name {attributes}".split()),
        frozenset(f"documentation extensionElements {children}".split()),
        frozenset(own.split()),
        frozenset(extensions.split()),
    )


_ARTIFACTS = "textAnnotation association group dataObject dataObjectReference dataStoreReference"
_NODES = (
    "startEvent endEvent intermediateCatchEvent intermediateThrowEvent boundaryEvent task userTask manualTask"
    " scriptTask businessRuleTask serviceTask sendTask receiveTask callActivity subProcess transaction"
    " exclusiveGateway parallelGateway inclusiveGateway eventBasedGateway"
)
_SCOPE = f"laneSet sequenceFlow property {_NODES} {_ARTIFACTS}"
_FLOWS = "incoming outgoing"
_ACTIVITY = "default startQuantity completionQuantity isForCompensation"
_INSIDE = f"{_FLOWS} property dataInputAssociation dataOutputAssociation"
_MULTI, _LOOP = "multiInstanceLoopCharacteristics", "standardLoopCharacteristics"
_TASK = f"{_MULTI} {_LOOP} auditing monitoring {_INSIDE}"
_AWAITED = "timerEventDefinition messageEventDefinition signalEventDefinition conditionalEventDefinition"
_THROWN = "messageEventDefinition signalEventDefinition escalationEventDefinition"
_CAUGHT = f"{_AWAITED} errorEventDefinition escalationEventDefinition"
_ENDING = "errorEventDefinition cancelEventDefinition terminateEventDefinition"
_DEFINITIONS = f"{_CAUGHT} {_ENDING} linkEventDefinition"
_CATCH = f"{_FLOWS} property dataOutput dataOutputAssociation outputSet eventDefinitionRef"
_THROW = f"{_FLOWS} property dataInput dataInputAssociation inputSet eventDefinitionRef"
_EXPRESSION = Shape(frozenset({"id", "language", "evaluatesToTypeRef"}))
_TEXT = Shape(frozenset({"id"}))

# Drawn for people, or declared without being used: they change nothing in how a process runs.
IGNORED = frozenset(
    f"documentation {_ARTIFACTS} property auditing monitoring category itemDefinition dataStore"
    " dataInput dataOutput inputSet outputSet resource interface endPoint partitionElement".split()
)

SHAPES: Mapping[str, Shape] = {
    "definitions": _shape(
        "targetNamespace typeLanguage expressionLanguage exporter exporterVersion",
        "process collaboration category itemDefinition dataStore message signal error escalation resource"
        f" interface endPoint {_DEFINITIONS}",
    ),
    "collaboration": _shape("isClosed", "participant textAnnotation association group"),
    "participant": _shape("processRef"),
    "process": _shape(
        "isExecutable processType isClosed", f"auditing monitoring {_SCOPE}", "title businessKey starters inputs"
    ),
    "laneSet": _shape("", "lane"),
    "childLaneSet": _shape("", "lane"),
    "lane": _shape("partitionElementRef", "flowNodeRef childLaneSet partitionElement", "unit post"),
    "sequenceFlow": _shape("sourceRef targetRef isImmediate", "conditionExpression auditing monitoring"),
    "message": _shape("itemRef"),
    "signal": _shape("structureRef"),
    "error": _shape("errorCode structureRef"),
    "escalation": _shape("escalationCode structureRef"),
    "startEvent": _shape("isInterrupting parallelMultiple", f"{_CATCH} {_CAUGHT}", "form unit", "out"),
    "endEvent": _shape("", f"{_THROW} {_THROWN} {_ENDING}", "businessKey", "in"),
    "intermediateCatchEvent": _shape("parallelMultiple", f"{_CATCH} {_AWAITED} linkEventDefinition", "", "out"),
    "intermediateThrowEvent": _shape("", f"{_THROW} {_THROWN} linkEventDefinition", "businessKey", "in"),
    "boundaryEvent": _shape(
        "attachedToRef cancelActivity parallelMultiple", f"{_CATCH} {_CAUGHT} cancelEventDefinition", "", "out"
    ),
    "task": _shape(_ACTIVITY, _TASK),
    "userTask": _shape(f"implementation {_ACTIVITY}", _TASK, "form due remind chase assignment merge"),
    "manualTask": _shape(_ACTIVITY, _TASK),
    "scriptTask": _shape(f"scriptFormat {_ACTIVITY}", f"script {_TASK}"),
    "businessRuleTask": _shape(f"implementation {_ACTIVITY}", _TASK, "decision result"),
    "serviceTask": _shape(f"implementation {_ACTIVITY}", _TASK, "function"),
    "sendTask": _shape(f"implementation messageRef {_ACTIVITY}", _TASK, "businessKey", "in"),
    "receiveTask": _shape(f"implementation messageRef instantiate {_ACTIVITY}", _TASK, "", "out"),
    "callActivity": _shape(f"calledElement {_ACTIVITY}", _TASK, "businessKey unit", "in out"),
    "subProcess": _shape(f"triggeredByEvent {_ACTIVITY}", f"{_TASK} {_SCOPE}"),
    "transaction": _shape(f"triggeredByEvent method {_ACTIVITY}", f"{_TASK} {_SCOPE}"),
    "exclusiveGateway": _shape("gatewayDirection default", f"{_FLOWS} auditing monitoring"),
    "parallelGateway": _shape("gatewayDirection", f"{_FLOWS} auditing monitoring"),
    "inclusiveGateway": _shape("gatewayDirection default", f"{_FLOWS} auditing monitoring"),
    "eventBasedGateway": _shape("gatewayDirection instantiate eventGatewayType", f"{_FLOWS} auditing monitoring"),
    _MULTI: _shape("isSequential behavior", "loopCardinality completionCondition", "collection item result resultItem"),
    _LOOP: _shape("testBefore loopMaximum", "loopCondition"),
    "timerEventDefinition": _shape("", "timeDate timeDuration timeCycle"),
    "messageEventDefinition": _shape("messageRef"),
    "signalEventDefinition": _shape("signalRef"),
    "conditionalEventDefinition": _shape("", "condition"),
    "errorEventDefinition": _shape("errorRef"),
    "escalationEventDefinition": _shape("escalationRef"),
    "cancelEventDefinition": _shape(),
    "linkEventDefinition": _shape("", "source target"),
    "terminateEventDefinition": _shape(),
    "dataInputAssociation": _shape("", "sourceRef targetRef"),
    "dataOutputAssociation": _shape("", "sourceRef targetRef"),
    "extensionElements": Shape(),
    "conditionExpression": _EXPRESSION,
    "condition": _EXPRESSION,
    "completionCondition": _EXPRESSION,
    "loopCardinality": _EXPRESSION,
    "loopCondition": _EXPRESSION,
    "timeDate": _EXPRESSION,
    "timeDuration": _EXPRESSION,
    "timeCycle": _EXPRESSION,
    "incoming": _TEXT,
    "outgoing": _TEXT,
    "flowNodeRef": _TEXT,
    "sourceRef": _TEXT,
    "targetRef": _TEXT,
    "eventDefinitionRef": _TEXT,
    "source": _TEXT,
    "target": _TEXT,
    "script": _TEXT,
}

# Attributes that are accepted with these values only: they say what happens anyway.
_NO = frozenset({"false", "0"})
_EITHER = frozenset({"true", "1"}) | _NO
VALUES: Mapping[str, frozenset[str]] = {
    "isExecutable": frozenset({"true", "1"}),
    "startQuantity": frozenset({"1"}),
    "completionQuantity": frozenset({"1"}),
    "isImmediate": frozenset({"true", "1"}),
    "isForCompensation": _NO,
    "triggeredByEvent": _EITHER,
    "isInterrupting": _EITHER,
    "instantiate": _NO,
    "parallelMultiple": _NO,
    "eventGatewayType": frozenset({"Exclusive"}),
    "method": frozenset({"##Compensate"}),
    "isSequential": _EITHER,
    "testBefore": _EITHER,
    "behavior": frozenset({"All"}),
    "cancelActivity": _EITHER,
}
# Children of which there may be one only: of two, one would be passed over.
SINGLE = frozenset(
    f"conditionExpression condition script {_MULTI} {_LOOP} loopCardinality loopCondition completionCondition"
    " timeDate timeDuration timeCycle".split()
)
# An attribute that names the language of an expression or a script.
LANGUAGES = frozenset({"expressionLanguage", "language", "scriptFormat"})

LABELS: Mapping[str, str] = {
    "task": "未定类型的任务",
    "manualTask": "手工任务",
    "sendTask": "发送任务",
    "receiveTask": "接收任务",
    "businessRuleTask": "业务规则任务",
    "inclusiveGateway": "包容网关",
    "complexGateway": "复杂网关",
    "eventBasedGateway": "事件网关",
    "intermediateThrowEvent": "中间抛出事件",
    "transaction": "事务子流程",
    "adHocSubProcess": "特设子流程",
    "messageFlow": "消息流",
    "participant": "参与者",
    "standardLoopCharacteristics": "标准循环",
    "multiInstanceLoopCharacteristics": "多实例",
    "loopCardinality": "多实例次数",
    "messageEventDefinition": "消息事件",
    "signalEventDefinition": "信号事件",
    "errorEventDefinition": "错误事件",
    "escalationEventDefinition": "升级事件",
    "compensateEventDefinition": "补偿事件",
    "conditionalEventDefinition": "条件事件",
    "linkEventDefinition": "链接事件",
    "cancelEventDefinition": "取消事件",
    "timerEventDefinition": "定时事件",
    "terminateEventDefinition": "终止事件",
    "potentialOwner": "可办理人",
    "humanPerformer": "办理人",
    "performer": "执行人",
    "process": "流程",
    "startEvent": "开始事件",
    "endEvent": "结束事件",
    "intermediateCatchEvent": "中间捕获事件",
    "boundaryEvent": "边界事件",
    "userTask": "用户任务",
    "scriptTask": "脚本任务",
    "serviceTask": "服务任务",
    "callActivity": "调用活动",
    "subProcess": "子流程",
    "exclusiveGateway": "排他网关",
    "parallelGateway": "并行网关",
    "sequenceFlow": "连线",
    "lane": "泳道",
    "message": "消息",
    "signal": "信号",
    "error": "错误",
    "escalation": "升级",
    "eventDefinitionRef": "事件定义引用",
    "conditionExpression": "条件",
    "condition": "条件",
    "completionCondition": "完成条件",
    "loopCondition": "循环条件",
    "timeDate": "日期",
    "timeDuration": "时长",
    "timeCycle": "周期",
    "ioSpecification": "输入输出说明",
    "import": "外部文件导入",
    "globalTask": "全局任务",
    "globalUserTask": "全局用户任务",
    "globalManualTask": "全局手工任务",
    "globalScriptTask": "全局脚本任务",
    "globalBusinessRuleTask": "全局业务规则任务",
    "choreography": "编排",
    "relationship": "关联说明",
    "loopDataInputRef": "多实例的输入集合",
    "inputDataItem": "多实例的输入元素",
    "loopDataOutputRef": "多实例的输出集合",
    "outputDataItem": "多实例的输出元素",
    "assignment": "数据赋值",
    "transformation": "数据变换",
}
_GLOBAL = "请把它画成流程里的任务，或画成单独的流程再调用。"
_REMEDIES: Mapping[str, str] = {
    **dict.fromkeys(("globalTask", "globalUserTask", "globalManualTask", "globalScriptTask"), _GLOBAL),
    "globalBusinessRuleTask": _GLOBAL,
    "choreography": "请只画一个流程；发给谁由消息和业务键决定。",
    "complexGateway": "请改用排他、并行或包容网关。",
    "adHocSubProcess": "请改成普通子流程，画出先后次序。",
    "compensateEventDefinition": "请在出错或取消之后画出补救的环节。",
    "messageFlow": "请只画一个流程；发给谁由消息和业务键决定。",
    "potentialOwner": "请把办理岗位填在泳道或任务的“办理岗位”(suixu:assignment)。",
    "humanPerformer": "请把办理岗位填在泳道或任务的“办理岗位”(suixu:assignment)。",
    "performer": "请把办理岗位填在泳道或任务的“办理岗位”(suixu:assignment)。",
    "loopDataInputRef": "请删去它，填写“逐项的清单”(suixu:collection)。",
    "inputDataItem": "请删去它，填写“每一项叫什么”(suixu:item)。",
    "loopDataOutputRef": "请删去它，填写“结果清单叫什么”(suixu:result)。",
    "outputDataItem": "请删去它，填写“每一项的结果取自”(suixu:resultItem)。",
    "assignment": "请删去它，用脚本任务或 suixu:in、suixu:out 给变量赋值。",
    "transformation": "请删去它，用脚本任务给变量赋值。",
    "ioSpecification": "请删去它：任务直接读写变量，调用活动、消息和信号用 suixu:in、suixu:out。",
    "relationship": "请删去它：这是其他产品的附注，不影响流程。",
    "import": "请删去它：要用的消息、信号、错误请写在本文件里。",
}


def label(tag: str) -> str:
    """Name an element as people know it, with the name it has in the file."""
    return f"“{LABELS[tag]}”({tag})" if tag in LABELS else f"元素 {tag}"


def remedy(tag: str) -> str:
    """Say what to draw instead of an element."""
    return _REMEDIES.get(tag, "请删去它，或换成能运行的元素。")
