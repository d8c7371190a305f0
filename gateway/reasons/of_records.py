"""The rows of what a record, a draft or a department's file can have wrong (DESIGN §3, §3a).

>>> OF_RECORDS["uscc.check"].call
'own_department'
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.reasons.told import (
    ASK_ISSUER,
    BY_HAND,
    MEND,
    MEND_FILE,
    NEW_ID,
    NOT_HERE,
    OTHER_NODE,
    OWN_IT,
    Reason,
    told,
)

OF_SCHEMA = told("数据不符合数据模式，请看所列字段", "the data do not fit the schema; see the field named", MEND)
"""For ``schema.<keyword>``: the finding itself names field, rule and value in both languages."""
OF_ENVELOPE = told("记录信封中的此项格式不正确", "this member of the record's envelope is not of its form", OTHER_NODE)
"""For ``envelope.<member>``."""

OF_RECORDS: Mapping[str, Reason] = {
    # compact form
    "form.size": told("记录超过 60000 字节", "the record is over 60,000 bytes", MEND),
    "form.bom": told("文本开头带有字节顺序标记", "a byte order mark stands before the text", MEND),
    "form.utf8": told("不是有效的 UTF-8 文本", "not valid UTF-8", MEND),
    "form.depth": told("嵌套超过 32 层", "nested deeper than 32", MEND),
    "form.character": told("含有禁止使用的字符", "holds a character that is refused everywhere", MEND),
    "form.white_space": told("字符串之外出现空白字符", "white space stands outside a string", MEND),
    "form.escape": told("使用了不允许的转义", "holds an escape that is not allowed", MEND),
    "form.number": told("数字不是允许范围内的整数", "holds a number that is no plain integer", MEND),
    "form.null": told("不允许 null，没有值时应省略", "null is no value here: leave the member out", MEND),
    "form.json": told("不是合法的 JSON", "not JSON", MEND),
    "form.not_object": told("不是 JSON 对象", "not a JSON object", MEND),
    "form.duplicate_name": told("同一对象中有重复的成员名", "a member name stands twice in one object", MEND),
    # envelope, type, schema
    "envelope.missing": told("记录信封缺少成员", "a member of the envelope is missing", OTHER_NODE),
    "envelope.extra": told("记录信封有多余成员", "the envelope has a member that is not known", OTHER_NODE),
    "type.unknown": told("没有这种记录类型", "there is no such type of record", MEND),
    "type.mismatch": told("数据内容与记录类型不符", "the data are not those of this type of record", MEND),
    "schema.family": told("数据模式与记录类型不属同一类", "the schema is of another family than the type", OTHER_NODE),
    "schema.newer": told(
        "记录使用了本节点还没有的新版数据模式", "the record uses a newer schema than this node has", OWN_IT
    ),
    "schema.unknown": told("本节点没有这一数据模式", "this node has no such schema", OTHER_NODE),
    # codes and numbers
    "uscc.form": told("不是 18 位统一社会信用代码", "not of the form of a unified social credit code", MEND),
    "uscc.check": told("统一社会信用代码的校验位不符", "the code's check character does not fit", MEND),
    "uscc.placeholder": told("无代码占位符不能作为代码", "the placeholder for traders without a code is no code", MEND),
    "certificate_identifier.form": told("证照标识格式不正确", "not of the form of a certificate identifier", MEND),
    "certificate_identifier.check": told("证照标识的校验位不符", "the identifier's check character does not fit", MEND),
    "number.form": told("证号格式不正确", "the number is not of its type's form", MEND),
    "number.empty": told("证号或文号为空", "the number is empty", MEND),
    "number.character": told("证号或文号含有不允许的字符", "the number holds a character that is not allowed", MEND),
    "number.check": told("证号校验位不符（仅提示）", "the number's check digit does not fit (a warning)", BY_HAND),
    # days and times
    "date.form": told("不是存在的日期，格式应为 YYYY-MM-DD", "no such day, or not written YYYY-MM-DD", MEND),
    "date.order": told("截止日期早于起始日期", "the last day is before the first", MEND),
    "time.form": told("时间格式不正确", "not an instant of the exact form", MEND),
    "time.backwards": told("时间早于该证照的上一条记录", "the time is before that of the subject's last record", MEND),
    "time.future": told("时间比登记时间晚 5 分钟以上", "the time is over 5 minutes after it was logged", MEND),
    # holders and personal data
    "holder.no_code": told(
        "持证人没有统一社会信用代码，暂不接收", "the holder has no code, and is not taken in yet", NOT_HERE
    ),
    "holder.person": told("持证人为自然人，暂不接收", "natural persons are not taken in yet", NOT_HERE),
    "identity_number": told("文本中出现公民身份号码", "a resident identity number stands in the text", NOT_HERE),
    # subject, state, predecessor, correction
    "subject.data": told("数据缺少构成主题的项", "the data lack a part of the subject", MEND),
    "subject.form": told("主题格式不正确", "the subject is of no known form", OTHER_NODE),
    "subject.mismatch": told("主题与数据不符", "the subject is not the one that the data make", OTHER_NODE),
    "state.mismatch": told("状态与记录类型不符", "the state does not go with the type of record", MEND),
    "state.no_previous": told(
        "此前没有可沿用状态的记录", "there is no record before it whose state it could carry", MEND
    ),
    "predecessor.self": told("前证不能是自身", "a licence cannot be its own predecessor", MEND),
    "predecessor.subject": told("前证的主题格式不正确", "the predecessor's subject is of no known form", MEND),
    "penalty.fine_missing": told(
        "处罚类别含罚款而无罚款金额（仅提示）", "a fine without its amount (a warning)", BY_HAND
    ),
    "correction.target": told("所指的条目不存在或哈希不符", "no earlier leaf with that hash stands there", MEND),
    "correction.subject": told("所指的条目属于另一主题", "the leaf named is about another subject", MEND),
    "correction.leaf_hash": told("条目哈希格式不正确", "the leaf hash is not base64 of 32 bytes", MEND),
    # who says it, and where
    "source.mismatch": told("记录的来源不是该日志的节点", "the record's source is not this log's owner", OTHER_NODE),
    "family.mismatch": told("记录类别与日志不符", "the record is of another family than its log", OTHER_NODE),
    "signer.mismatch": told("由另一节点的密钥签名", "signed by a key of another jurisdiction", OTHER_NODE),
    "issuer.not_in_roster": told(
        "发证机关不在来源节点的名册之内",
        "the issuer is no authority that the roster gives the source for this type",
        ASK_ISSUER,
    ),
    # identity of records
    "record.replayed": told("同一编号的记录已经存在", "a record of this id stands already", OTHER_NODE),
    "record.superseded": told("该证照已有更新的记录", "the subject has a later record already", NEW_ID),
    "record.unread": told("最新信用记录无法读取", "the newest credit record cannot be read", OWN_IT),
    "record.missing": told("本节点日志中没有该条目", "the own log holds no such leaf", OWN_IT),
    "id.conflict": told("同一编号已用于其他内容", "this id stands with other content", NEW_ID),
    "draft.form": told("提交的记录格式不正确", "what was handed in is no draft of a record", MEND),
    "family.no_log": told("本节点没有这一类日志", "this node keeps no log of this family", MEND),
    # a department's file
    "area.no_node": told("该地区没有接入节点", "no node speaks for this area", MEND),
    "row.conflict": told("文件中同一证照的各行互相矛盾", "rows of one licence contradict each other", MEND_FILE),
    "row.required": told("必填单元格为空", "a cell that is required is empty", MEND_FILE),
    "row.lookup": told("对照表中没有这个值", "the profile's table does not know this value", MEND_FILE),
    "row.group": told(
        "同一证书的另一行被拒收，整张证书未采用", "another row of the certificate was refused", MEND_FILE
    ),
    "row.nested": told("单元格内容是列表或对象", "the cell holds a list or an object", MEND_FILE),
    "amount.form": told("金额格式不正确或缺少数字", "a sum is not of its form, or lost digits", MEND),
    "list.form": told("多项内容没有以分号分隔", "several entries are not joined by semicolons", MEND_FILE),
    "cell.error": told("单元格为错误值（如 #N/A）", "a cell shows an error of the spreadsheet", MEND_FILE),
    "cell.formula": told("单元格的公式没有计算结果", "a formula that was never computed", MEND_FILE),
    "cell.number": told("单元格中的数字不正确", "a cell holds a number that is none", MEND_FILE),
    "cell.digits": told("数字超过 15 位，末尾数字已丢失", "a number of which the spreadsheet lost digits", MEND_FILE),
    "cell.day": told("日期单元格中的日期不正确", "a cell with a date format holds no such day", MEND_FILE),
    "table.sheet": told("不能确定读取哪个工作表", "which sheet is meant is not certain", MEND_FILE),
    "table.merged": told("含有合并单元格", "the table has merged cells", MEND_FILE),
    "row.width": told("本行单元格数与表头不符", "the row has more or fewer cells than the header", MEND_FILE),
    "row.quote": told("引号使用不正确", "the quotation marks of the row do not fit", MEND_FILE),
    "table.missing": told("无法打开文件", "the file cannot be opened", MEND_FILE),
    "table.kind": told("不支持的文件类型", "files of this kind are not read", MEND_FILE),
    "table.size": told("文件过大", "the file is too large", MEND_FILE),
    "table.changed": told("读取期间文件被改动", "the file was changed while it was read", MEND_FILE),
    "table.encoding": told("文件既不是 UTF-8 也不是 GB18030", "the file is neither UTF-8 nor GB18030", MEND_FILE),
    "table.form": told("文件内容不是可读取的表格", "the file holds no table that can be read", MEND_FILE),
    "table.header": told("表头与导入方案不符", "the header does not fit the profile", MEND_FILE),
    "table.quote": told("引号没有配对，后面的行无法读取", "a quotation mark is never closed", MEND_FILE),
    "table.cell_too_long": told("单元格过长", "a cell is too long", MEND_FILE),
    "table.line_too_long": told("某行过长", "a line is too long", MEND_FILE),
    "source.missing": told("未说明是哪个地区的记录", "nothing says whose record this is", MEND_FILE),
    "source.form": told("来源不是任何一个地区", "the source names no jurisdiction", MEND_FILE),
    "profile.unknown": told("没有这个导入方案", "there is no such profile", MEND_FILE),
    "profile.no_match": told("列名不能确定导入方案", "the columns do not say which profile fits", MEND_FILE),
    "profile.no_table": told("该导入方案没有表格模板", "there is no table to fill in for this profile", MEND_FILE),
    "template.exists": told("文件已存在，未作改动", "the file exists and is left as it is", OWN_IT),
    "report.io": told("无法写入该文件", "the file cannot be written", OWN_IT),
    "scratch.io": told("无法写入临时文件", "the temporary file cannot be written", OWN_IT),
    "profile.form": told("导入方案文件有误", "the profile's file is wrong", OWN_IT),
}
