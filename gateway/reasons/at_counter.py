"""The rows of a verdict: what each check and warning says to a clerk (DESIGN §8).

>>> AT_COUNTER["no_record"].zh
'来源节点已声明该类证照齐全，其中没有此证'
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.reasons.told import (
    ASK_ISSUER,
    ASK_SOURCE,
    BY_HAND,
    FIRST_THE_REST,
    GO_ON,
    LOOK_AGAIN,
    NO_AGREEMENT,
    OTHER_NODE,
    OWN_IT,
    PICK_ONE,
    REFUSE,
    WAIT,
    Reason,
    told,
)

AT_COUNTER: Mapping[str, Reason] = {
    # found
    "found": told("找到一条证照", "one licence matches", GO_ON),
    "found.several": told("有多条证照符合", "several licences match", PICK_ONE),
    "found.other_holder": told(
        "查到此编号的证照，但持证主体与所填不符",
        "a licence of this number is found, and its holder is another than the question says",
        LOOK_AGAIN,
    ),
    "found.not_known_then": told(
        "截至所问时刻，本节点尚不知道这样的证照；当时是否齐全无从得知",
        "by the instant asked this node knew of no such licence; whether all were known then nobody can say",
        LOOK_AGAIN,
    ),
    "no_record": told(
        "来源节点已声明该类证照齐全，其中没有此证",
        "the source declares its licences of this type complete, and holds no such record",
        LOOK_AGAIN,
    ),
    "type.not_complete": told(
        "没有找到，但来源节点尚未声明该类证照齐全",
        "nothing was found, and the source has not declared its licences of this type complete",
        LOOK_AGAIN,
    ),
    "leaf.unread": told(
        "没有找到，但来源日志中有本节点尚不能读取的记录",
        "nothing was found, and the source's log holds records that this node cannot read yet",
        ASK_ISSUER,
    ),
    "record.retracted": told(
        "该记录因发布有误已被收回，尚无新记录",
        "the record was published in error and taken back; nothing newer stands yet",
        ASK_ISSUER,
    ),
    "record.erased": told("该记录的内容已依规删除", "the content of this record has been erased", ASK_ISSUER),
    "record.not_on_day": told(
        "有此证照，但没有适用于所问日期的记录",
        "there are records of this licence, but none that speaks for the day asked",
        ASK_ISSUER,
    ),
    "not_judged": told("没有可供判断的记录，此项未作判断", "there is no record to judge this by", FIRST_THE_REST),
    # content signature, issuer, in the log, witnessed
    "content_signature": told("来源节点签名有效", "signed by the source with a key that was good", GO_ON),
    "content_signature.authority": told(
        "发证机关和来源节点均已签名，签名有效", "signed by the issuing authority itself and by the source", GO_ON
    ),
    "issuer": told("发证机关在名册之内", "the issuing authority is entered in the roster", GO_ON),
    "issuer.carried": told(
        "发证机关在名册之内，由来源节点代为发布",
        "issued by an authority outside, carried by the source",
        GO_ON,
    ),
    "in_log": told("记录在来源日志之中", "the record stands in the source's signed log", GO_ON),
    "leaf.altered": told(
        "本节点所存字节与已签名的日志不符",
        "the bytes kept here are not those that the source's log was signed over",
        OWN_IT,
    ),
    "leaf.missing": told("本节点没有该条目的已封存字节", "this node holds no sealed entry at this place", OWN_IT),
    "witnessed": told("已有足够的其他地区见证", "cosigned by as many other jurisdictions as agreed", GO_ON),
    "witnessed.too_few": told(
        "其他地区的见证签名尚不足协议要求",
        "fewer other jurisdictions have cosigned than the agreement asks for",
        WAIT,
    ),
    "not_required": told("协议不要求见证", "the agreement asks for no witnesses", GO_ON),
    # fresh
    "fresh": told("来源数据是最新的", "the source has confirmed lately that there is nothing newer", GO_ON),
    "source.stale": told(
        "来源节点超过规定时间没有新的确认",
        "the source has not confirmed its log within the time allowed",
        ASK_SOURCE,
    ),
    "source.unheard": told(
        "本节点尚未收到来源节点的确认", "this node has heard no dated word of the source", ASK_SOURCE
    ),
    "source.lacking": told(
        "来源或见证方已出示更新的数据，本节点尚未取得",
        "source or witnesses have shown newer records that this node has not got",
        WAIT,
    ),
    "own_clock": told("本节点的时钟偏慢，无法判断数据是否最新", "this node's own clock is behind", OWN_IT),
    "log.frozen": told(
        "来源日志出现相互矛盾的签名，已冻结待查",
        "the source has signed statements that contradict each other: its log is frozen",
        OTHER_NODE,
    ),
    "trust.stale": told(
        "本节点的信任数据超过 7 天未更新",
        "this node's trust data are older than 7 days",
        OWN_IT,
    ),
    # newer
    "newest": told("没有更新的记录", "nothing newer names this licence", GO_ON),
    "newer.unreadable": told(
        "该证照有更新的记录，本节点尚不能读取",
        "a newer record of this licence cannot be read here yet",
        ASK_ISSUER,
    ),
    # dates
    "dates": told("所问日期在有效期内", "the day lies within the period of validity", GO_ON),
    "dates.not_yet": told("所问日期尚未到有效期", "the period of validity has not begun on that day", REFUSE),
    "dates.passed": told("所问日期已过有效期", "the period of validity has ended before that day", REFUSE),
    "dates.items_passed": told(
        "证上各项均已过有效期", "every item of the certificate has ended before that day", REFUSE
    ),
    # state
    "state.valid": told("状态为有效", "the state is valid", GO_ON),
    "state.by_transfer": told("已办理转出，见“转移”一项", "transferred out: see the check on transfer", GO_ON),
    "state.suspended": told("已被暂扣", "suspended", REFUSE),
    "state.annulled": told("已被撤销，自始无效", "annulled, back to its start", REFUSE),
    "state.cancelled": told("已注销", "cancelled", REFUSE),
    "state.expired": told("已失效", "expired by decision", REFUSE),
    "state.revoked": told("已被吊销", "revoked", REFUSE),
    "state.other": told("状态为“其他”，需阅看说明", 'the state is "other": read the reason given', BY_HAND),
    # superseded, objection
    "not_superseded": told("没有取代它的证照", "no other licence takes its place", GO_ON),
    "superseded": told("已被新证取代", "a newer licence takes its place", REFUSE),
    "superseded.annulled": told(
        "取代它的新证已被撤销",
        "the licence that took its place has been annulled",
        ASK_ISSUER,
    ),
    "superseded.elsewhere": told(
        "另一地区的证照称取代此证，但未办理转移",
        "a licence of another jurisdiction claims its place without a transfer",
        ASK_ISSUER,
    ),
    "objection.none": told("没有未结异议", "no objection is open", GO_ON),
    "objection.open": told("有未结异议", "an objection is open", ASK_ISSUER),
    # transfer
    "transfer.none": told("没有转移", "it was not transferred", GO_ON),
    "transfer.complete": told("转移手续完整", "transferred here, out and in", GO_ON),
    "in_transfer": told("已转出，尚无转入记录", "transferred out, and no jurisdiction has taken it in yet", ASK_ISSUER),
    "transferred": told(
        "已转往另一地区，应核验新证", "transferred to another jurisdiction: verify the new licence", REFUSE
    ),
    "transfer.in_without_out": told(
        "有转入记录而无转出记录", "taken in elsewhere without having been let out", ASK_ISSUER
    ),
    "transfer.two_ins": told("有两个地区同时转入", "two jurisdictions have taken it in", ASK_ISSUER),
    # what a refusal becomes when it may have been undone since
    "last_known.not_yet": told("据最后所知尚未到有效期", "last known: not yet valid", ASK_ISSUER),
    "last_known.passed": told(
        "据最后所知已过有效期，可能已延续", "last known: ended; it may have been renewed", ASK_ISSUER
    ),
    "last_known.items_passed": told("据最后所知各项均已过有效期", "last known: every item had ended", ASK_ISSUER),
    "last_known.suspended": told(
        "据最后所知已暂扣，可能已恢复", "last known: suspended; it may be resumed", ASK_ISSUER
    ),
    "last_known.annulled": told("据最后所知已撤销", "last known: annulled", ASK_ISSUER),
    "last_known.cancelled": told("据最后所知已注销", "last known: cancelled", ASK_ISSUER),
    "last_known.expired": told("据最后所知已失效", "last known: expired", ASK_ISSUER),
    "last_known.revoked": told("据最后所知已吊销", "last known: revoked", ASK_ISSUER),
    "last_known.superseded": told("据最后所知已被新证取代", "last known: superseded", ASK_ISSUER),
    "last_known.transferred": told("据最后所知已转往另一地区", "last known: transferred", ASK_ISSUER),
    "last_known.changed": told(
        "据最后所知，出示的事项与原证不一致，原证可能已变更",
        "last known: what is presented differs from the licence; it may have been changed since",
        ASK_ISSUER,
    ),
    "last_known.restricted": told(
        "据最后所知持证人有受限信用记录，可能已修复",
        "last known: the holder was restricted; it may have been repaired",
        ASK_SOURCE,
    ),
    # agreement
    "agreement.covers": told("协议适用", "an agreement covers this", GO_ON),
    "agreement.own": told("本地区证照，不需要协议", "one's own licence needs no agreement", GO_ON),
    "agreement.none": told("两地之间没有互认协议", "no agreement stands between the two jurisdictions", NO_AGREEMENT),
    "agreement.changed": told(
        "当事人出示的事项与原证不一致",
        "what the party presents differs from the licence, and the agreement recognises it only unchanged",
        NO_AGREEMENT,
    ),
    "agreement.type": told("协议不包括此类证照", "the agreement does not cover this type", NO_AGREEMENT),
    "agreement.purpose": told("协议不包括此用途", "the agreement does not cover this purpose", NO_AGREEMENT),
    "agreement.day": told("所问日期不在协议期限内", "the agreement does not cover that day", NO_AGREEMENT),
    "agreement.carried": told(
        "协议不包括代为发布的其他机关证照",
        "the agreement does not cover licences of authorities outside that are only carried",
        NO_AGREEMENT,
    ),
    # credit
    "credit.not_named": told("协议未约定信用限制", "the agreement restricts no credit facts", GO_ON),
    "credit.clear": told("没有协议所列的受限信用记录", "no credit fact that the agreement restricts", GO_ON),
    "credit.restricted": told(
        "持证人有协议所列的受限信用记录", "the holder has a credit fact that the agreement restricts", NO_AGREEMENT
    ),
    "credit.objected": told("受限信用记录有未结异议", "an objection against the restricting fact is open", ASK_SOURCE),
    "credit.unknown": told(
        "信用数据不是最新或不完整", "the credit logs are stale, absent or partly unread", ASK_SOURCE
    ),
    # warnings
    "trust.old": told("本节点的信任数据超过 1 天未更新", "this node's trust data are older than a day", OWN_IT),
    "as_of.future": told("所问日期在将来，其间状态可能变化", "the day asked lies ahead: the state may change", BY_HAND),
    "known_at.past": told(
        "按过去某一时刻本节点所知作答，不代表现状", "what this node knew then, not what stands today", BY_HAND
    ),
    "leaf.no_subject": told(
        "所依据的日志中有无法读取的记录", "a log relied on holds leaves that cannot be read", BY_HAND
    ),
    "items.some_passed": told("证上部分项目已过有效期", "some items of the certificate have ended", BY_HAND),
    "agreement.unchanged": told("须核对所列事项与原证一致", "recognised only if what is listed is unchanged", BY_HAND),
}
