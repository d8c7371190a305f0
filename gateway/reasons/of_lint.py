"""The rows of `trust lint`: what contradicts, what is left open, what ends soon in the trust documents (DESIGN §7).

>>> OF_LINT["lint.overlap"].zh
'两份协议条款不同而适用范围重叠'
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.reasons.told import Reason, Step, told

_ROSTER = Step("请名册管理人补充或更正名册", "The keeper of the roster completes or corrects it", "own_it")
_CATALOGUE = Step("请目录管理人补充或更正证照目录", "The keeper of the catalogue completes or corrects it", "own_it")
_PARTIES = Step("请协议双方补充或更正协议", "The parties complete or correct the agreement", "own_department")

OF_LINT: Mapping[str, Reason] = {
    # roster
    "lint.key_missing": told("没有当前可用的密钥", "there is no key that is good today", _ROSTER),
    "lint.gm_missing": told(
        "国密策略生效时没有可用的 SM2 密钥", "there is no SM2 key that is good when the policy gm takes effect", _ROSTER
    ),
    "lint.key_ending": told("密钥 60 天内到期，尚无接替", "a key ends within 60 days and none follows", _ROSTER),
    "lint.keys_overlap": told(
        "同一用途的两把密钥同时可用超过 90 天", "two keys of one task are both good for over 90 days", _ROSTER
    ),
    "lint.log_missing": told("有发证机关而没有证照日志", "authorities issue licences and there is no log", _ROSTER),
    "lint.no_url": told("没有登记节点网址", "no address of the node is entered", _ROSTER),
    "lint.authority_types": told(
        "机关既无证照类型也无联系方式", "an authority with neither types nor a contact", _ROSTER
    ),
    "lint.authority_unknown_type": told(
        "机关的证照类型不在目录中", "an authority's type is not in the catalogue", _ROSTER
    ),
    "lint.authority_contact": told("发证机关没有联系方式", "an issuing authority has no contact", _ROSTER),
    "lint.authority_contradicts": told(
        "同一机关的登记互相矛盾", "entries of one authority contradict each other", _ROSTER
    ),
    "lint.authority_region": told(
        "本地机关的信用代码属其他区划，请确认是否为代为发布（carried）",
        "the code of an own authority is of another area: is it only carried?",
        _ROSTER,
    ),
    # catalogue
    "lint.irreversible": told(
        "把可恢复的状态列为不可恢复", "a state that can be undone is declared irreversible", _CATALOGUE
    ),
    "lint.type_unissued": told("目录中的类型没有任何机关颁发", "no authority issues this type", _CATALOGUE),
    "lint.not_complete": told(
        "未声明该类证照齐全的起始日期", "no day is declared from which this type is complete", _CATALOGUE
    ),
    "lint.complete_unknown": told(
        "齐全声明所属地区不在名册或不颁发该类证照",
        "completeness is declared for a jurisdiction that is unknown or does not issue the type",
        _CATALOGUE,
    ),
    "lint.signing_unknown": told(
        "要求发证机关签名的地区不在名册或不颁发该类证照",
        "authority signatures are wanted of a jurisdiction that is unknown or does not issue the type",
        _CATALOGUE,
    ),
    "lint.signing_key": told(
        "要求发证机关签名，而该机关届时没有可用密钥",
        "an authority's own signature is wanted, and it has no key that is good by then",
        _ROSTER,
    ),
    # agreements
    "lint.unknown_jurisdiction": told("协议所列地区不在名册中", "the agreement names an unknown place", _PARTIES),
    "lint.unknown_type": told("协议所列类型不在目录中", "the agreement names an unknown type", _PARTIES),
    "lint.covers_nothing": told("协议没有适用范围", "the agreement covers nothing", _PARTIES),
    "lint.issues_none": told(
        "所列类型无颁发地区颁发，或颁发地区不颁发所列类型",
        "no issuing place issues the type, or an issuing place issues none of the types",
        _PARTIES,
    ),
    "lint.overlap": told(
        "两份协议条款不同而适用范围重叠", "two agreements cover the same on different terms", _PARTIES
    ),
    "lint.lapsed": told("协议已到期，原适用范围无协议接续", "an agreement has ended and none follows", _PARTIES),
    "lint.ending": told("协议 60 天内到期，无协议接续", "an agreement ends within 60 days and none follows", _PARTIES),
    "lint.uncovered": told(
        "两地之间有证照类型不予互认", "types that one issues and the other does not recognise", _PARTIES
    ),
    "lint.carried": told(
        "所列类型只由代为发布的机关颁发，而协议不包括代为发布",
        "types that are only carried, and the agreement is not about carried licences",
        _PARTIES,
    ),
    "lint.freshness": told("时效超过 24 小时，超出部分不适用", "a freshness over 24 h, which never counts", _PARTIES),
    "lint.freshness_volatile": told(
        "所列类型中有易变类型，对其只适用 1 小时", "some types named are volatile: for these 1 h counts", _PARTIES
    ),
    "lint.witnesses": told("要求的见证多于其他地区", "more witnesses are asked for than there are", _PARTIES),
    "lint.unchanged_field": told(
        "须不变的事项不是证照数据项", "what must be unchanged is no field of a licence", _PARTIES
    ),
    "lint.credit_kind": told(
        "评价、承诺、荣誉不得作为不予互认的情形：凡有记录者都会被拒",
        "ratings, commitments and honours can't restrict: whoever has one would be refused",
        _PARTIES,
    ),
    "lint.credit_log": told(
        "约定了信用限制，而有地区没有信用日志",
        "credit is agreed upon, and a jurisdiction has no credit log",
        _PARTIES,
    ),
}
