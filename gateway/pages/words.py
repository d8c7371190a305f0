"""Which words does the page say, in which language? One table; Chinese first, English by a switch.

What records say (names, contents, grounds) is shown as it was published; only the page's own words are here. The
sentences of reasons stand in ``gateway.reasons``.

>>> Words("en")("holder")
'Holder'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LANGUAGES: Mapping[str, str] = {"zh": "zh-CN", "en": "en"}
"""Ours → as HTML names it. The first is spoken to whoever chose none."""

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("证照核验台", "Licence verification counter"),
    "network": ("京津冀数据交换网关", "Beijing–Tianjin–Hebei data-exchange gateway"),
    "skip": ("跳到核验结果", "Skip to the result"),
    "other_language": ("English", "中文"),
    # search
    "search": ("证照编号、证照标识、统一社会信用代码或名称", "Licence number, certificate identifier, USCC or name"),
    "search_help": (
        "可用扫码枪扫描证照上的二维码或条码，也可手工输入后按回车键",
        "Scan the code on the licence, or type and press Enter",
    ),
    "as_of": ("截至日期", "As of"),
    "as_of_help": ("不填为今天", "today if empty"),
    "verify": ("核验", "Verify"),
    "ready": ("等待扫码或输入", "Ready: scan or type"),
    # the case at hand
    "case_title": ("本次办理事项", "The case at hand"),
    "case_why": (
        "每次会话填写一次，随每次核验写入回执；没有的可以不填。",
        "Asked once a session; both stand in every slip. Leave empty what there is not.",
    ),
    "purpose": ("用途", "Purpose"),
    "case": ("办件编号", "Case number"),
    "begin": ("开始核验", "Begin"),
    "change": ("更改", "Change"),
    "none_given": ("未填", "none"),
    # headline block
    "was": ("原结果", "Result before"),
    "stale.old": ("结果可能已过时", "This result may be out of date"),
    "stale.old_do": ("请重新核验后再办理", "Verify again before you rely on it"),
    "stale.lost": ("连接中断，结果可能已过时", "Connection lost: this result may be out of date"),
    "stale.lost_do": (
        "不要据此办理。页面会自动重新连接；持续出现请联系本单位信息部门",
        "Do not rely on it. The page connects again by itself; if this goes on, call your own IT department",
    ),
    "changed": ("核验结果刚刚变化", "The result has just changed"),
    "again": ("重新核验", "Verify again"),
    "at": ("核验时刻", "Verified at"),
    "beijing": ("北京时间", "Beijing time"),
    "known_at": ("按当时所知", "As known at"),
    "asked": ("所查", "Asked about"),
    # reasons
    "reasons": ("原因与处理", "Reasons, and what to do"),
    "do": ("现在怎么办", "What to do now"),
    "call": ("联系", "Call"),
    "call_issuer": ("发证机关", "the issuing authority"),
    "call_source_node": ("来源节点的运行单位", "who runs the source's node"),
    "call_own_it": ("本单位信息部门", "your own IT department"),
    "call_own_department": ("本单位业务负责人", "who is responsible in your own department"),
    "passed": ("已通过的检查", "Checks passed"),
    "not_judged": ("尚未判断的检查", "Checks not judged"),
    "warnings": ("提示", "Notices"),
    "otherwise": ("协议规定", "The agreement says"),
    "agreement_id": ("互认协议", "Agreement"),
    "result.FAIL": ("不通过", "Failed"),
    "result.UNKNOWN": ("无法确定", "Unknown"),
    "result.PASS": ("通过", "Passed"),
    # several
    "several": ("找到多项，请选定一项", "Several match: choose one"),
    "several_do": (
        "核对证号、名称和来源地区后选定；选定之前不作任何判断",
        "Compare number, name and place, then choose; nothing is judged before",
    ),
    "several_cut": ("只列出前 20 项；请输入更完整的证号或名称", "The first 20 only: type more of the number or name"),
    "choose": ("选定", "Choose"),
    # licence
    "licence": ("证照内容", "The licence"),
    "number": ("证照编号", "Number"),
    "type": ("证照类型", "Type"),
    "kind": ("种类", "Kind"),
    "certificate_identifier": ("证照标识", "Certificate identifier"),
    "holder": ("持证主体", "Holder"),
    "uscc": ("统一社会信用代码", "USCC"),
    "legal_representative": ("法定代表人", "Legal representative"),
    "issuer": ("发证机关", "Issuing authority"),
    "source": ("来源地区", "Source"),
    "decision": ("许可决定", "Decision"),
    "content": ("许可内容", "Content"),
    "premises": ("经营场所", "Premises"),
    "valid": ("有效期", "Valid"),
    "forever": ("长期", "no last day"),
    "state": ("登记状态", "State on record"),
    "since": ("自", "since"),
    "state_reason": ("状态原因", "Reason of the state"),
    "predecessor": ("转入前证照", "Earlier licence"),
    "supplied_by": ("数据来源单位", "Supplied by"),
    "remarks": ("备注", "Remarks"),
    "items": ("证照事项", "Items"),
    "item": ("事项", "Item"),
    "grade": ("等级", "Grade"),
    "valid_to": ("有效期至", "Valid to"),
    "passed_date": ("已过期", "passed"),
    # credit
    "credit": ("信用信息", "Credit"),
    "credit_clear": ("无不良信用信息", "Nothing against the holder"),
    "credit_notice": ("有信用提示", "There are notices"),
    "credit_restricted": ("受限", "Restricted"),
    "credit_unknown": ("暂时无法确定", "Cannot be told now"),
    "effect.restricted": ("限制", "Restriction"),
    "effect.notice": ("提示", "Notice"),
    "ground": ("依据", "Ground"),
    "objected": ("有未结异议", "an objection is open"),
    "last_known": ("仅为最后所知", "last known only"),
    "more_facts": ("另有未列出的事项", "More that are not listed"),
    # history
    "history": ("历次记录", "History"),
    "logged": ("入日志", "logged"),
    "unread_record": ("记录未通过校验，不予采信", "did not pass the checks; not relied on"),
    # proof
    "proof": ("证据链", "Chain of proof"),
    "signed_by": ("记录签名", "Record signed by"),
    "in_log": ("所在日志", "In the log"),
    "index": ("序号", "Index"),
    "size": ("日志长度", "Log size"),
    "root": ("根哈希", "Root"),
    "leaf_hash": ("叶哈希", "Leaf hash"),
    "witnesses": ("见证节点", "Witnesses"),
    "heartbeat": ("来源最近确认", "Source last confirmed"),
    "seconds_ago": ("秒前", "s before"),
    "no_heartbeat": ("没有可用的确认", "no usable confirmation"),
    "relied_on": ("所依据的日志", "Logs relied on"),
    "proof_file": ("下载包含证明", "Inclusion proof"),
    "slip_text": ("电子回执原文", "The signed slip"),
    # slip
    "slip": ("核验回执", "Verification slip"),
    "slip_number": ("回执编号", "Slip number"),
    "print": ("打印回执", "Print the slip"),
    "save": ("保存电子回执", "Save the signed slip"),
    "slip_node": ("核验节点", "Verified at"),
    "slip_code": (
        "二维码由核验节点签名，可用 jjj-gateway verify --slip 离线验证",
        "The code is signed by the node; check it offline with jjj-gateway verify --slip",
    ),
    "slip_no_code": (
        "证照编号过长，未印二维码；请一并保存电子回执",
        "The number is too long for a code: keep the signed slip as a file",
    ),
    "slip_moment": (
        "本回执只说明核验时刻的结果，不代替证照原件",
        "This slip states the result at that instant; it does not replace the licence",
    ),
    "slip_void": ("结果已过时，本页不得作为核验凭证", "Out of date: this page is no evidence of a verification"),
    "clerk": ("经办人", "Clerk"),
    # problems
    "problem": ("未能核验", "Not verified"),
    "back": ("返回核验台", "Back to the counter"),
    "needs_token": (
        "本节点对外提供服务，需要访问令牌；浏览器页面目前只能在节点所在的机器上打开",
        "This node is open to a network and needs a bearer token; pages can for now be opened on its own machine only",
    ),
    "noscript": (
        "浏览器未启用脚本：结果不会自动更新，一分钟后自动标为过时",
        "Scripts are off: the result does not update, and is marked as out of date after a minute",
    ),
}

STATES: Mapping[str, str] = {
    "01": "valid",
    "02": "suspended",
    "03": "annulled",
    "04": "cancelled",
    "05": "expired",
    "06": "transferring out",
    "07": "revoked",
    "99": "other",
}
KINDS: Mapping[str, str] = {
    "permit": "permit",
    "filing": "filing",
    "registration": "registration",
    "qualification": "qualification",
    "penalty": "administrative penalty",
    "abnormal_list": "list of abnormal operation",
    "dishonest_list": "list of serious dishonesty",
    "rating": "credit rating",
    "commitment": "credit commitment",
    "honour": "honour",
}
EVENTS: Mapping[str, tuple[str, str]] = {
    "issued": ("颁发", "issued"),
    "changed": ("变更", "changed"),
    "resumed": ("恢复", "resumed"),
    "transferred_in": ("转入", "transferred in"),
    "suspended": ("暂扣", "suspended"),
    "annulled": ("撤销", "annulled"),
    "cancelled": ("注销", "cancelled"),
    "expired": ("失效", "expired"),
    "transferred_out": ("转出", "transferred out"),
    "revoked": ("吊销", "revoked"),
    "objected": ("提出异议", "objection raised"),
    "objection_closed": ("异议办结", "objection closed"),
    "retracted": ("撤回（发布有误）", "retracted (published in error)"),
    "erased": ("删除内容", "content erased"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """The page's words in one language: ``zh`` or ``en``."""

    language: str

    def __call__(self, name: str) -> str:
        """The words of this name."""
        return self.of(WORDS[name])

    def of(self, both: tuple[str, str]) -> str:
        """Of Chinese and English, the one that is spoken."""
        return both[self.language == "en"]

    @property
    def html(self) -> str:
        """The language as HTML names it."""
        return LANGUAGES[self.language]

    @property
    def other(self) -> str:
        """The language that the switch leads to."""
        return "zh" if self.language == "en" else "en"
