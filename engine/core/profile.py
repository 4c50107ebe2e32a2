"""Which BPMN is accepted: a diagram is run exactly as the standard says, or refused with all its faults."""

from engine.core.diagram import Diagram, Surroundings
from engine.core.markup import BPMN, parse
from engine.core.normalise import name_flows, normalise
from engine.core.reading import connect, read_flows, read_process
from engine.ground.errors import Fault, Refused


def read(source: bytes, around: Surroundings) -> Diagram:
    """Turn the bytes of a BPMN file into the diagram to run, or raise Refused with all its faults."""
    diagram, found = _examine(source, around)
    if diagram is None or found:
        raise Refused(f"流程图有 {len(found)} 处问题,不能发布。", found)
    return normalise(diagram)


def faults(source: bytes, around: Surroundings) -> list[Fault]:
    """List all that is wrong with the bytes of a BPMN file."""
    return _examine(source, around)[1]


def _examine(source: bytes, around: Surroundings) -> tuple[Diagram | None, list[Fault]]:
    found: list[Fault] = []
    root = parse(source, found)
    if root is None:
        return None, found
    process = next(root.iterchildren(f"{{{BPMN}}}process"))
    diagram = read_process(process)
    diagram = connect(diagram, name_flows(read_flows(process), diagram.nodes))
    return diagram, found
