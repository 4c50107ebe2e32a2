"""Move tokens with SpiffWorkflow. The only package that knows it.

Of Spiff we use the task (a token, with its states and their order) and the task spec (what a token does at a node).
We do not use its parser, its prediction, its joins, its event manager, its tree walks or its serializer: each of them
loses or falsifies work in cases that we tried (`docs/engine.md`). So the tree is flat: a token has no parent and no
children, it knows the flow it came by, the container it is in and the variable scopes it sees. What is finished is
dropped: the state of an instance is where its tokens are, and nothing else.

A container (an embedded sub-process, or an activity with several instances) is itself a token that stays started
while tokens live inside it.
"""

from engine.core.spiff.machine import Machine
from engine.core.spiff.program import Program, compile_program

__all__ = ["Machine", "Program", "compile_program"]
