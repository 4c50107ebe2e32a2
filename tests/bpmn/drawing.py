"""Read the picture in a BPMN file: boxes, lines and labels by the id of what they show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"

_NODE = re.compile(r"(Event|Task|Gateway|callActivity|subProcess)$")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box", by: float = 0) -> bool:
        """Tell whether the two share more than a margin of `by`."""
        return (
            self.left + by < other.right
            and other.left + by < self.right
            and self.top + by < other.bottom
            and other.top + by < self.bottom
        )

    def contains(self, other: "Box") -> bool:
        """Tell whether the other lies wholly inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    @property
    def middle(self) -> tuple[float, float]:
        """Give the point in its middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def touches(self, point: tuple[float, float]) -> bool:
        """Tell whether a point lies on the border, give or take a pixel."""
        x, y = point
        within = self.left - 1 <= x <= self.right + 1 and self.top - 1 <= y <= self.bottom + 1
        inside = self.left + 1 < x < self.right - 1 and self.top + 1 < y < self.bottom - 1
        return within and not inside


@dataclass(frozen=True)
class Line:
    """A sequence flow as drawn."""

    source: str
    target: str
    points: tuple[tuple[float, float], ...]

    def strokes(self) -> list[Box]:
        """Give its straight parts as boxes without width."""
        return [
            Box(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])) for a, b in pairwise(self.points)
        ]


@dataclass
class Drawing:
    """Hold one file: its process, and where everything stands in the picture."""

    key: str
    process: etree._Element
    nodes: dict[str, etree._Element]
    flows: dict[str, etree._Element]
    boxes: dict[str, Box] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    labels: dict[str, Box] = field(default_factory=dict)

    def name(self, key: str) -> str:
        """Give the name that people read."""
        element = self.nodes.get(key)
        return (self.flows[key] if element is None else element).get("name", "")

    def outgoing(self, key: str) -> list[etree._Element]:
        """Give the flows that leave a node."""
        return [flow for flow in self.flows.values() if flow.get("sourceRef") == key]


def is_chinese(text: str) -> bool:
    """Tell whether a text holds Chinese."""
    return _CHINESE.search(text) is not None


def read(path: Path) -> Drawing:
    """Read a file that an editor saved."""
    root = etree.parse(path).getroot()
    process = root.find(f"{BPMN}process")
    assert process is not None
    found = [element for element in process.iterchildren() if isinstance(element.tag, str)]
    nodes = {element.get("id", ""): element for element in found if _NODE.search(etree.QName(element).localname)}
    flows = {element.get("id", ""): element for element in process.iterchildren(f"{BPMN}sequenceFlow")}
    drawing = Drawing(path.stem, process, nodes, flows)
    for shape in root.iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge"):
        _place(drawing, shape)
    return drawing


def _place(drawing: Drawing, shape: etree._Element) -> None:
    key = shape.get("bpmnElement", "")
    bounds, label = shape.find(f"{DC}Bounds"), shape.find(f"{BPMNDI}BPMNLabel/{DC}Bounds")
    if bounds is not None:
        drawing.boxes[key] = _box(bounds)
    else:
        flow = drawing.flows[key]
        points = tuple((_number(point, "x"), _number(point, "y")) for point in shape.iterchildren(f"{DI}waypoint"))
        drawing.lines[key] = Line(flow.get("sourceRef", ""), flow.get("targetRef", ""), points)
    if label is not None:
        drawing.labels[key] = _box(label)


def _box(bounds: etree._Element) -> Box:
    left, top = _number(bounds, "x"), _number(bounds, "y")
    return Box(left, top, left + _number(bounds, "width"), top + _number(bounds, "height"))


def _number(element: etree._Element, name: str) -> float:
    return float(element.get(name, "nan"))


def pairs(drawing: Drawing) -> Iterator[tuple[str, Box, str, Box]]:
    """Go through every two node shapes."""
    keys = sorted(drawing.nodes)
    for index, first in enumerate(keys):
        for second in keys[index + 1 :]:
            yield first, drawing.boxes[first], second, drawing.boxes[second]
