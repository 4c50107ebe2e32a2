"""The registry of pages: every page and state of it, how to get there, its status, and a text that only it has."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Response

from tests.browser.served import ERASED, LONG_NAME, PASSWORD
from tests.browser.walk import Walk

Go = Callable[[Walk], Response]


@dataclass(frozen=True)
class Sight:
    """Describe one page in one state; `rule` is the address as the app's map of addresses says it.

    `tampered` and `empty` are houses of their own: with a forged record; with nothing but two administrators.
    """

    name: str
    rule: str
    login: str
    text: str
    go: Go
    status: int = 200
    tampered: bool = False
    empty: bool = False


def at(path: str) -> Go:
    """Open an address."""
    return lambda walk: walk.open(path)


TASK = "/tasks/<task_id>"
COMPLETE = "/tasks/<task_id>/complete"
INSTANCE = "/instances/<instance_id>"
PLAN_2025 = "2025年双拥工作计划"


# The door and the account


def _sign_in(login: str, password: str) -> Go:
    def go(walk: Walk) -> Response:
        walk.open("/login")
        walk.fill(login=login, password=password)
        return walk.press("登录")

    return go


def _locked(walk: Walk) -> Response:
    walk.open("/login")
    for _attempt in range(5):
        walk.fill(login="locked", password="not the password")
        walk.press("登录")
    walk.fill(login="locked", password=PASSWORD)
    return walk.press("登录")


def _too_often(walk: Walk) -> Response:
    client = walk.house.app.test_client()
    token = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    for _attempt in range(20):
        client.post("/login", data={"csrf_token": token}, environ_base={"REMOTE_ADDR": "127.0.0.1"})
    return _sign_in("", "")(walk)


def _signed_out(walk: Walk) -> Response:
    walk.open("/notices")
    return walk.press("退出登录", walk.page.locator("header"))


def _session_over(walk: Walk) -> Response:
    walk.open(walk.house.take("登录已过期的事"))
    walk.context.clear_cookies()
    walk.fill(name="写了一半的名称")
    return walk.press("暂存")


def _forged(walk: Walk) -> Response:
    walk.open("/notices")
    walk.page.locator("header [name=csrf_token]").evaluate("token => token.value = 'forged'")
    return walk.press("退出登录", walk.page.locator("header"))


def _new_password(old: str, new: str, again: str) -> Go:
    def go(walk: Walk) -> Response:
        walk.open("/account")
        walk.fill(old=old, new=new, again=again)
        return walk.press("修改密码")

    return go


def _name_nobody(walk: Walk) -> Response:
    walk.open("/account")
    walk.page.get_by_text("委托代理", exact=True).click()
    return walk.press("授权代理")


def _revoke_unconfirmed(walk: Walk) -> Response:
    walk.open("/account")
    walk.page.get_by_text("撤销领导小组副组长二的代理").click()
    return walk.press("撤销代理")


def _make_token(walk: Walk) -> Response:
    walk.open("/account")
    walk.page.get_by_text("生成接口令牌", exact=True).click()
    walk.page.get_by_label("用途").fill("季度统计")
    walk.page.get_by_label("查看", exact=True).check()
    walk.page.get_by_label("令牌的截止日期").fill("2026-06-30")
    return walk.press("生成令牌")


def _with_tokens(walk: Walk) -> Response:
    _make_token(walk)
    return walk.open("/account")


def _make_no_token(walk: Walk) -> Response:
    walk.open("/account")
    walk.page.get_by_text("生成接口令牌", exact=True).click()
    return walk.press("生成令牌")


DOOR = (
    Sight("login", "/login", "", "登录 登录名 密码 登录", at("/login")),
    Sight("login-blank", "/login", "", "请填写登录名。", _sign_in("", ""), 422),
    Sight("login-wrong", "/login", "", "登录名或密码不对", _sign_in("idle", "wrong"), 422),
    Sight("login-locked", "/login", "", "登录名或密码不对", _locked, 422),
    Sight("login-too-often", "/login", "", "登录失败的次数太多，请过一分钟再试。", _too_often, 429),
    Sight("signed-out", "/login", "hr-head", "您已退出登录。", _signed_out),
    Sight(
        "session-over", "/tasks/<task_id>/save", "hr-staff", "您的登录因为长时间没有操作已经结束", _session_over, 401
    ),
    Sight("forged-request", "/logout", "hr-head", "页面停留太久，或者不是从本系统的页面提交的", _forged, 400),
    Sight("extend", "/extend", "hr-staff", "可以关闭这个窗口", at("/extend")),
    Sight("account", "/account", "hr-staff", "最近的登录", at("/account")),
    Sight("account-long-name", "/account", "idle", f"我的账号 姓名 {LONG_NAME}临时借调人员", at("/account")),
    Sight("account-must-change", "/account", "newcomer", "这是初始密码，请先修改", at("/notices")),
    Sight("account-differs", "/account", "idle", "两次填写的新密码不一样。", _new_password("a", "b", "c"), 422),
    Sight("account-weak", "/account", "idle", "至少 12", _new_password(PASSWORD, "short", "short"), 422),
    Sight("account-standing-in", "/account", "deputy-2", "我代理别人的岗位", at("/account")),
    Sight("account-away", "/account", "leader", "我委托别人代理的岗位", at("/account")),
    Sight("account-token-made", "/account/tokens", "hr-head", "令牌只在这里显示一次", _make_token),
    Sight("account-tokens", "/account", "hr-staff-2", "有效的接口令牌", _with_tokens),
    Sight("account-no-token", "/account/tokens", "hr-head", "请至少选一项权限。", _make_no_token, 422),
    Sight("account-no-deputy", "/account/substitutions", "deputy-1", "请选择代理人。", _name_nobody, 422),
    Sight(
        "account-revoke-unconfirmed",
        "/account/substitutions/<substitution_id>/revoke",
        "leader",
        "撤销以后代理人立刻不能再办理，请勾选",
        _revoke_unconfirmed,
        422,
    ),
    Sight("unknown-address", "", "hr-staff", "或者不在您的查看范围内。 回到待办", at("/nowhere"), 404),
    Sight("unknown-address-at-the-door", "/login", "", "登录 登录名 密码 登录", at("/nowhere")),
    Sight("not-to-be-opened", "/logout", "hr-staff", "这个地址不能直接打开。", at("/logout"), 405),
)

# Lists


def _second_page(walk: Walk) -> Response:
    walk.open("/inbox")
    return walk.follow("下一页")


LISTS = (
    Sight("inbox-many", "/inbox", "hr-staff", "按期限先后排列。", at("/inbox")),
    Sight("inbox-second-page", "/inbox", "hr-staff", "剩余 15 个工作日 回到第一页", _second_page),
    Sight("inbox-few", "/inbox", "leader", "共 3 件，按期限先后排列。", at("/inbox")),
    Sight("inbox-empty", "/inbox", "idle", "现在没有待办。", at("/inbox")),
    Sight("inbox-standing-in", "/inbox", "deputy-2", "代理领导小组组长 剩余", at("/inbox")),
    Sight("done-standing-in", "/done", "deputy-2", "代理领导小组组长，2026年", at("/done")),
    Sight("done", "/done", "hr-staff", "09:00 办理 ", at("/done")),
    Sight("done-empty", "/done", "idle", "还没有办过的事情。", at("/done")),
    Sight("started", "/started", "hr-staff", "已经发起", at("/started")),
    Sight("started-empty", "/started", "idle", "还没有发起过事项。", at("/started")),
    Sight("notices", "/notices", "unit-c-staff", "条未读。", at("/notices")),
    Sight("notices-empty", "/notices", "idle", "没有通知。", at("/notices")),
    Sight("instances", "/instances", "hr-staff", "这里是您参与过的和您所在岗位参与的事项。", at("/instances")),
    Sight(
        "instances-none",
        "/instances",
        "hr-staff",
        "岗位参与的事项。 标题里的字 状态 全部 办理中 已办结 已撤销 出错结束 查找 没有找到事项。",
        at("/instances?text=nothing"),
    ),
)

# A task


def _task(name: str, about: str = "") -> Go:
    return lambda walk: walk.task(name, about)


def _taken(subject: str, then: Go | None = None) -> Go:
    def go(walk: Walk) -> Response:
        shown = walk.open(walk.house.take(subject))
        return then(walk) if then else shown

    return go


def _of_a_colleague(walk: Walk) -> Response:
    return walk.open(walk.house.task("hr-staff-2", "起草", "第58件"))


def _claim(walk: Walk) -> Response:
    walk.open(walk.house.start("签收一下"))
    return walk.press("签收")


def _hand_in(walk: Walk) -> Response:
    walk.fill(name="纸张")
    return walk.press("报送")


def _blank(walk: Walk) -> Response:
    return walk.press("报送")


def _wrong_number(walk: Walk) -> Response:
    walk.fill(name="名称写了很长很长很长很长很长很长很长很长很长很长很长很长，超过三十个字", amount="不是数")
    return walk.press("报送")


def _save(walk: Walk) -> Response:
    walk.fill(name="写到一半")
    return walk.press("暂存")


def _sensitive(walk: Walk) -> Response:
    walk.fill(name="纸张", reason="身份证号 11010519491231002X。")
    return walk.press("报送")


def _upload(name: str, size: int) -> Go:
    def go(walk: Walk) -> Response:
        content = b"%PDF-1.7\n1 0 obj\n" + bytes(size)
        walk.page.locator("#field-files").set_input_files({"name": name, "mimeType": "", "buffer": content})
        return walk.press("报送")

    return go


def _stale(walk: Walk) -> Response:
    other = walk.house.enter(walk.context.browser, "hr-staff")  # type: ignore[arg-type]
    page = other.new_page()
    page.goto(walk.page.url)
    page.get_by_role("button", name="暂存", exact=True).click()
    page.get_by_role("status").wait_for()
    other.close()
    walk.fill(name="另一个窗口里写的名称")
    return walk.press("报送")


def _assign_nobody(walk: Walk) -> Response:
    walk.page.get_by_text("转给别人办").click()
    return walk.press("指派")


def _done(name: str, about: str = "") -> Go:
    return lambda walk: walk.open(walk.house.done(walk.login, name, about))


def _decide(outcome: str, name: str, about: str, **fields: str) -> Go:
    def go(walk: Walk) -> Response:
        walk.task(name, about)
        walk.fill(**fields)
        return walk.press(outcome)

    return go


def _unconfirmed(walk: Walk) -> Response:
    walk.task("组长签批", "2027年")
    walk.fill(opinion="不同意，理由如下。")
    walk.page.get_by_text("更多", exact=True).click()
    return walk.press("不同意")


def _claimed(name: str, about: str) -> Go:
    def go(walk: Walk) -> Response:
        shown = walk.task(name, about)
        claim = walk.page.get_by_role("button", name="签收", exact=True)
        return walk.press("签收") if claim.count() else shown

    return go


def _return_nobody(walk: Walk) -> Response:
    _claimed("汇总改稿", "2026年")(walk)
    walk.fill(reason="请补充。")
    return walk.press("退回单位")


def _record_nothing(walk: Walk) -> Response:
    walk.task("登记节选", "2032年")
    return walk.press("登记")


def _add_row(walk: Walk) -> Response:
    walk.task("起草", "2026年")
    return walk.press("添加一项 ：计划事项")


def _change_nothing(walk: Walk) -> Response:
    walk.task("填写变更")
    walk.press("签收")
    walk.page.locator("[name=item]").select_option(index=1)
    walk.fill(reason="改期。")
    return walk.press("提交审核")


def _entering(walk: Walk) -> Response:
    return walk.open(walk.house.task("leader", "组长签批", "2027年"))


def _entering_wrong(walk: Walk) -> Response:
    _entering(walk)
    return walk.press("同意")


def _own_matter(walk: Walk) -> Response:
    return walk.open(walk.house.task("hr-head", "审核", "第59件"))


TASKS = (
    Sight(
        "task-unclaimed",
        TASK,
        "hr-staff",
        "等人事部承办人办理 签收 这件待办有多人可以办理，先签收再填写。 办事单",
        _task("起草", "第1件"),
    ),
    Sight("task-of-a-colleague", TASK, "hr-staff", "由人事部承办人二办理", _of_a_colleague),
    Sight("task-claimed", TASK, "hr-staff", "已签收，现在由您办理。 办事：签收一下", _claim),
    Sight("task-returned", TASK, "hr-staff", "请写明数量。", _task("起草", "第60件")),
    Sight("task-returned-long", TASK, "unit-a-staff", "请把春节的走访也写上", _task("起草")),
    Sight("task-draft", TASK, "unit-b-staff", "草稿 2026年1月14日 09:00 暂存", _task("起草")),
    Sight("task-two-steps-at-once", TASK, "unit-b-staff", "如果转到“审核”，由您本人一并办理", _task("起草")),
    Sight("task-saved", TASK, "hr-staff", "已暂存，还没有提交。", _taken("刚暂存的事", _save)),
    Sight("task-overdue", TASK, "unit-c-staff", "已逾期 2 个工作日 状态 等直属单位丙", _task("起草")),
    Sight("task-row-added", TASK, "unit-c-staff", "移除第 2 项 添加一项 ：计划事项", _add_row),
    Sight("task-blank", COMPLETE, "hr-staff", "请填写“事项名称”", _taken("没填的事", _blank), 422),
    Sight("task-wrong", COMPLETE, "hr-staff", "填错的事 起草 有 2 处需要改正", _taken("填错的事", _wrong_number), 422),
    Sight(
        "task-sensitive", COMPLETE, "hr-staff", "我已核对，没有涉密信息和证件号码", _taken("敏感的事", _sensitive), 422
    ),
    Sight("task-file-refused", COMPLETE, "hr-staff", "只接收", _taken("附件不对", _upload("脚本.html", 1)), 422),
    Sight(
        "task-file-too-large",
        COMPLETE,
        "hr-staff",
        "“大.pdf”没有收下",
        _taken("附件太大", _upload("大.pdf", 1 << 20)),
        413,
    ),
    Sight("task-stale", COMPLETE, "hr-staff", "另一个窗口里写的名称", _taken("两个窗口", _stale), 409),
    Sight(
        "task-nobody-chosen",
        "/tasks/<task_id>/assign",
        "hr-staff",
        "请选择要指派给谁。",
        _taken("指派", _assign_nobody),
        422,
    ),
    Sight("task-just-done", "/inbox", "hr-staff", "“办事：办得好的事”的“起草”已办理", _taken("办得好的事", _hand_in)),
    Sight("task-done", TASK, "office-staff", "已经办结", _done("起草", "2026年")),
    Sight("task-withdrawable", TASK, "hr-staff", "下一环节还没有人着手", _done("起草", "第59件")),
    Sight("task-of-others", TASK, "idle", "或者不在您的查看范围内。 回到待办", _entering, 404),
    Sight("task-check", TASK, "hr-staff", "审看意见 （未填） 材料", _task("人事部审看", "2026年")),
    Sight(
        "task-check-editing",
        TASK,
        "hr-staff",
        "收下 修改后收下 退回修改 请补充完善 暂存",
        _task("人事部审看", "2031年"),
    ),
    Sight("confirming", TASK, "party-head", "改动后 须单位同意 1 第1项", _task("确认人事部改动", "2030年")),
    Sight(
        "confirming-no-reason",
        COMPLETE,
        "party-head",
        "确认人事部改动 有 1 处需要改正",
        _decide("不同意", "确认人事部改动", "2030年"),
        422,
    ),
    Sight("aggregating", TASK, "hr-staff", "已收 4/8（截至1月14日 09:00）。", _task("汇总改稿", "2026年")),
    Sight("aggregating-claimed", TASK, "hr-staff", "机关党委（未到：人事部审看）", _claimed("汇总改稿", "2026年")),
    Sight("aggregating-nobody-returned", COMPLETE, "hr-staff", "请至少选一项“退回哪些单位”", _return_nobody, 422),
    Sight("task-overdue-settling", TASK, "hr-staff", "情况与理由", _task("处置逾期", "2026年")),
    Sight("issuing", TASK, "hr-staff", "办公室报送（第1版）", _task("下达任务", "2033年")),
    Sight("including", TASK, "unit-a-staff", "照原文摘录列入双拥的段落。", _task("登记节选", "2032年")),
    Sight("including-nothing", COMPLETE, "unit-a-staff", "登记节选 有 4 处需要改正", _record_nothing, 422),
    Sight("reading", TASK, "deputy-1", "圈阅（同意） 不同意见 暂存", _task("圈阅", "2028年")),
    Sight(
        "reading-no-opinion", COMPLETE, "deputy-1", "圈阅 有 1 处需要改正", _decide("不同意见", "圈阅", "2028年"), 422
    ),
    Sight("signing", TASK, "leader", "经费来源不明，请先落实。", _task("组长签批", "2027年")),
    Sight("signing-no-opinion", COMPLETE, "leader", "请填写“批示”。", _decide("退回修改", "组长签批", "2027年"), 422),
    Sight("signing-unconfirmed", COMPLETE, "leader", "我已确认", _unconfirmed, 422),
    Sight(
        "signing-for-another",
        TASK,
        "deputy-2",
        "您正在代理领导小组组长（领导小组组长）办理",
        _task("组长签批", "2027年"),
    ),
    Sight("task-own-matter", TASK, "hr-staff", "但它是您自己发起、起草或者提交的", _own_matter),
    Sight("signing-adjustment", TASK, "leader", "完成日期：由2025年12月10日改为", _task("组长签批", "调整单第1号")),
    Sight("adjusting-add", TASK, "office-staff", "请写明要增补的事项和理由。", _task("填写增补")),
    Sight("adjusting-change", TASK, "party-staff", "请选出要变更的事项", _task("填写变更")),
    Sight("adjusting-nothing", COMPLETE, "party-head", "请至少填写一栏要改的内容。", _change_nothing, 422),
    Sight("adjusting-cancel", TASK, "unit-a-staff", "请选出要取消的事项", _task("填写取消")),
    Sight("adjusting-review", TASK, "unit-c-head", "同意的报人事部", _task("负责人审核")),
    Sight("adjusting-check", TASK, "hr-staff", "收下即报原批准人审批", _task("人事部审看", "调整单第6号")),
    Sight("amending-adjustment", TASK, "hr-staff", "调整内容（送审时）", _task("按意见修改调整单")),
    Sight("entering", TASK, "secretary", "只录入已经签好的决定。", _entering),
    Sight("entering-incomplete", COMPLETE, "secretary", "请选择由谁签批。", _entering_wrong, 422),
)

# Instances


def _instance(title: str) -> Go:
    return lambda walk: walk.open(walk.house.instance(title))


def _document(walk: Walk) -> Response:
    return walk.open(walk.house.document("2027年双拥工作计划", "plan"))


def _older(walk: Walk) -> Response:
    _document(walk)
    return walk.follow("看第 1 版")


def _check(walk: Walk) -> Response:
    _instance(PLAN_2025)(walk)
    return walk.press("核对归档包")


def _without_its_folder(walk: Walk) -> Response:
    (folder,) = walk.house.archives()
    hidden = folder.rename(folder.with_name(".hidden"))
    shown = _instance(PLAN_2025)(walk)
    hidden.rename(folder)
    return shown


def _check_what_was_changed(walk: Walk) -> Response:
    (folder,) = walk.house.archives()
    place = folder / "data" / "index.html"
    whole = place.read_bytes()
    place.write_bytes(whole + b"<!-- -->")
    shown = _check(walk)
    place.write_bytes(whole)
    return shown


CHECKED = f"{INSTANCE}/archive/check"

INSTANCES = (
    Sight(
        "instance-completed",
        INSTANCE,
        "hr-staff",
        "2025年1月2日 09:00 单位 人事部 现在到哪一步、等谁 这个事项已经结束",
        _instance(PLAN_2025),
    ),
    Sight("instance-active", INSTANCE, "hr-staff", "汇总：1 件下级事项还在办理", _instance("2026年双拥工作计划")),
    Sight("instance-cancelled", INSTANCE, "hr-staff", "登记重复。", _instance("办事：办错了的事")),
    Sight(
        "instance-long-name",
        INSTANCE,
        "hr-staff",
        "上级事项 2027年双拥工作计划",
        _instance(f"2027年双拥工作计划·{LONG_NAME}"),
    ),
    Sight("instance-incident", INSTANCE, "hr-staff", "请管理员任命。 等待处理", _instance("2029年双拥工作计划·宣文部")),
    Sight(
        "instance-decided-by-a-deputy",
        INSTANCE,
        "hr-staff",
        "领导小组副组长二（代理领导小组组长·领导小组组长） 同意",
        _instance("办事：代理签批的事"),
    ),
    Sight("instance-audited", INSTANCE, "auditor", "条记录首尾相连，没有改动", _instance(PLAN_2025)),
    Sight("instance-tampered", INSTANCE, "auditor", "记录校验 不一致", _instance(PLAN_2025), tampered=True),
    Sight("instance-archived", INSTANCE, "auditor", "归档.zip） 核对归档包 办理过程", _instance(PLAN_2025)),
    Sight("instance-archive-gone", INSTANCE, "hr-staff", "归档包不在归档文件夹里", _without_its_folder),
    Sight("archive-whole", CHECKED, "hr-staff", "归档包完整：文件与清单一致", _check),
    Sight("archive-broken", CHECKED, "hr-staff", "归档包核对不上，有 2 处问题", _check_what_was_changed),
    Sight("instance-erased", INSTANCE, "hr-staff", "依法清除第", _instance(f"办事：{ERASED}")),
    Sight("document", f"{INSTANCE}/documents/<document_id>", "hr-staff", "内容 第 3 版 人事部承办人", _document),
    Sight("document-older", f"{INSTANCE}/documents/<document_id>", "hr-staff", "第 1 版的内容 各单位报来", _older),
)

EVERYTHING = (*DOOR, *LISTS, *TASKS, *INSTANCES)
