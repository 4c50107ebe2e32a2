"""From bytes to an XML tree that is safe to walk, and the words for a place in it."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from lxml import etree

from engine.core.plain_text import printable, stray
from engine.ground.errors import Fault

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SUIXU = "urn:suixu:bpmn:1"
DRAWING = frozenset(
    {
        "http://www.omg.org/spec/BPMN/20100524/DI",
        "http://www.omg.org/spec/DD/20100524/DI",
        "http://www.omg.org/spec/DD/20100524/DC",
    }
)

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 50
MAX_ATTRIBUTES = 100
MAX_ELEMENTS = 20_000
MAX_NAME = 200

Element = etree._Element


class Placed(Protocol):
    """Anything a fault can point at."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def line(self) -> int: ...


class Place(NamedTuple):
    """Where in a file something stands."""

    id: str
    name: str
    line: int


def fault(code: str, place: Placed, message: str, remedy: str) -> Fault:
    """Make the fault that points at the place."""
    return Fault(f"BPMN-{code}", message, place.id[:MAX_NAME], place.name[:MAX_NAME], place.line, remedy)


def place(element: Element) -> Place:
    """Tell where an element stands; one without an id borrows that of the element around it."""
    holder = element
    while not holder.get("id") and (parent := holder.getparent()) is not None:
        holder = parent
    return Place(holder.get("id", ""), printable(holder.get("name", "")).strip(), line_of(element))


def line_of(element: Element) -> int:
    """Give the line of an element in its file."""
    line: int | None = getattr(element, "sourceline", None)
    return line or 0


def parse(source: bytes) -> tuple[Element | None, list[Fault]]:
    """Read the bytes, or say why they cannot be taken for a diagram."""
    if len(source) > MAX_BYTES:
        return None, [_whole("SIZE", "文件超过 2 MB。", "请精简流程图，或拆成几个流程。")]
    # No network, no DTD, no entities: a diagram needs none of them, and each has been used for attacks.
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(source, parser)
    except (etree.LxmlError, ValueError, LookupError) as problem:
        return None, [_malformed(problem)]
    found = list(_limits(root))
    return (None, found) if found else (root, found)


def _malformed(problem: Exception) -> Fault:
    line = getattr(problem, "lineno", None) or 0
    reason = f"第 {line} 行附近不符合 XML 语法。" if line else "内容为空，或编码无法识别。"
    return _whole("XML", f"文件不是完整的 XML：{reason}", "请用流程编辑器重新导出该文件。", line)


def _limits(root: Element) -> Iterator[Fault]:
    if root.getroottree().docinfo.internalDTD is not None:
        yield _whole("DOCTYPE", "文件含有 DOCTYPE 声明，不予接受。", "请删去 DOCTYPE 声明。")
        return
    for count, (element, depth) in enumerate(_depths(root), 1):
        if depth > MAX_DEPTH:
            yield _whole("DEPTH", f"元素嵌套超过 {MAX_DEPTH} 层。", "请减少嵌套，或拆成几个流程。", line_of(element))
            return
        if count > MAX_ELEMENTS:
            yield _whole("LIMIT", f"文件中的元素超过 {MAX_ELEMENTS} 个。", "请拆成几个流程。", line_of(element))
            return
        if len(element.attrib) > MAX_ATTRIBUTES:
            yield _whole("LIMIT", f"一个元素的属性超过 {MAX_ATTRIBUTES} 个。", "请删去多余的属性。", line_of(element))
            return


def _depths(root: Element) -> Iterator[tuple[Element, int]]:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            depth += 1
            yield element, depth
        else:
            depth -= 1


def _whole(code: str, message: str, remedy: str, line: int = 0) -> Fault:
    return fault(code, Place("", "", line), message, remedy)


def tag_of(element: Element) -> str:
    """Give the BPMN name of an element, "" if it is not of BPMN."""
    return local(element) if namespace(element) == BPMN else ""


def namespace(element: Element) -> str:
    """Give the namespace of an element."""
    return etree.QName(element).namespace or ""


def local(element: Element) -> str:
    """Give the name of an element without its namespace."""
    return etree.QName(element).localname


def elements(parent: Element, tag: str = "") -> Iterator[Element]:
    """Walk the BPMN children of an element, all or those of one name."""
    return parent.iterchildren(f"{{{BPMN}}}{tag or '*'}")


def child(parent: Element, tag: str) -> Element | None:
    """Give the first BPMN child of that name."""
    return next(elements(parent, tag), None)


def text(element: Element | None) -> str:
    """Give the text inside an element, "" where there is none."""
    return "" if element is None else "".join(str(part) for part in element.itertext()).strip()


def strays(element: Element) -> Iterator[str]:
    """Say which characters of an element's own texts no page or paper can carry."""
    texts = [(f"属性 {etree.QName(key).localname} ", str(value)) for key, value in element.items()]
    for where, given in (*texts, ("文字", element.text or "")):
        if found := stray(given):
            yield f"{where}里{found}。"


def reference(value: str) -> str:
    """Read a qualified name: what it refers to stands in this file, whatever prefix it has."""
    return value.strip().rpartition(":")[2]


def is_true(value: str) -> bool:
    """Read an xsd:boolean."""
    return value.strip() in {"true", "1"}


def own(element: Element, name: str) -> str:
    """Give an attribute of our namespace, "" where it is missing."""
    return element.get(f"{{{SUIXU}}}{name}", "").strip()
