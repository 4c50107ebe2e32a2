"""The registry of pages, continued: the rooms of those who start, draw, audit and administer."""

from collections.abc import Mapping

from playwright.sync_api import FilePayload, Response

from engine import erasures
from tests.browser.served import ERASED
from tests.browser.sights import Go, Sight, at
from tests.browser.walk import PATIENCE, Walk
from tests.engine.office import TABLES

PROCESS = "/processes/<key>"
EDIT = f"{PROCESS}/edit"
ACCOUNT = "/organization/accounts/<account_id>"
ACT = f"{ACCOUNT}/<name>"
SOLVED = "/incidents/<incident_id>/resolve"
CHANGE = "/organization/change/<name>"


# Starting and drawing


def _start(**fields: str) -> Go:
    def go(walk: Walk) -> Response:
        walk.open("/processes/annual_plan/start")
        walk.fill(**fields)
        return walk.press("启动")

    return go


def _draw(key: str, button: str, spoil: Mapping[str, str]) -> Go:
    """Change a drawing's source, and press a button."""

    def go(walk: Walk) -> Response:
        walk.open(f"/processes/{key}/edit")
        walk.page.locator("#modeler[data-drawn=yes]").wait_for(state="attached", timeout=PATIENCE)
        walk.page.get_by_text("流程图的源文件").click()
        source = walk.page.locator("#source")
        text = source.input_value()
        for old, new in spoil.items():
            assert old in text, (old, text[:300])
            text = text.replace(old, new)
        source.fill(text)
        return walk.press(button)

    return go


def _edit(key: str) -> Go:
    def go(walk: Walk) -> Response:
        found = walk.open(f"/processes/{key}/edit")
        walk.page.locator("#modeler[data-drawn=yes]").wait_for(state="attached", timeout=PATIENCE)
        return found

    return go


def _conflict(walk: Walk) -> Response:
    walk.open("/processes/archiving/edit")
    walk.page.locator("[name=revision]").evaluate("field => field.value = '7'")
    return walk.press("保存草稿")


def _new_form(walk: Walk) -> Response:
    walk.open("/processes/archiving/edit")
    walk.page.get_by_text("加一张表单").click()
    walk.fill(new_key="中文", new_text="{}")
    return walk.press("保存草稿")


def _table(walk: Walk) -> Response:
    """Bring a decision table along, which is shown."""
    walk.open("/processes/archiving/edit")
    file = FilePayload(name="a.dmn", mimeType="application/xml", buffer=TABLES["unique.dmn"].encode())
    walk.page.locator("#table").set_input_files(file)
    return walk.press("检查")


def _no_new_process(walk: Walk) -> Response:
    walk.open("/processes/new")
    walk.fill(key="大写")
    return walk.press("建立草稿")


PROCESSES = (
    Sight("start", f"{PROCESS}/start", "hr-staff", "启动后先锁定应报名单", at("/processes/annual_plan/start")),
    Sight(
        "start-adjustment",
        f"{PROCESS}/start",
        "unit-b-staff",
        "请直接改本单位的报送。",
        at("/processes/adjustment/start"),
    ),
    Sight("start-blank", f"{PROCESS}/start", "hr-staff", "请填写“计划年度”", _start(), 422),
    Sight("start-twice", f"{PROCESS}/start", "hr-staff", "已经在办理", _start(year="2027"), 422),
    Sight("processes-startable", "/processes", "hr-staff", "我能发起的", at("/processes")),
    Sight("processes-none", "/processes", "leader", "没有您的岗位可以发起的流程。", at("/processes")),
    Sight("processes-all", "/processes", "process-admin", "全部流程", at("/processes")),
    Sight("process", PROCESS, "process-admin", "新版在前；正在办理的事项各按自己的版本走", at("/processes/submission")),
    Sight("process-startable", PROCESS, "hr-staff", "发起 现行版本：第 1 版", at("/processes/annual_plan")),
    Sight("process-unpublished", PROCESS, "process-admin", "有一份草稿", at("/processes/unborn")),
    Sight(
        "process-version",
        f"{PROCESS}/versions/<int:number>",
        "process-admin",
        "归卷第 1 版",
        at("/processes/archiving/versions/1"),
    ),
    Sight("edit", EDIT, "process-admin", "还没有草稿，下面是现行版本。", _edit("archiving")),
    Sight("edit-draft", EDIT, "process-admin", "草稿由系统于", _edit("unborn")),
    Sight(
        "edit-faults",
        f"{PROCESS}/check",
        "process-admin",
        "改好以下",
        _draw("archiving", "检查", {"userTask": "adHocSubProcess"}),
    ),
    Sight(
        "edit-faultless",
        f"{PROCESS}/check",
        "process-admin",
        "没有发现问题，可以发布。",
        _table,
    ),
    Sight(
        "edit-not-published",
        f"{PROCESS}/publish",
        "process-admin",
        "流程图有 2 处问题",
        _draw("archiving", "发布", {"userTask": "adHocSubProcess"}),
        422,
    ),
    Sight("edit-conflict", EDIT, "process-admin", "仍保存我的内容，盖过别人的草稿", _conflict, 409),
    Sight("edit-form-refused", EDIT, "process-admin", "没有保存：新加的表单或决策表有问题。", _new_form, 422),
    Sight("expressions", "/expressions", "process-admin", "凡支持的，含义与标准一致", at("/expressions")),
    Sight("new-process", "/processes/new", "process-admin", "不复制，从空白开始", at("/processes/new")),
    Sight("new-process-refused", "/processes/new", "process-admin", "新建流程 有 2 处需要改正", _no_new_process, 422),
)

# What gave up


def _resolve_blank(walk: Walk) -> Response:
    walk.open("/incidents")
    button = walk.page.locator("main").get_by_role("button", name="已解决").first
    with walk.page.expect_navigation() as going:
        button.click(timeout=PATIENCE)
    return going.value


INCIDENTS = (
    Sight("incidents", "/incidents", "process-admin", "异常 这里是系统自动办理不下去", at("/incidents")),
    Sight("incidents-all", "/incidents", "process-admin", "只看等待处理的", at("/incidents?everything=1")),
    Sight("incident-unsaid", SOLVED, "process-admin", "异常 有 1 处需要改正", _resolve_blank, 422),
    Sight("incidents-closed", "/incidents", "hr-staff", "或者不在您的查看范围内。 回到待办", at("/incidents"), 404),
)

# Auditing


def _verify(walk: Walk) -> Response:
    walk.open("/audit")
    return walk.press("校验全部记录")


AUDIT = (
    Sight("audit", "/audit", "auditor", "校验这一页的记录", at("/audit")),
    Sight("audit-none", "/audit", "auditor", "校验全部记录 查找事项", at("/audit?text=nothing")),
    Sight("audit-verified", "/audit", "auditor", "已办结 完整", at("/audit?verify=page&text=2025")),
    Sight("audit-tampered", "/audit", "auditor", "已办结 不一致", at("/audit?verify=page&text=2025"), tampered=True),
    Sight("audit-access", "/audit/access", "auditor", "您打开这一页也记下了。", at("/audit/access")),
    Sight("audit-whole", "/audit/verify", "auditor", "与锚定文件没有出入。", _verify),
    Sight("audit-broken", "/audit/verify", "auditor", "请保留现场，报告安全管理员", _verify, tampered=True),
    Sight("audit-closed", "/audit", "hr-staff", "或者不在您的查看范围内。 回到待办", at("/audit"), 404),
)

# Erasing


def _records(walk: Walk) -> Response:
    walk.open(f"/erasures?kind=instance&name=办事：{ERASED}")
    return walk.follow(f"事项“办事：{ERASED}”")


def _record(walk: Walk) -> Response:
    _records(walk)
    return walk.follow("清除第1条")


def _erased_already(walk: Walk) -> Response:
    _record(walk)
    with walk.house.engine.reading() as unit:
        number = erasures.listing(unit)[-1].number
    return walk.open(walk.page.url.rpartition("/")[0] + f"/{number}")


def _not_erased(walk: Walk) -> Response:
    _record(walk)
    walk.fill(reason="写了一半")
    return walk.press("清除")


def _erase(walk: Walk) -> Response:
    walk.house.start("要清除的事")
    walk.open("/erasures?kind=instance&name=办事：要清除的事")
    walk.follow("事项“办事：要清除的事”")
    walk.follow("清除第1条")
    walk.fill(authority="《个人信息保护法》第四十七条", reason="本人书面要求。")
    walk.page.get_by_label("我已核对").check()
    return walk.press("清除")


STREAM = "/erasures/<stream>"
RECORD = f"{STREAM}/<int:number>"
FOUND = f"/erasures?kind=instance&name=办事：{ERASED}"

ERASURES = (
    Sight("erasures", "/erasures", "security-admin", "查找要清除的记录 按书面要求", at("/erasures")),
    Sight("erasures-found", "/erasures", "security-admin", f"事项“办事：{ERASED}” 2026年", at(FOUND)),
    Sight("erasures-none", "/erasures", "security-admin", "名称须与系统里的一字不差。", at("/erasures?kind=account")),
    Sight("erasures-audited", "/erasures", "auditor", "全部登记，新的在前", at("/erasures")),
    Sight("erasures-closed", "/erasures", "hr-staff", "或者不在您的查看范围内。 回到待办", at("/erasures"), 404),
    Sight("records", STREAM, "security-admin", "第7条 事项已撤销", _records),
    Sight("records-end", STREAM, "security-admin", "没有更早的记录。", at("/erasures/access?before=1")),
    Sight("record", RECORD, "security-admin", "防猜测用的盐值", _record),
    Sight("record-erased", RECORD, "security-admin", "这条记录的内容已经依法清除。", _erased_already),
    Sight("record-not-erased", RECORD, "security-admin", "请勾选“我已核对”", _not_erased, 422),
    Sight("record-just-erased", STREAM, "security-admin", "清除本身也已记录。", _erase),
)

# The organization


def _account(login: str) -> Go:
    return lambda walk: walk.open(f"/organization/accounts/{walk.house.account(login)}")


def _act(login: str, button: str) -> Go:
    def go(walk: Walk) -> Response:
        _account(login)(walk)
        return walk.press(button)

    return go


def _own_account(walk: Walk) -> Response:
    """Ask for what the page does not offer."""
    _account("idle")(walk)
    own = walk.house.account("system-admin")
    form = walk.page.locator("form[action$='/reset']")
    form.evaluate(f"form => form.action = '/organization/accounts/{own}/reset'")
    return walk.press("重置密码")


def _refused_role(walk: Walk) -> Response:
    """Ask for two roles that one account cannot hold together."""
    _account("auditor")(walk)
    return walk.press("授予业务管理员")


def _change_nothing(name: str, button: str) -> Go:
    def go(walk: Walk) -> Response:
        walk.open(f"/organization/change/{name}")
        return walk.press(button)

    return go


def _no_account(walk: Walk) -> Response:
    walk.open("/organization/accounts/new")
    return walk.press("建立账号")


def _import(content: bytes) -> Go:
    def go(walk: Walk) -> Response:
        walk.open("/organization/import")
        if content:
            walk.page.locator("#file").set_input_files({"name": "名单.xlsx", "mimeType": "", "buffer": content})
        return walk.press("导入")

    return go


def _calendar(days: str) -> Go:
    def go(walk: Walk) -> Response:
        walk.open("/organization/calendar?year=2027")
        walk.fill(list_source="国办发明电〔2026〕7号", days=days)
        return walk.press("收下2027年的名单")

    return go


def _entered(walk: Walk) -> Response:
    """Look at a year that was entered whole, and at a day that was set singly."""
    _calendar("2027-01-01 休\n2027-01-09 班")(walk)
    walk.fill(day="2027-03-01", source="临时放假通知")
    walk.page.locator("[name=workday]").select_option("off")
    return walk.press("设定这一天")


def _wrong_day(walk: Walk) -> Response:
    walk.open("/organization/calendar")
    walk.fill(day="三月二日")
    return walk.press("设定这一天")


def _parameters(**fields: str) -> Go:
    def go(walk: Walk) -> Response:
        walk.open("/organization/parameters")
        walk.fill(**fields)
        return walk.press("保存")

    return go


def _stale_parameters(walk: Walk) -> Response:
    walk.open("/organization/parameters")
    walk.page.locator("[name=revision]").evaluate("field => field.value = '99'")
    return walk.press("保存")


def _nobody_chosen(walk: Walk) -> Response:
    walk.open("/setup")
    return walk.press("设为业务管理员")


CALENDAR, DAY = "/organization/calendar", "/organization/calendar/day"
PARAMETERS = "/organization/parameters"

TIME = (
    Sight("calendar", CALENDAR, "system-admin", "按国家公布的放假安排（随系统附带）。", at(CALENDAR)),
    Sight("calendar-provisional", CALENDAR, "system-admin", "没有调休。安排公布后", at(f"{CALENDAR}?year=2029")),
    Sight("calendar-entered", CALENDAR, "system-admin", "这些法定节日现在算上班", _entered),
    Sight("calendar-wrong-day", DAY, "system-admin", "请选择这一天是休还是班。", _wrong_day, 422),
    Sight(
        "calendar-wrong-lines",
        f"{CALENDAR}/year",
        "system-admin",
        "名单有 2 行不对，一天也没有收下。",
        _calendar("2027-02-30 休\n瞎写"),
        422,
    ),
    Sight("parameters", PARAMETERS, "system-admin", "流程图用这里的数字算期限。", at(PARAMETERS)),
    Sight("parameters-wrong", PARAMETERS, "system-admin", "不能大于 30。", _parameters(approval_days="31"), 422),
    Sight("parameters-stale", PARAMETERS, "system-admin", "参数刚刚被别人改过", _stale_parameters, 409),
)

SETUP = (
    Sight("setup", "/setup", "system-admin", "再选一个人", at("/setup")),
    Sight("setup-nobody-chosen", "/setup/administrator", "system-admin", "请选择一个人。", _nobody_chosen, 422),
    Sight("setup-empty", "/setup", "admin", "还没有可选的人", at("/setup"), empty=True),
    Sight("organization-empty", "/organization", "admin", "从首次启动的四步开始", at("/organization"), empty=True),
    Sight(
        "inbox-of-nothing",
        "/inbox",
        "drawer",
        "现在没有待办。有新的事情时会出现在这里。 还没有发布流程。",
        at("/inbox"),
        empty=True,
    ),
    Sight(
        "processes-of-nothing", "/processes", "drawer", "还没有流程。 还没有发布流程。", at("/processes"), empty=True
    ),
    Sight("shipped", "/processes/shipped", "process-admin", "都已经发布，和附带的一样。", at("/processes/shipped")),
    Sight("shipped-lacking", "/processes/shipped", "drawer", "现在还不能发布", at("/processes/shipped"), empty=True),
)

ORGANIZATION = (
    Sight("organization", "/organization", "hr-staff", "承办秘书 成员（人事部）", at("/organization")),
    Sight("organization-standing-in", "/organization", "system-admin", "生效中和未开始的代理", at("/organization")),
    Sight("organization-administered", "/organization", "system-admin", "任职到", at("/organization")),
    Sight("change", CHANGE, "system-admin", "增加单位 名称 必填", at("/organization/change/add-unit")),
    Sight(
        "change-deputy", CHANGE, "system-admin", "授权代理 委托人和岗位", at("/organization/change/grant-substitution")
    ),
    Sight(
        "change-revoke-unconfirmed",
        CHANGE,
        "system-admin",
        "请选择“代理”",
        _change_nothing("revoke-substitution", "撤销代理"),
        422,
    ),
    Sight("change-refused", CHANGE, "system-admin", "请填写“名称”", _change_nothing("add-unit", "增加单位"), 422),
    Sight(
        "change-closed",
        CHANGE,
        "hr-staff",
        "或者不在您的查看范围内。 回到待办",
        at("/organization/change/add-unit"),
        404,
    ),
    Sight("import", "/organization/import", "system-admin", "有一处不对，就一行也不导入。", at("/organization/import")),
    Sight("import-nothing", "/organization/import", "system-admin", "请选择要导入的名单。", _import(b""), 422),
    Sight("import-unreadable", "/organization/import", "system-admin", "这不是 .xlsx 表格", _import(b"no table"), 422),
    Sight("accounts", "/organization/accounts", "system-admin", "个账号", at("/organization/accounts")),
    Sight(
        "account-new",
        "/organization/accounts/new",
        "system-admin",
        "建立账号 人员 必填",
        at("/organization/accounts/new"),
    ),
    Sight("account-not-made", "/organization/accounts/new", "system-admin", "请填写“登录名”", _no_account, 422),
    Sight("account-of-another", ACCOUNT, "system-admin", "账号 idle 姓名", _account("idle")),
    Sight("account-own", ACCOUNT, "system-admin", "这是您自己的账号，须由另一名管理员更改。", _account("system-admin")),
    Sight("account-disabled", ACCOUNT, "system-admin", "状态 已停用 角色", _account("gone")),
    Sight("account-forbidden", ACT, "system-admin", "不能更改自己的账号和角色", _own_account, 403),
    Sight("account-refused", ACT, "system-admin", "不得兼任", _refused_role, 422),
    Sight("account-reset", ACT, "system-admin", "初始密码只在这里显示一次", _act("gone", "重置密码")),
)

EVERYTHING = (*PROCESSES, *INCIDENTS, *AUDIT, *ERASURES, *ORGANIZATION, *TIME, *SETUP)
