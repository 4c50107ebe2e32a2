"""Show an archive on one page that opens with no server: what was decided, by whom, from which papers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Row

from engine.core import decisions, documents, forms, organization
from engine.core.archive_items import HOW_TO_VERIFY, INDEX, OPINIONS, Layout
from engine.core.calendar import written
from engine.core.chain import ERASED
from engine.core.dossier import Dossier, Member, Record
from engine.core.erasures import INSTEAD
from engine.core.form_schema import Component
from engine.core.history import Event, Verdict
from engine.core.markup_writer import Html, element, join, page, paragraphs, table
from engine.ground.clock import local

ACT = "task:"
"""How the name of a document begins that belongs to one act only."""
STATES = {"active": "办理中", "completed": "办结", "cancelled": "撤销", "failed": "出错结束"}
KINDS = {
    "instance.started": "发起",
    "instance.completed": "办结",
    "instance.cancelled": "撤销",
    "instance.failed": "出错结束",
    "task.opened": "交办",
    "task.due_changed": "期限改变",
    "task.claimed": "签收",
    "task.unclaimed": "放回",
    "task.assigned": "指派",
    "task.released": "退还岗位",
    "task.completed": "办理",
    "task.withdrawn": "撤回",
    "timer.fired": "到时",
    "event.thrown": "发出",
    "event.received": "收到",
    "message.expired": "消息过期",
    "child.started": "开出子事项",
    "child.returned": "子事项办结",
    "child.error": "子事项出错",
    "child.escalation": "子事项上报",
    "document.added": "上传附件",
    "decision.made": "按决策表判定",
    "function.done": "系统生成",
    "function.error": "系统未办成",
    "incident.raised": "异常",
    "incident.resolved": "异常已处理",
    ERASED: "依法清除",
}


def pages(
    dossier: Dossier, layout: Layout, title: str, main: Sequence[str], facts: Mapping[str, str]
) -> dict[str, str]:
    """Give every readable page by its path in data/."""
    found = {"index.html": _index(dossier, layout, title, main, facts)}
    links = _file_links(dossier, layout)
    for record in dossier.records:
        for version in record.versions:
            path = layout.pages.get((record.row.id, version.number))
            if path:
                heading = f"{record.title}（第{version.number}版）"
                up = element("p", element("a", "回到归档首页", href="../../index.html"))
                found[path] = page(heading, up, _about(version, dossier), _values(record, version, links, "../../"))
    return found


def _index(dossier: Dossier, layout: Layout, title: str, main: Sequence[str], facts: Mapping[str, str]) -> str:
    sections = {
        "概要": _summary(dossier, facts),
        "主要材料": _main(dossier, layout, main),
        "各事项": _members(dossier, layout),
        "各事项确认的材料": _confirmed(dossier, layout, main),
        "意见": _opinions(dossier),
        "附件": _files(dossier, layout),
        "全部材料的各版": _versions(dossier, layout),
        "办理过程": join([_events(member, dossier) for member in dossier.members]),
        "流程图和表单": _definitions(dossier, layout),
        "核对": _verdicts(dossier, layout),
    }
    entries = [element("li", element("a", name, href=f"#part-{at}")) for at, name in enumerate(sections, 1)]
    contents = element("nav", element("ol", *entries), aria_label="目录")
    parts = [
        element("section", element("h2", name, id=f"part-{at}"), body, aria_labelledby=f"part-{at}")
        for at, (name, body) in enumerate(sections.items(), 1)
    ]
    return page(title, contents, *parts)


def _summary(dossier: Dossier, facts: Mapping[str, str]) -> Html:
    root = dossier.root
    told = {
        "事项": root.title,
        "开始": _moment(root.started_at),
        "归档时间": _moment(dossier.packed_at),
        "发起人": _person(dossier, root.starter_id),
        **facts,
        "说明": "单位、岗位、人员名称均为归档时的名称。本页不联网，不含程序，断开网络也能看。",
    }
    return element("dl", *(join([element("dt", key), element("dd", value)]) for key, value in told.items()))


def _main(dossier: Dossier, layout: Layout, main: Sequence[str]) -> Html:
    links, parts = _file_links(dossier, layout), []
    for name in main:
        for record in dossier.records:
            if record.row.name == name and record.versions:
                parts.append(_newest(record, record.versions[-1], dossier, links))
    return join(parts) if parts else element("p", "无。")


def _newest(record: Record, version: Row[Any], dossier: Dossier, links: Mapping[str, Html]) -> Html:
    heading = element("h3", f"{record.title}（第{version.number}版）")
    if record.row.kind == "file":
        return join([heading, element("p", links[record.row.id])])
    return join([heading, _about(version, dossier), _values(record, version, links, "")])


def _about(version: Row[Any], dossier: Dossier) -> Html:
    who = _person(dossier, version.created_by) or "系统"
    return element("p", f"{who}于{_moment(version.created_at)}形成。")


def _members(dossier: Dossier, layout: Layout) -> Html:
    rows: list[list[object]] = []
    for member in dossier.members:
        row = member.row
        state = STATES.get(row.state, row.state)
        ended = _moment(row.ended_at) if row.ended_at else "归档时尚在办理"
        papers = join([_standing(record, member, layout) for record in dossier.records])
        rows.append([row.title, member.unit_name, str(row.round), state, _moment(row.started_at), ended, papers or "—"])
    headers = ["事项", "单位", "轮次", "状态", "开始", "结束", "本轮确认的材料"]
    return table("全部事项", headers, rows)


def _standing(record: Record, member: Member, layout: Layout) -> Html:
    number = member.standing.get(record.row.id)
    path = layout.pages.get((record.row.id, number or 0))
    if number is None or path is None:
        return Html()
    return element("p", _link(f"{record.title}第{number}版", path))


def _confirmed(dossier: Dossier, layout: Layout, main: Sequence[str]) -> Html:
    """Show in full what each affair handed in, as it last stood; what belonged to one act only is linked."""
    links, parts = _file_links(dossier, layout), []
    for member in dossier.members:
        for record in dossier.records:
            number = member.standing.get(record.row.id)
            own = record.owner and record.row.kind != "file" and not record.row.name.startswith(ACT)
            version = next((item for item in record.versions if item.number == number), None)
            if own and version is not None and record.row.name not in main:
                parts.append(
                    element("h3", f"{member.row.title}第{member.row.round}轮：{record.row.title}（第{number}版）")
                )
                parts += [_about(version, dossier), _values(record, version, links, "")]
    return join(parts) if parts else element("p", "无。")


def _opinions(dossier: Dossier) -> Html:
    titles = {member.row.id: member.row.title for member in dossier.members}
    rows: list[list[object]] = [
        [
            titles.get(row.instance_id, ""),
            row.activity_name,
            organization.signature(_person(dossier, row.person_id), "", _person(dossier, row.acting_for)),
            dossier.posts.get(row.post, row.post),
            row.outcome,
            paragraphs(row.text) or "—",
            written(row.made_on),
            f"{_moment(row.recorded_at)}{_marks(row, dossier)}",
        ]
        for row in dossier.opinions
    ]
    return table("全部意见", ["事项", "环节", "姓名", "岗位", "结论", "意见", "签批日期", "录入时间"], rows)


def _marks(row: Row[Any], dossier: Dossier) -> str:
    marks = [f"代录：{_person(dossier, row.entered_by)}"] if row.entered_by else []
    if row.made_on < local(row.recorded_at).date():
        marks.append("补录")
    return f"（{'；'.join(marks)}）" if marks else ""


def _file_links(dossier: Dossier, layout: Layout) -> dict[str, Html]:
    """Link each file document's newest version by the document's id."""
    return {
        record.row.id: _link(record.title, layout.files[record.row.id, record.versions[-1].number])
        for record in dossier.records
        if record.row.kind == "file" and record.versions
    }


def _files(dossier: Dossier, layout: Layout) -> Html:
    rows: list[list[object]] = [
        [
            _link(version.file_name, layout.files[record.row.id, version.number]),
            record.title,
            f"{version.size}字节",
            _person(dossier, version.created_by) or "系统",
            _moment(version.created_at),
            version.digest,
        ]
        for record in dossier.records
        if record.row.kind == "file"
        for version in record.versions
    ]
    return table("附件和生成的文件", ["文件", "材料", "大小", "形成人", "时间", "SHA-256"], rows)


def _versions(dossier: Dossier, layout: Layout) -> Html:
    rows: list[list[object]] = [
        [
            _link(f"{record.title}（第{version.number}版）", layout.pages[record.row.id, version.number]),
            INSTEAD if documents.is_erased(version) else _link("数据", layout.files[record.row.id, version.number]),
            _person(dossier, version.created_by) or "系统",
            _moment(version.created_at),
        ]
        for record in dossier.records
        if record.row.kind != "file"
        for version in record.versions
    ]
    return table("表单材料", ["材料", "原始数据", "形成人", "时间"], rows)


def _events(member: Member, dossier: Dossier) -> Html:
    rows: list[list[object]] = []
    for event in member.stream.events:
        if event.kind not in KINDS:
            continue
        node = member.definition.diagram.nodes.get(str(event.envelope.get("activity") or ""))
        who = _actor(event.envelope, dossier)
        rows.append([_moment(event.at), who, KINDS[event.kind], node.name if node else "", _told(event)])
    caption = f"{member.row.title}（第{member.row.round}轮）"
    return table(caption, ["时间", "操作人", "动作", "环节", "内容"], rows)


def _told(event: Event) -> str:
    body = event.payload or {}
    said = ("title", "label", "text", "message", "name", "reason", "thrown", "received", "code")
    told = [str(body[key]) for key in said if body.get(key)]
    if event.payload is None:
        told = [INSTEAD]
    if event.kind == ERASED:
        told = [f"第{event.envelope.get('erases')}条记录的内容", f"依据：{body.get('authority')}", *told]
    if event.kind == "task.due_changed" and body:
        told = [
            f"由{_moment(datetime.fromisoformat(body['before']))}改为{_moment(datetime.fromisoformat(body['after']))}"
        ]
    if event.kind == "decision.made" and body:
        told = [decisions.told(body)]
    if event.envelope.get("merged"):
        told.append("（同一人连续办理，一次办理、两步留痕）")
    return "　".join(told)


def _actor(head: Mapping[str, Any], dossier: Dossier) -> str:
    who = _person(dossier, head.get("person")) or "系统"
    post = dossier.posts.get(str(head.get("post") or ""), "")
    entered = f"（代录：{_person(dossier, head['entering_for'])}）" if head.get("entering_for") else ""
    return f"{organization.signature(who, '', _person(dossier, head.get('acting_for')))}　{post}{entered}".strip()


def _definitions(dossier: Dossier, layout: Layout) -> Html:
    rows: list[list[object]] = [
        [
            item.name,
            f"第{item.version}版",
            _moment(item.published_at),
            _link(f"{item.key}.bpmn", layout.sources[item.id]),
            join([element("p", _link(item.title_of(key), layout.forms[item.id, key])) for key in sorted(item.sources)]),
        ]
        for item in dossier.definitions
    ]
    return table("办理时所用的版本", ["流程", "版本", "发布时间", "流程图", "表单和决策表"], rows)


def _verdicts(dossier: Dossier, layout: Layout) -> Html:
    titles = {f"instance:{member.row.id}": member.row.title for member in dossier.members}
    rows: list[list[object]] = [
        [
            _link(titles.get(stream.name) or "流程发布记录", layout.streams[stream.name]),
            f"{len(stream.rows)}条",
            _whole(stream.verdict),
            stream.verdict.head,
        ]
        for stream in dossier.streams
    ]
    how = [_link("校验方法", HOW_TO_VERIFY), _link("目录（供程序用）", INDEX), _link("意见（供程序用）", OPINIONS)]
    return join(
        [
            table("过程记录", ["记录", "条数", "归档时的结论", "末条校验值"], rows),
            element("ul", *(element("li", item) for item in how)),
        ]
    )


def _whole(verdict: Verdict) -> str:
    if not verdict.whole:
        return f"不完整：{verdict.message}"
    erased = "、".join(str(number) for number in verdict.erased)
    return f"完整，第{erased}条已依法清除内容" if erased else "完整"


# What a form holds


def _values(record: Record, version: Row[Any], links: Mapping[str, Html], up: str) -> Html:
    if documents.is_erased(version):
        return element("p", INSTEAD)
    content: Mapping[str, Any] = version.content or {}
    if record.form is None:
        return _formless(content)
    shown = [(part.title, _value(part, content.get(part.key), record, links, up)) for part in record.form.fields()]
    filled = [join([element("dt", title), element("dd", value)]) for title, value in shown if value]
    return element("dl", *filled) if filled else element("p", "没有填写内容。")


def _formless(content: Mapping[str, Any]) -> Html:
    if isinstance(content.get("text"), str):
        return paragraphs(content["text"])
    told = json.dumps(dict(content), ensure_ascii=False, indent=1)
    return paragraphs(told)


def _value(part: Component, value: Any, record: Record, links: Mapping[str, Html], up: str) -> Html:
    if forms.is_nothing(value):
        return Html()
    if part.type == "dynamiclist":
        return _rows(part, value, record, links, up)
    if part.type == "filepicker":
        return join([element("p", _moved(links[item], up)) for item in value if item in links])
    if part.type in ("select", "radio", "checklist"):
        return element("span", _chosen(part, value, record))
    if part.type == "checkbox":
        return element("span", "是")
    if part.type == "datetime":
        return element("span", _iso_date(str(value)))
    return paragraphs(str(value))


def _moved(link: Html, up: str) -> Html:
    return Html(link.replace('href="', f'href="{up}', 1))


def _rows(
    part: Component, rows: Iterable[Mapping[str, Any]], record: Record, links: Mapping[str, Html], up: str
) -> Html:
    fields = list(part.fields())
    cells: list[list[object]] = [
        [str(number), *(_value(field, row.get(field.key), record, links, up) for field in fields)]
        for number, row in enumerate(rows, 1)
    ]
    return table(part.title, ["序号", *(field.title for field in fields)], cells)


def _chosen(part: Component, value: Any, record: Record) -> str:
    labels = {choice.value: choice.label for choice in forms.choices(part, record.choices)}
    values = value if isinstance(value, list) else [value]
    return "、".join(labels.get(str(item), str(item)) for item in values)


# Small things


def _link(label: str, path: str) -> Html:
    return element("a", label, href=quote(path))


def _person(dossier: Dossier, person_id: str | None) -> str:
    return dossier.persons.get(person_id or "", "")


def _moment(moment: datetime) -> str:
    wall = local(moment)
    return f"{written(wall.date())}{wall.hour:02}:{wall.minute:02}"


def _iso_date(text: str) -> str:
    try:
        return written(date.fromisoformat(text))
    except ValueError:
        return text
