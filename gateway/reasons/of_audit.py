"""The rows of what an audit or an export finds in bytes that somebody keeps (DESIGN §4, §9).

>>> OF_AUDIT["leaf.hash"].zh
'条目的字节与哈希不符'
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.reasons.told import OTHER_NODE, OWN_IT, WAIT, Reason, told

OF_AUDIT: Mapping[str, Reason] = {
    # what was to be audited or exported
    "source.unknown": told("不是可审计的来源", "nothing that can be audited stands there", OWN_IT),
    "source.empty": told("此处没有任何日志", "there is no log here", OWN_IT),
    "source.unreadable": told("文件无法读取", "a file cannot be read", OWN_IT),
    "source.behind": told(
        "来源落后于已读取的内容，等待其跟上", "the source shows less than was read before: wait until it has more", WAIT
    ),
    "source.changed": told("文件在核查期间被改动", "a file changed while it was read", WAIT),
    "trust.none": told("此处没有信任文件，无法核验签名", "no trust data: no signature could be checked", OWN_IT),
    "log.place": told("日志放在了其他日志的位置", "a log stands in the place of another", OTHER_NODE),
    "log.unknown": told("名册中没有该日志", "the roster knows no such log", OTHER_NODE),
    "export.source": told("来源无法导出", "the source lacks what an export needs", OWN_IT),
    "export.damaged": told("来源已损坏，未导出", "the source is damaged: nothing was exported", OTHER_NODE),
    "export.destination": told("目标文件夹不可用", "the destination cannot be used", OWN_IT),
    # files
    "file.missing": told("缺少文件", "a file is missing", OTHER_NODE),
    "file.unreadable": told("文件无法读取", "a file cannot be read", OWN_IT),
    "file.unexpected": told("存在不应有的文件", "a file stands that nothing needs", OTHER_NODE),
    "file.sum": told("文件与导出时不一致", "a file is not the one that was exported", OTHER_NODE),
    "file.form": told("文件格式不正确", "a file is not of its form", OTHER_NODE),
    "vkeys.unknown": told(
        "密钥清单含有名册之外的密钥", "the list of keys names one that the roster does not", OTHER_NODE
    ),
    "vkeys.missing": told("密钥清单缺少名册中的密钥", "the list of keys lacks one of the roster", OTHER_NODE),
    # checkpoints and their history
    "checkpoint.date": told("检查点的日期不正确", "a checkpoint's date cannot be right", OTHER_NODE),
    "history.form": told("检查点历史文件格式不正确", "not the form of a history file", OTHER_NODE),
    "history.path": told("不是检查点历史文件的路径", "not the path of a history file", OTHER_NODE),
    "history.width": told("检查点历史文件数目不正确", "a history file is not of its width", OTHER_NODE),
    "history.order": told("检查点的规模没有递增", "sizes of sealed checkpoints do not rise", OTHER_NODE),
    "history.date": told("检查点的日期倒退", "dates of sealed checkpoints go back", OTHER_NODE),
    "history.newest": told("最新检查点与历史不符", "the newest checkpoint does not fit the history", OTHER_NODE),
    "history.beyond": told("历史超出检查点", "the history goes beyond the checkpoint", OTHER_NODE),
    # tiles and entries
    "tile.form": told("瓦片格式不正确", "not the form of a tile or bundle", OTHER_NODE),
    "tile.path": told("不是瓦片的路径", "not the path of a tile", OTHER_NODE),
    "tile.width": told("瓦片宽度不正确", "a tile or bundle is not of its width", OTHER_NODE),
    "tile.mismatch": told("瓦片与其下的条目不符", "a tile does not follow from the entries below it", OTHER_NODE),
    "leaf.hash": told("条目的字节与哈希不符", "an entry's bytes do not give its hash", OTHER_NODE),
    "leaf.unsealed": told("条目没有检查点覆盖", "no sealed checkpoint covers an entry", OTHER_NODE),
    "leaf.erased": told(
        "条目为空而没有删除记录", "an entry is empty, and no record says that it was erased", OTHER_NODE
    ),
    # what a node keeps beside its log
    "index.other": told("索引与由日志重建的不符", "the index is not the one that the log gives", OWN_IT),
    "ledger.corrupt": told("账本文件已损坏", "the ledger's file is corrupt", OWN_IT),
    "ledger.size": told("账本规模与检查点不符", "the ledger's size is not the checkpoint's", OWN_IT),
    "ledger.rows": told("账本内的数据互相矛盾", "rows of the ledger contradict each other", OWN_IT),
    "highwater.ahead": told("高水位文件超出账本", "the high-water file is ahead of the ledger", OWN_IT),
    "highwater.other": told("高水位文件属于另一棵树", "the high-water file is of another tree", OWN_IT),
}
