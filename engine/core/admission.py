"""Let in what the profile knows, element by element, and name everything else."""

import re
from collections.abc import Iterable, Iterator

from engine.core import foreign
from engine.core.elements import IGNORED, LANGUAGES, SHAPES, SINGLE, VALUES, Shape, label, remedy
from engine.core.markup import (
    BPMN,
    DRAWING,
    MAX_NAME,
    SUIXU,
    Element,
    elements,
    fault,
    local,
    namespace,
    own,
    place,
    reference,
    strays,
    tag_of,
)
from engine.core.reading import KINDS
from engine.ground.errors import Fault

MAX_NODES = 400
MAX_KEY = 100
MAX_FLOWS = 1_600

_ID = re.compile(r"[A-Za-z_][\w.-]*")
_FEEL = re.compile(r"feel", re.IGNORECASE)
_NAMED = frozenset({"sequenceFlow", "lane", "process", "participant"}) | KINDS.keys()
_BARE_CHILDREN = "请删去它，或用流程编辑器重新导出该文件。"


def find_process(root: Element) -> tuple[Element | None, list[Fault]]:
    """Give the one process of a file and what is wrong around it."""
    if tag_of(root) != "definitions":
        message = f"文件不是 BPMN 2.0 流程图：最外层是 {local(root)}。"
        if local(root) == "definitions":
            message = f"文件不是 BPMN 2.0 流程图：命名空间是“{namespace(root)[:80]}”。"
        return None, [fault("ROOT", place(root), message, "请选择用流程编辑器保存的 .bpmn 文件。")]
    processes = list(elements(root, "process"))
    if not processes:
        return None, [fault("PROCESS", place(root), "文件中没有流程。", "请在图中画出一个流程。")]
    faults = [
        fault("PROCESS", place(extra), "一个文件只能有一个流程。", "请把其他流程另存为单独的文件。")
        for extra in processes[1:]
    ]
    return processes[0], faults + list(_around(root, processes[0]))


def _around(root: Element, process: Element) -> Iterator[Fault]:
    participants = [inner for outer in elements(root, "collaboration") for inner in elements(outer, "participant")]
    for extra in participants[1:]:
        yield fault("PARTICIPANT", place(extra), "图中只能有一个参与者（泳池）。", "请删去其他泳池。")
    for participant in participants[:1]:
        if reference(participant.get("processRef", "")) != process.get("id", ""):
            message = f"泳池所指的流程“{participant.get('processRef', '')}”不存在。"
            yield fault("REFERENCE", place(participant), message, "请让泳池的 processRef 指向图中的流程。")


def admit(root: Element) -> Iterator[Fault]:
    """Name every element and attribute that is not accepted."""
    yield from _attributes(root)
    for element in root.iterchildren("*"):
        if namespace(element) == BPMN:
            yield from _child(element, "definitions")
        elif namespace(element) not in DRAWING and not foreign.is_mark(namespace(element)):
            yield _foreign(element, foreign.name_of(element), local(element))


def _child(element: Element, parent: str) -> Iterator[Fault]:
    tag = tag_of(element)
    if tag not in SHAPES[parent].children:
        yield _refusal(element, tag)
    elif tag == "extensionElements":
        yield from _extensions(element, parent)
    elif tag not in IGNORED:
        yield from _attributes(element)
        yield from _repetitions(element)
        for inner in element.iterchildren("*"):
            yield from _child(inner, tag)


def _repetitions(element: Element) -> Iterator[Fault]:
    seen: set[str] = set()
    for inner in elements(element):
        if (tag := tag_of(inner)) in SINGLE and tag in seen:
            yield fault("ELEMENT", place(inner), f"{label(tag)}只能有一个。", "请删去多余的。")
        seen.add(tag)


def _refusal(element: Element, tag: str) -> Fault:
    if tag:
        return fault("ELEMENT", place(element), f"这里不支持{label(tag)}。", remedy(tag))
    message = f"这里不能有外来元素 {local(element)}。"
    return fault("ELEMENT", place(element), message, _BARE_CHILDREN)


def _extensions(element: Element, parent: str) -> Iterator[Fault]:
    for inner in element.iterchildren("*"):
        if namespace(inner) == SUIXU:
            yield from _own_extension(inner, parent)
        elif not foreign.is_mark(namespace(inner)):
            yield _foreign(inner, foreign.name_of(inner), local(inner))


def _own_extension(element: Element, parent: str) -> Iterator[Fault]:
    if local(element) not in SHAPES[parent].extensions:
        message = f"{label(parent)}不能有扩展 suixu:{local(element)}。"
        yield fault("EXTENSION", place(element), message, "请删去它，或检查拼写。")
        return
    for key, _ in _plain(element):
        if key not in {"source", "target"}:
            message = f"扩展 suixu:{local(element)} 不能有属性 {key}。"
            yield fault("EXTENSION", place(element), message, "只能填 source(表达式)和 target(变量名)。")


def _foreign(element: Element, written: str, name: str) -> Fault:
    message = f"“{written[:80]}”是其他产品的扩展，本系统不会执行。"
    return fault("EXTENSION", place(element), message, foreign.remedy(name))


def _attributes(element: Element) -> Iterator[Fault]:
    shape = SHAPES[tag_of(element)]
    for key, value in _plain(element):
        uri, _, name = key.rpartition("}")
        if uri == f"{{{BPMN}":
            message = f"属性 {name} 不能带 BPMN 的前缀，那样写没有作用。"
            yield fault("ATTRIBUTE", place(element), message, "请去掉属性名前的前缀。")
        elif uri == "":
            yield from _attribute(element, name, value, shape.attributes)
        elif uri == f"{{{SUIXU}" and name not in shape.own:
            message = f"{label(tag_of(element))}不能有属性 suixu:{name}。"
            yield fault("ATTRIBUTE", place(element), message, "请删去它，或检查拼写。")
        elif uri == f"{{{foreign.XSI}" and name == "type":
            yield from _typed(element, value, shape)
        elif uri != f"{{{SUIXU}" and not foreign.is_mark(uri[1:]) and tag_of(element) != "definitions":
            yield _foreign(element, foreign.name_of_attribute(element, uri[1:], name), name)


def _typed(element: Element, value: str, shape: Shape) -> Iterator[Fault]:
    """A type of XML Schema may say that an element is another one: only that of an expression says what it is."""
    if "evaluatesToTypeRef" not in shape.attributes or reference(value) not in {"tExpression", "tFormalExpression"}:
        message = f"{label(tag_of(element))}不支持 xsi:type=“{value[:40]}”。"
        yield fault("ATTRIBUTE", place(element), message, "请删去它；要换成另一种元素，请直接画那种元素。")


def _plain(element: Element) -> Iterator[tuple[str, str]]:
    return ((str(key), str(value).strip()) for key, value in element.items())


def _attribute(element: Element, name: str, value: str, known: Iterable[str]) -> Iterator[Fault]:
    if name not in known:
        message = f"{label(tag_of(element))}不支持属性 {name}。"
        yield fault("ATTRIBUTE", place(element), message, "请删去这个属性。")
    elif name in VALUES and value not in VALUES[name]:
        yield fault("ATTRIBUTE", place(element), f"不支持 {name}=“{value[:40]}”。", _allowed(name))
    elif name in LANGUAGES and value and not _FEEL.search(value):
        message = f"不支持表达式语言“{value[:80]}”。"
        yield fault("LANGUAGE", place(element), message, "表达式和脚本只用 FEEL，请改写并删去语言声明。")


def _allowed(name: str) -> str:
    if name == "isExecutable":
        return "请在流程属性中勾选“可执行”。"
    return f"{name} 只能是 {'、'.join(sorted(VALUES[name]))}，或不填。"


def identify(root: Element) -> Iterator[Fault]:
    """Name ids that are missing, malformed, too long or not unique, and names that are too long."""
    seen: set[str] = set()
    for element in root.iter("*"):
        if namespace(element) != BPMN and namespace(element) not in DRAWING:
            continue
        key = element.get("id", "")
        if key and key in seen:
            yield fault("DUPLICATE", place(element), f"编号“{key[:80]}”重复。", "请给每个元素不同的编号(id)。")
        seen.add(key)
        if tag_of(element) in _NAMED:
            yield from _identity(element, key)
        yield from _characters(element)


def _characters(element: Element) -> Iterator[Fault]:
    for message in strays(element):
        yield fault("CHARACTER", place(element), message, "请在流程编辑器或者源文件中删去它。")


def _identity(element: Element, key: str) -> Iterator[Fault]:
    tag = tag_of(element)
    if not key and tag in KINDS.keys() | {"process"}:
        yield fault("ID", place(element), f"{label(tag)}没有编号(id)。", "请在流程编辑器中填写编号。")
    longest = MAX_KEY if tag == "process" else MAX_NAME
    if key and (not _ID.fullmatch(key) or len(key) > longest):
        message = f"编号“{key[:80]}”不合规。"
        yield fault("ID", place(element), message, f"编号以字母或下划线开头，不含空格和冒号，不超过 {longest} 字。")
    if len(element.get("name", "")) > MAX_NAME:
        yield fault("NAME", place(element), f"名称超过 {MAX_NAME} 字。", "请缩短名称，详情写在说明里。")


def measure(process: Element) -> Iterator[Fault]:
    """Refuse a process that is too big to be run well."""
    nodes = sum(tag_of(element) in KINDS for element in process.iter("*"))
    flows = sum(1 for _ in process.iter(f"{{{BPMN}}}sequenceFlow"))
    if nodes > MAX_NODES:
        yield fault("LIMIT", place(process), f"环节有 {nodes} 个，超过 {MAX_NODES} 个。", "请拆成几个流程。")
    if flows > MAX_FLOWS:
        yield fault("LIMIT", place(process), f"连线有 {flows} 条，超过 {MAX_FLOWS} 条。", "请拆成几个流程。")


def entitle(process: Element) -> Iterator[Fault]:
    """Demand what people see of a process: its name and the title of its instances."""
    if not process.get("name", "").strip():
        yield fault("NAME", place(process), "流程没有名称。", "请在流程属性中填写名称。")
    if not own(process, "title"):
        message = "流程没有事项标题(suixu:title)。"
        yield fault("TITLE", place(process), message, '请填写一个表达式，例如 "年度工作计划·" + unit name(unit)。')
