"""The rows of keys, signatures, logs, checkpoints and proofs (DESIGN §3b, §4, §7).

>>> OF_TRUST["key.revoked"].call
'source_node'
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.reasons.told import (
    ASK_ISSUER,
    ASK_SIGNER,
    CALLER,
    EVIDENCE_IS_NONE,
    LIBCRYPTO,
    NEW_KEY,
    OTHER_NODE,
    OWN_IT,
    TRUST_KEEPER,
    WAIT,
    Reason,
    Step,
    told,
)

ADMINISTRATORS = Step(
    "按提示更正；步骤见《信任仓库操作手册》",
    "Correct what the line says; the handbook of the trust repository has the steps",
    "own_it",
)
PROPOSE_ANEW = Step(
    "更正文件后用 trust propose 重做提案，再请各地重新签名",
    "Correct the documents, make the proposal anew with `trust propose`, and have it signed anew",
    "own_it",
)
COLLECT = Step(
    "请尚未签名的地区对同一提案签名，再行发布",
    "Have those who have not signed sign this very proposal, then publish",
    "own_it",
)

OF_TRUST: Mapping[str, Reason] = {
    # keys and signatures
    "signature.invalid": told("签名不正确", "the signature does not verify", OTHER_NODE),
    "key.unknown": told("签名所用密钥不在名册中", "signed by no key that the roster gives the source", OTHER_NODE),
    "key.early": told("签名早于密钥的启用时间", "signed before its key was good", OTHER_NODE),
    "key.expired": told("签名晚于密钥的到期时间", "signed after its key had expired", OTHER_NODE),
    "key.revoked": told("签名所用密钥已被吊销", "signed by a key that has been revoked", OTHER_NODE),
    "key.in_doubt": told(
        "签署这条记录时密钥可能已被窃取，真伪待发证机关确认",
        "signed when the key may already have been stolen: whether it is genuine only its authority can say",
        ASK_ISSUER,
    ),
    "authority.mismatch": told("由并非发证机关的另一机关签名", "signed by another authority than its own", OTHER_NODE),
    "authority.unsigned": told(
        "缺少发证机关签名（目录规定自某日起必须有）",
        "lacks its issuing authority's signature, which the catalogue wants from a day on",
        ASK_SIGNER,
    ),
    "signed.line": told(
        "机关签名的记录行与节点应写的不一致", "what the authority signed is not the node's own line", ASK_SIGNER
    ),
    "key.family": told("密钥不得签署这一类记录", "the key may not sign this family", OTHER_NODE),
    "key.form": told("密钥文本格式不正确", "not the text of a verifier key", OWN_IT),
    "key.algorithm": told("不支持的签名算法", "the signature algorithm is not known here", OWN_IT),
    "key.id": told("密钥编号与密钥不符", "the key id is not that of name and key", OWN_IT),
    "key.public": told("公钥不正确", "the public key is not one", OWN_IT),
    "key.example": told("示例密钥只能用于演示", "example keys sign in the demo only", OWN_IT),
    "key.none_good": told(
        "本节点没有名册认可的有效密钥，暂停签署；已收到的记录不受影响",
        "this node has no key that the roster says is good now: nothing is signed, and partners are followed as before",
        NEW_KEY,
    ),
    "key.ending": told("密钥即将到期，且无后续密钥", "the last key for a task ends soon", NEW_KEY),
    "key.task": told("本节点没有这种用途的密钥", "this node needs no such key", OWN_IT),
    "key.exists": told("密钥文件已存在，不会被覆盖", "the key file exists, and none is overwritten", OWN_IT),
    "key.missing": told("缺少密钥文件", "a key file is missing", OWN_IT),
    "key.io": told("密钥文件无法读写", "a key file cannot be read or written", OWN_IT),
    "key.file_form": told("不是私钥文件", "no file of a private key", OWN_IT),
    "key.file_mode": told("密钥文件可被他人读取", "a key file may be read by others", OWN_IT),
    "key.passphrase": told("密钥文件的口令不正确", "the key file's passphrase does not fit", OWN_IT),
    "suite.gm_missing": told(
        "缺少国密（SM2）签名，名册的国密策略已要求", "no SM2 signature, which the network's policy requires", OTHER_NODE
    ),
    "suite.unavailable": told(
        "本机没有支持 SM2 的系统密码库", "this machine has no cryptographic library with SM2", LIBCRYPTO
    ),
    # signed notes and checkpoints
    "note.form": told("签名文本格式不正确", "not the form of a signed note", OTHER_NODE),
    "note.size": told("签名文本过大", "the signed note is too large", OTHER_NODE),
    "note.lines": told("签名行过多", "too many signature lines", OTHER_NODE),
    "note.name": told("签名行中的密钥名称不正确", "no name of a key in a signature line", OTHER_NODE),
    "note.base64": told("签名行的编码不是唯一写法", "a signature's base64 is not its one spelling", OTHER_NODE),
    "checkpoint.form": told("检查点格式不正确", "not the form of a checkpoint", OTHER_NODE),
    "checkpoint.origin": told("检查点属于另一日志", "the checkpoint is of another log", OTHER_NODE),
    "checkpoint.no_date": told(
        "检查点没有所有者的日期签名", "the checkpoint lacks its owner's dated signature", OTHER_NODE
    ),
    "slip.form": told("核验单格式不正确", "not the form of a verification slip", OTHER_NODE),
    # trust data
    "trust.rollback": told(
        "信任文件的版本低于现行版本，未采用", "older trust data than those in force: not taken", OWN_IT
    ),
    "trust.unsigned": told("信任数据未经各地签名", "the trust data are not signed by anybody", OWN_IT),
    "trust.root": told("信任根文件缺失或不正确", "the pinned root is missing or is none", OWN_IT),
    "trust.none_held": told(
        "尚未取得任何经核验的信任数据，节点不能启动", "no trust data were verified yet: the node can't start", OWN_IT
    ),
    "trust.unreachable": told("该来源的信任数据无法取得", "a source of trust data does not answer", WAIT),
    "trust.incomplete": told("该来源的信任数据不完整", "a source of trust data lacks a file", WAIT),
    "trust.too_large": told("信任数据过大，已停止接收", "trust data beyond all limits: not read on", OWN_IT),
    "trust.expired": told(
        "信任数据的签名已过期，未采用；现行版本继续使用至其期限",
        "signed trust data have run out: not taken; those in force go on until their limit",
        TRUST_KEEPER,
    ),
    "trust.signatures": told(
        "信任数据的有效签名不足，未采用",
        "too few good signatures of those who must sign: not taken",
        TRUST_KEEPER,
    ),
    "trust.metadata": told(
        "信任元数据格式不正确，未采用", "the signed metadata can't be read: not taken", TRUST_KEEPER
    ),
    "trust.mixed": told(
        "信任数据由不同版本拼凑而成，未采用", "trust data mixed from several versions: not taken", TRUST_KEEPER
    ),
    "trust.target": told(
        "信任文件与签名所述的摘要或长度不符，未采用",
        "a trust document is not the one that was signed: not taken",
        TRUST_KEEPER,
    ),
    "trust.form": told("信任文件有误", "a trust document is wrong", OWN_IT),
    "trust.missing": told("缺少信任文件", "a trust document is missing", OWN_IT),
    # the trust repository
    "trust.charter": told("签名章程不成立", "no such charter of signers can be", ADMINISTRATORS),
    "trust.repository": told("信任仓库不完整或验签不通过", "the trust repository is damaged", ADMINISTRATORS),
    "trust.none_yet": told("信任仓库尚无已发布内容", "the trust repository is still empty", ADMINISTRATORS),
    "trust.pin": told("须给出自己手里的首个根", "the root that you hold must be given", ADMINISTRATORS),
    "trust.exists": told("该目录已有信任仓库", "a trust repository stands there already", ADMINISTRATORS),
    "trust.unchanged": told("提案没有任何改动", "the proposal would change nothing", ADMINISTRATORS),
    "trust.stale_proposal": told(
        "提案所依据的版本已不是现行版本", "the proposal builds on another state than the published one", PROPOSE_ANEW
    ),
    "trust.succession": told("元数据的版本号不连续", "versions of the metadata do not follow", PROPOSE_ANEW),
    "trust.expiry": told("元数据的有效期不合章程", "metadata would expire otherwise than agreed", PROPOSE_ANEW),
    "trust.version": told(
        "文件内容有变而版本号未升高", "a document changed and its version did not rise", PROPOSE_ANEW
    ),
    "trust.removed": told(
        "名册、协议和数据模式只能终止，不能删去", "what may only be ended would be removed", PROPOSE_ANEW
    ),
    "trust.target_swapped": told(
        "提案中的文件不是签名所列的那一份", "a file of the proposal is not the one that is signed", PROPOSE_ANEW
    ),
    "trust.threshold": told("签名数未达门限", "fewer have signed than the threshold asks for", COLLECT),
    "trust.signature": told("管理员的签名不正确", "an administrator's signature does not verify", COLLECT),
    "trust.signature_other": told("签名属于另一份提案", "the signature is for another proposal", COLLECT),
    "trust.signer_unknown": told("签名密钥不在章程中", "signed by no key of the charter", COLLECT),
    "trust.online_key": told("须由章程中的在线密钥签署", "an online key of the charter must sign", ADMINISTRATORS),
    "trust.faults": told("trust lint 发现错误，未签名", "`trust lint` finds faults: not signed", PROPOSE_ANEW),
    "trust.busy": told("另一程序正在发布", "another program is publishing there", WAIT),
    "trust.io": told("信任仓库无法写入", "the trust repository cannot be written", OWN_IT),
    "roster.not_in": told("名册中没有本节点的地区", "the roster does not have this node's jurisdiction", OWN_IT),
    "schema.changed": told("已发布的数据模式被改动", "a published schema was changed", OWN_IT),
    "schema.invalid": told("数据模式文件有误", "a schema file is wrong", OWN_IT),
    "schema.missing": told("缺少数据模式文件", "there are no schema files", OWN_IT),
    "package.data": told("程序自带的文件缺失", "files of the program itself are missing", OWN_IT),
    # logs as they travel
    "log.fork": told("日志所有者签署了两棵不同的树", "the log's owner has signed two different trees", OTHER_NODE),
    "log.rollback": told("日志所有者后来签署了更小的树", "the log's owner later signed a smaller tree", OTHER_NODE),
    "log.ended": told(
        "日志已按名册终止，其后的内容不作数", "the log has ended, by the roster: nothing beyond counts", OWN_IT
    ),
    # evidence
    "evidence.form": told("不是证据文件，或格式不正确", "not the form of an evidence file", OWN_IT),
    "evidence.key": told(
        "证据文件中的密钥不属于该日志", "a key in the evidence file is not of the log", EVIDENCE_IS_NONE
    ),
    "evidence.no_contradiction": told(
        "文件中的陈述并不矛盾", "what the file holds can all be true", EVIDENCE_IS_NONE
    ),
    "evidence.needs_trust": told(
        "此类证据须与名册对照才能判定", "such evidence rests on a roster: give it with --trust", CALLER
    ),
    "key.role": told("签名所用密钥不是见证密钥", "signed by a key that is no witness's", OTHER_NODE),
    "witness.own_log": told(
        "所有者不能见证自己的日志", "an owner's cosignature on its own log counts for nothing", OTHER_NODE
    ),
    "witness.topic": told(
        "见证签名出现在别人的主题中", "a cosignature came in another jurisdiction's topic", OTHER_NODE
    ),
    "witness.ahead": told("见证签名的时间超前", "the cosignature is dated ahead of the time", OTHER_NODE),
    "witness.room": told("等待核对的见证签名过多", "too many cosignatures wait for their leaves", WAIT),
    "witness.unknown_log": told(
        "见证的日志不在名册中", "the cosignature is on a log that the roster does not name", OTHER_NODE
    ),
    "witness.behind": told(
        "镜像落后于本节点已见证的内容，追上后再见证",
        "the mirror is behind what this node has cosigned; it cosigns again when it has caught up",
        WAIT,
    ),
    "witness.other": told(
        "镜像与本节点已见证的树不同：对方出示了另一棵树",
        "the mirror's tree is not the one that this node has cosigned: its owner shows another",
        OTHER_NODE,
    ),
    "witness.unmarked": told(
        "缺少或无法读取见证高水位文件", "the witness's high-water file is missing or unreadable", OWN_IT
    ),
    "root.mismatch": told("收到的条目与已签名的根不符", "the entries received do not give the signed root", WAIT),
    "message.form": told("总线上的消息格式不正确，已丢弃", "a message on the bus was rubbish and was dropped", WAIT),
    "index.taken": told("同一位置收到另一条目，已丢弃", "another entry came for a place already taken", WAIT),
    "index.ahead": told("条目有缺口，正在补取", "entries are missing before this one and are being fetched", WAIT),
    "tail.full": told("未封存的条目过多，已重新开始", "too many entries without a checkpoint", WAIT),
    "history.short": told("来源缺少已封存检查点", "the source lacks sealed checkpoints", WAIT),
    "source.unreachable": told("无法连接该来源", "the source cannot be reached", WAIT),
    "source.too_large": told("来源的文件过大", "a file of the source is too large", WAIT),
    # proofs
    "proof.form": told("证明格式不正确", "not the form of a proof", OTHER_NODE),
    "proof.inclusion": told(
        "证明不能说明记录在日志中", "the proof does not lead from the record to the root", OTHER_NODE
    ),
    "proof.consistency": told("证明不能说明日志只增不改", "the proof does not show that the log only grew", OTHER_NODE),
}
