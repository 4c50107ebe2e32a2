"""Name streams and the kinds of their events as people know them; no id is ever shown."""

from collections.abc import Mapping

from sqlalchemy import select

from engine import accounts
from engine.core.chain import ERASED
from engine.core.history import Verdict
from engine.ground import model
from engine.ground.unit_of_work import Unit
from web.texts import gettext as _

KINDS: Mapping[str, str] = {
    ERASED: _("依法清除"),
    # matters
    "instance.started": _("发起事项"),
    "instance.completed": _("事项办结"),
    "instance.failed": _("事项出错结束"),
    "instance.cancelling": _("撤销事项，写原因"),
    "instance.cancelled": _("事项已撤销"),
    "task.opened": _("交办"),
    "task.claimed": _("签收"),
    "task.unclaimed": _("放回"),
    "task.assigned": _("指派"),
    "task.released": _("放回岗位"),
    "task.due_changed": _("期限变动"),
    "task.completed": _("办理，写意见"),
    "task.withdrawn": _("撤回"),
    "decision.made": _("按规则判定"),
    "child.started": _("开始下级事项"),
    "child.returned": _("下级事项办结"),
    "child.error": _("下级事项出错"),
    "child.escalation": _("下级事项上报情况"),
    "child.discarded": _("下级事项结果只登记"),
    "document.added": _("增加材料"),
    "incident.raised": _("出现异常"),
    "incident.resolved": _("处理异常"),
    "timer.fired": _("定的时间到了"),
    "event.thrown": _("抛出事件"),
    "event.received": _("收到事件"),
    "message.expired": _("消息过期"),
    "function.done": _("系统办理"),
    "function.error": _("系统没有办成"),
    "activity.entered": _("走到环节"),
    "activity.completed": _("走完环节"),
    "activity.cancelled": _("环节不再需要"),
    "activity.stuck": _("走不下去"),
    # processes, accounts, the organization
    "definition.published": _("发布流程"),
    "account-created": _("建立账号"),
    "account-disabled": _("停用账号"),
    "account-enabled": _("启用账号"),
    "locked": _("锁定账号"),
    "password-changed": _("修改密码"),
    "password-reset": _("重置密码"),
    "role-granted": _("授予角色"),
    "token-issued": _("生成接口令牌"),
    "token-revoked": _("撤销接口令牌"),
    "role-revoked": _("收回角色"),
    "unit-added": _("增加单位"),
    "unit-renamed": _("单位改名"),
    "unit-ended": _("撤销单位"),
    "post-added": _("增加岗位"),
    "post-renamed": _("岗位改名"),
    "post-ended": _("撤销岗位"),
    "person-added": _("增加人员"),
    "person-renamed": _("人员改名"),
    "appointed": _("任职"),
    "relieved": _("免职"),
    "parameter-changed": _("改动参数"),
    "substitution-granted": _("授权代理"),
    "substitution-revoked": _("收回代理"),
    "calendar-day-set": _("改动日历"),
    "calendar-day-unset": _("恢复日历"),
    "calendar-year-entered": _("录入一年的日历"),
    "calendar-year-withdrawn": _("撤回一年的日历"),
    # access
    "signed-in": _("登录"),
    "signed-out": _("退出登录"),
    "sign-in-refused": _("登录被拒绝"),
    "unlocked": _("解除锁定"),
    "instance-read": _("查看事项"),
    "task-read": _("查看待办"),
    "document-read": _("查看材料"),
    "file-read": _("下载文件"),
    "archive-read": _("下载归档包"),
    "archive-checked": _("核对归档包"),
    "audit-searched": _("查找事项"),
    "access-log-read": _("查看访问日志"),
    "chains-verified": _("校验全部记录"),
    "erasures-read": _("查看依法清除的登记"),
    "records-listed": _("查看记录目录"),
    "message-sent": _("发送消息"),
    "message-expired": _("消息过期，没有人收"),
    "signal-sent": _("发送信号"),
}


def kind_words(kind: str) -> str:
    """Say what kind of event it is."""
    return KINDS.get(kind, _("其他记录"))


def name(unit: Unit, stream: str) -> str:
    """Name a stream."""
    kind, _colon, key = stream.partition(":")
    if kind == "instance":
        query = select(model.instance.c.title).where(model.instance.c.id == key)
        return _("事项“%s”") % (unit.connection.execute(query).scalar_one_or_none() or _("（已不存在）"))
    if kind == "account":
        logins = {item.id: item.login for item in accounts.listing(unit)}
        return _("账号“%s”") % logins.get(key, _("（已不存在）"))
    if kind == "definition":
        query = select(model.definition.c.name).where(model.definition.c.key == key)
        found = unit.connection.execute(query.order_by(model.definition.c.version.desc()).limit(1)).scalar()
        return _("流程“%s”的发布记录") % (found or _("（已不存在）"))
    names = {"access": _("访问日志"), "organization": _("组织变更记录")}
    return names.get(kind, _("其他记录"))


def erased_words(verdict: Verdict) -> str:
    """Say which of a stream's records have lawfully no content any more."""
    return _("第%s条已依法清除内容") % "、".join(str(number) for number in verdict.erased) if verdict.erased else ""
