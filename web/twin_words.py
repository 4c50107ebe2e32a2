"""What the text twin calls events, by what they wait for or bring about."""

from collections.abc import Mapping

from engine.core.diagram import EventKind
from web.texts import gettext as _

Words = Mapping[EventKind | None, str]

START: Words = {
    "timer": _("到时自动开始"),
    "message": _("收到消息开始"),
    "signal": _("收到信号开始"),
    "condition": _("符合条件开始"),
    "error": _("出错时开始"),
    "escalation": _("有情况上报时开始"),
}
END: Words = {
    "terminate": _("全部结束"),
    "message": _("发出消息后结束"),
    "signal": _("发出信号后结束"),
    "error": _("出错结束"),
    "escalation": _("上报情况后结束"),
    "cancel": _("取消这一组环节"),
}
CATCH: Words = {
    "timer": _("等时间"),
    "message": _("等消息"),
    "signal": _("等信号"),
    "condition": _("等条件"),
    "link": _("从链接处接着走"),
}
THROW: Words = {
    "message": _("发出消息"),
    "signal": _("发出信号"),
    "escalation": _("上报情况"),
    "link": _("转到链接处"),
}
BOUNDARY: Words = {
    "timer": _("到时另走"),
    "message": _("收到消息另走"),
    "signal": _("收到信号另走"),
    "condition": _("符合条件另走"),
    "error": _("出错另走"),
    "escalation": _("有情况另走"),
    "cancel": _("取消后另走"),
}
AWAITED: Words = {
    "message": _("收到消息“%s”"),
    "signal": _("收到信号“%s”"),
    "condition": _("符合条件“%s”"),
    "error": _("出现错误“%s”"),
    "escalation": _("上报情况“%s”"),
    "cancel": _("被取消%s"),
}
ANY: Words = {"error": _("出现错误"), "escalation": _("有情况上报"), "cancel": _("被取消")}
THROWN: Words = {
    "message": _("发出消息“%s”。"),
    "signal": _("发出信号“%s”，在等的都会收到。"),
    "error": _("以错误“%s”结束，由外面处理它的环节接着办。"),
    "escalation": _("上报情况“%s”。"),
}
