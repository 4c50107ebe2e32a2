"""Draw the processes that are measured."""

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:suixu="urn:suixu:bpmn:1"'
    ' targetNamespace="urn:suixu:benchmarks">'
)
_TASK = '<bpmn:userTask id="{id}" name="{name}" suixu:form="form" suixu:assignment="{post}"{more} />'
_FLOW = '<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}" />'


def _process(key: str, body: str, **more: str) -> bytes:
    given = "".join(f' suixu:{name}="{value}"' for name, value in more.items() if value)
    text = f'{_HEAD}<bpmn:process id="{key}" name="{key}" isExecutable="true" suixu:title="&quot;{key}&quot;"{given}>'
    return f"{text}{body}</bpmn:process></bpmn:definitions>".encode()


def _task(task_id: str, post: str, more: str = "") -> str:
    return _TASK.format(id=task_id, name=task_id, post=post, more=more)


def _flows(*pairs: str) -> str:
    return "".join(_FLOW.format(source=source, target=target) for source, target in (pair.split(">") for pair in pairs))


def crowd() -> bytes:
    """Two tasks that hand to each other for ever, beside as many waiting tokens as `items` has entries."""
    many = (
        '<bpmn:userTask id="wait" name="wait" suixu:form="form" suixu:assignment="blue.staff">'
        '<bpmn:multiInstanceLoopCharacteristics isSequential="false" suixu:collection="items" suixu:item="item" />'
        "</bpmn:userTask>"
    )
    body = (
        '<bpmn:startEvent id="s" /><bpmn:parallelGateway id="split" />'
        f"{_task('a', 'hr.head')}{_task('b', 'red.head')}{many}"
        '<bpmn:exclusiveGateway id="again" default="again_a" /><bpmn:endEvent id="e" /><bpmn:endEvent id="f" />'
        f"{_flows('s>split', 'split>a', 'split>wait', 'wait>e', 'a>b', 'b>again', 'again>a')}"
        '<bpmn:sequenceFlow id="out" sourceRef="again" targetRef="f">'
        '<bpmn:conditionExpression>outcome = "return"</bpmn:conditionExpression></bpmn:sequenceFlow>'
    )
    return _process("crowd", body, inputs="items")


def pair(starters: str = "") -> bytes:
    """Two tasks, one after the other, with deadlines and reminders as an office sets them."""
    clocks = ' suixu:due="3" suixu:remind="1,0" suixu:chase="1:hr.head"'
    body = (
        f'<bpmn:startEvent id="s" />{_task("a", "hr.head", clocks)}{_task("b", "red.head", clocks)}'
        f'<bpmn:endEvent id="e" />{_flows("s>a", "a>b", "b>e")}'
    )
    return _process("pair", body, starters=starters)


def timers() -> bytes:
    """As many waiting timers as `items` has entries, in one instance each: the instance is what is locked."""
    body = (
        '<bpmn:startEvent id="s" /><bpmn:intermediateCatchEvent id="t"><bpmn:timerEventDefinition>'
        "<bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
        f'<bpmn:endEvent id="e" />{_flows("s>t", "t>e")}'
    )
    return _process("timers", body)
