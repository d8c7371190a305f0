"""What is done about a reason, and whom does one call? The steps that rows of the table share, in both languages.

>>> told("暂扣期间", "suspended", REFUSE).call
'issuer'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Call = Literal["issuer", "own_it", "source_node", "own_department", "nobody"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One row: what it means, what the clerk or department does now, whom to call. ``call`` points into the
    roster's contacts.
    """

    zh: str
    en: str
    do_zh: str
    do_en: str
    call: Call


@dataclass(frozen=True, slots=True)
class Step:
    """What is done now, and whom to call."""

    zh: str
    en: str
    call: Call


def told(zh: str, en: str, step: Step) -> Reason:
    """A row of the table."""
    return Reason(zh, en, step.zh, step.en, step.call)


# At the counter

GO_ON = Step("继续办理", "Go on with the case", "nobody")
REFUSE = Step(
    "不能凭此证办理；当事人有异议的，请其向发证机关提出",
    "Do not rely on this licence; a party who disagrees turns to the issuing authority",
    "issuer",
)
ASK_ISSUER = Step(
    "请致电发证机关核实，并把答复记入办件记录",
    "Call the issuing authority and put its answer on file",
    "issuer",
)
ASK_SOURCE = Step(
    "稍后再试；急件请致电来源节点核实，并把答复记入办件记录",
    "Try again later; if it is urgent call the source node and put its answer on file",
    "source_node",
)
NO_AGREEMENT = Step(
    "不适用互认，按本地一般程序办理",
    "Recognition does not apply: handle the case by the ordinary local procedure",
    "own_department",
)
BY_HAND = Step(
    "由经办人阅看列出的事项后决定，并记入办件记录",
    "Read what is listed, decide, and put the decision on file",
    "own_department",
)
LOOK_AGAIN = Step(
    "核对证号、证照类型和来源地区后重新查询；仍无结果的，请致电发证机关",
    "Check number, type and place and search again; if nothing is found still, call the issuing authority",
    "issuer",
)
PICK_ONE = Step("从列表中选定一项后重新核验", "Choose one of the list and verify again", "nobody")
FIRST_THE_REST = Step("先处理其他未通过的事项", "See to the other checks first", "nobody")

# At the department that publishes

MEND = Step("更正后重新提交", "Correct it and hand it in again", "own_department")
MEND_FILE = Step("更正文件后重新提交；未列出的行已照常处理", "Correct the file and hand it in again", "own_department")
NOT_HERE = Step("此类数据不得提交，请删除后重新提交", "Such data may not be handed in: remove them", "own_department")
NEW_ID = Step(
    "改用新的编号重新提交（publish --restate）", "Publish it under a new id (publish --restate)", "own_department"
)
ASK_SIGNER = Step(
    "由发证机关对节点给出的记录行签名后重新提交",
    "The issuing authority signs the line as the node writes it; hand it in again",
    "own_department",
)

SEND_AGAIN = Step(
    "稍后用相同的编号（id）重新提交；持续出现请联系本单位信息部门",
    "Send it again a little later with the same ids; if it goes on, call your own IT department",
    "own_it",
)

# At the node

OWN_IT = Step("请联系本单位信息部门，并附上这一行提示", "Call your own IT department and quote this line", "own_it")
TRUST_KEEPER = Step(
    "请本单位信息部门查看 /v1/network 中的来源，并通知信任数据的管理人",
    "Your own IT department looks at the sources in /v1/network and tells those who keep the trust data",
    "own_it",
)
LIBCRYPTO = Step(
    "安装操作系统的 OpenSSL 3（libcrypto.so.3，须含 SM2）后重新启动，见《运维手册》“国密”一节",
    "Install the system's OpenSSL 3 (libcrypto.so.3, built with SM2) and start again",
    "own_it",
)
BUS_RIGHTS = Step(
    "请集群管理员用 deploy/kafka/set_up.py 授予权限；提示中写明了主题或事务号",
    "The cluster's administrator grants the right (deploy/kafka/set_up.py); the line names topic or transactional id",
    "own_it",
)
BUS_LOGIN = Step(
    "核对 [bus.kafka] 的 user 和 password 文件是否为集群管理员所发的那一份",
    "See that user and password file in [bus.kafka] are those the cluster's administrator gave",
    "own_it",
)
BUS_CERTIFICATE = Step(
    "按提示检查 [bus.kafka] 的 ca、certificate、key：是否缺失、到期，或由对方不认识的机构签发",
    "Look at ca, certificate and key in [bus.kafka]: missing, expired, or by an authority the other side does not know",
    "own_it",
)
BUS_TLS = Step(
    "在 [bus.kafka] 设置 ca 和 TLS 端口；集群不用 TLS 的，去掉 ca",
    "Set ca and the TLS port in [bus.kafka]; take ca away if the cluster has no TLS",
    "own_it",
)
NEW_KEY = Step(
    "用 jjj-gateway keys list 查看各密钥，用 keys new 生成新密钥，并请管理员登记入名册",
    "See `jjj-gateway keys list`, make a key with `keys new`, and have the administrators enter it in the roster",
    "own_it",
)
OTHER_NODE = Step(
    "不要采信；请本单位信息部门联系该来源节点",
    "Do not rely on it; your own IT department calls the source node",
    "source_node",
)
EVIDENCE_IS_NONE = Step(
    "不得据此认定分叉；请向提供文件的节点索取原件",
    "It shows no fork: ask the node that handed it on for the file as it keeps it",
    "own_it",
)
WAIT = Step(
    "稍后再试；持续出现请联系本单位信息部门", "Try again later; if it goes on, call your own IT department", "own_it"
)
PAGE_AGAIN = Step("返回上一页，刷新后重新填写", "Go back, reload the page and fill it in again", "nobody")
CALLER = Step("更正请求后再试", "Correct the request and try again", "own_it")
