"""What the units of the demo plan to do: no persons' names, nothing that may not be public."""

from typing import Any

# duty, name, measures, category, owner, from, until (month-day), count, budget
_Plan = tuple[str, str, str, str, str, str, str, int, str]

HEAD = "部门负责人"
DONE_AHEAD_UNTIL = "02-01"
PLANS: dict[str, tuple[_Plan, ...]] = {
    "hr": (
        ("D07", "领导小组半年会议", "上下半年各召开一次，研究部署双拥工作。", "meeting", HEAD, "03-10", "09-20", 2, ""),
        ("F01", "国防双拥教育", "组织机关干部职工集中教育一次。", "education", HEAD, "07-20", "07-25", 1, "3000"),
        (
            "I07",
            "春节、八一走访慰问",
            "走访慰问机关退役军人及优抚对象。",
            "condolence",
            HEAD,
            "01-20",
            "08-01",
            2,
            "8000",
        ),
        (
            "I10",
            "走访慰问驻军部队",
            "会同有关部室走访慰问，送去文化助残作品。",
            "condolence",
            HEAD,
            "07-25",
            "07-31",
            3,
            "12000",
        ),
        ("G03", "干部结对帮扶", "半数以上干部确定固定联系对象，建立台账。", "pairing", HEAD, "03-01", "11-30", 1, ""),
        ("J01", "双拥档案立卷归档", "按文书管理要求整理上年度材料。", "other", HEAD, "03-01", "06-30", 1, ""),
    ),
    "office": (
        (
            "B05",
            "双拥宣传标语检查",
            "检查主要工作场所的宣传标语，缺损的更换。",
            "publicity",
            HEAD,
            "04-01",
            "04-30",
            1,
            "2000",
        ),
        ("I02", "一季度轮值活动", "组织退役军人座谈。", "activity", HEAD, "03-16", "03-20", 1, "1500"),
    ),
    "publicity": (
        ("H08", "双拥工作简讯", "每季度编报一篇，全年不少于四篇。", "publicity", HEAD, "03-01", "12-10", 4, ""),
        ("I02", "二季度轮值活动", "组织拥军主题文化助残活动。", "activity", HEAD, "05-11", "05-15", 1, "5000"),
    ),
    "finance": (
        ("out_of_plan", "双拥工作经费保障", "列入年度预算，按计划拨付。", "system", HEAD, "01-05", "12-20", 1, ""),
        ("I02", "三季度轮值活动", "组织慰问活动。", "activity", HEAD, "07-27", "07-30", 1, "1500"),
    ),
    "party": (
        ("I02", "四季度轮值活动", "组织主题党日活动。", "activity", HEAD, "10-12", "10-16", 1, "1000"),
        ("G12", "军民关系排查", "半年排查一次，及时化解矛盾。", "other", HEAD, "06-01", "12-10", 2, ""),
    ),
    "unit_a": (
        ("F02", "本单位国防双拥教育", "组织职工集中教育一次。", "education", "单位负责人", "07-06", "07-10", 1, "1000"),
        (
            "I08",
            "重大节日走访慰问",
            "走访慰问本单位退役军人。",
            "condolence",
            "单位负责人",
            "07-27",
            "07-31",
            1,
            "3000",
        ),
    ),
    "unit_b": (
        ("F02", "本单位国防双拥教育", "组织职工观看教育片。", "education", "单位负责人", "07-13", "07-17", 1, ""),
        ("G04", "定期走访联系对象", "每季度走访一次。", "pairing", "单位负责人", "03-01", "12-10", 4, "2000"),
    ),
    "unit_c": (
        ("F02", "本单位国防双拥教育", "邀请老战士作报告。", "education", "单位负责人", "08-03", "08-07", 1, "500"),
        ("J04", "本单位双拥档案整理", "整理归档上年度材料。", "other", "单位负责人", "03-01", "03-31", 1, ""),
    ),
}


def items_of(unit: str, year: int) -> list[dict[str, Any]]:
    """Give a unit's items as rows of the submission's form."""
    return [_item(unit, year, plan) for plan in PLANS[unit]]


def _item(unit: str, year: int, plan: _Plan) -> dict[str, Any]:
    duty, name, measures, category, owner, starts, ends, count, budget = plan
    return {
        "duty": duty,
        "name": name,
        "measures": measures,
        "category": category,
        "lead": unit,
        "owner": owner,
        "from": f"{year}-{starts}",
        "until": f"{year}-{ends}",
        "count": str(count),
        "budget": budget,
        "funding": "budget" if budget else "",
        # The plan is approved in the second half of January at the earliest: what begins before it goes ahead of it.
        "done_ahead": starts < DONE_AHEAD_UNTIL,
    }


def overall_of(name: str, year: int) -> str:
    """Give the text of an institution's own plan."""
    return f"{name}{year}年把双拥工作列入本单位年度工作计划，健全组织，按季度检查落实，年底总结。"
