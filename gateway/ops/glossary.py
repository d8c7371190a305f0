"""What do the schemas' English notes and the types' verbs say in Chinese? The words of the data dictionary.

The published schemas carry titles and rules in Chinese and their notes in English, and never change; a note that
matters to a department has its Chinese here, by the note's own text. A test fails on a note or verb without a row.

>>> NOTES["One certificate with several items is one record."]
'一证多项的，为一条记录'
"""

from __future__ import annotations

from collections.abc import Mapping

SAID_BY_RULE = ""
"""For notes whose content the field's own title, rule or values tell already."""

NOTES: Mapping[str, str] = {
    "00000000000000000X (a trader without a code) is refused: holder.no_code.": (
        "校验码须正确；不接受无代码经营者的 00000000000000000X（holder.no_code）"
    ),
    "A day of Asia/Shanghai; that it exists is checked by the gateway.": "北京时间，须为真实存在的日期",
    "A decimal string in units of 10,000 yuan (万元), N(14,6).": "以文本填写，不用数字类型",
    "All four are required of a permit.": "行政许可须四项齐全",
    "As printed; the subject carries its normalised writing.": "按证面填写；记录主题中的写法由网关统一",
    "Day of the decision that made the state.": "作出该状态决定的日期（北京时间）",
    "Digest of the OFD or PDF (GB/T 36905), which does not travel.": (
        "只报 OFD 或 PDF（GB/T 36905）的摘要，文件本身不传送"
    ),
    "Division (6), date (8), serial (6).": SAID_BY_RULE,
    "Document number of the fact; with holder, kind and authority it is the subject.": (
        "与行政相对人代码、事项种类、决定机关代码一起唯一确定该事项"
    ),
    "Expected where 罚款 is among the categories (a warning).": "处罚类别含“罚款”时应填写（缺少时仅提示）",
    "GB/T 36904; form and check character are checked by the gateway.": "GB/T 36904；须通过格式和校验位检查",
    "Index of the leaf in the same log.": "同一日志中的序号，从 0 起",
    "Last day included; absent: without end (长期, 2099/12/31 in feeds).": (
        "北京时间，含当日；长期有效的省略该项（双公示报送中的 2099/12/31）"
    ),
    "Last day on which the fact is shown or counted.": "公示的最后一日（北京时间，含当日）；之后不再展示，也不再计入",
    "Natural persons (自然人) are refused until sealed fields exist: holder.person.": (
        "目前不接受自然人（holder.person）"
    ),
    "One certificate with several items is one record.": "一证多项的，为一条记录",
    "Only what may be public travels in 1.x.": SAID_BY_RULE,
    "RFC 6962 leaf hash of that entry: base64 of 32 bytes.": "所指条目的 RFC 6962 叶哈希",
    "Required of 99.": SAID_BY_RULE,
    "Text with something to read in it; an empty or blank field is left out instead.": SAID_BY_RULE,
    "The licence that this one continues, here or in another jurisdiction.": (
        "本证照所承接的原证照，可在本辖区，也可在其他辖区"
    ),
    "Usually the defining body's code and three digits (21 characters).": (
        "通常为证照类型定义机构代码加三位数字，共 21 位"
    ),
    "Where there is none, the licence number.": "没有文书号的，填写证照编号",
    "Why: in what the department answers for, or by which law.": "说明错在何处，或依据的法律条文",
    "permit 行政许可, filing 备案, registration 登记注册（营业执照）, qualification 资质.": "营业执照属登记注册",
    "统一社会信用代码, GB 32100-2015: form here, check character by the gateway.": "GB 32100-2015；校验码须正确",
    "警告, 通报批评, 罚款, 没收违法所得, 没收非法财物, 责令停产停业, 暂扣或者吊销许可证, 行政拘留, 其他 …": (
        "如：警告、通报批评、罚款、没收违法所得、没收非法财物、责令停产停业、暂扣或者吊销许可证、行政拘留、其他"
    ),
}

VERBS: Mapping[str, str] = {
    "issued": "核发",
    "changed": "变更",
    "resumed": "恢复（解除暂扣）",
    "transferred_in": "转入",
    "suspended": "暂扣",
    "annulled": "撤销",
    "cancelled": "注销",
    "expired": "失效",
    "transferred_out": "办理转出",
    "revoked": "吊销",
    "recorded": "登载",
    "withdrawn": "撤回决定",
    "repaired": "信用修复",
    "ended": "终止",
    "objected": "提出异议",
    "objection_closed": "异议办结",
    "retracted": "更正：误发布，予以收回",
    "erased": "更正：抹除原记录字节",
}
"""By the last part of a record's type."""
