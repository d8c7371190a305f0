"""The rows of the node itself: requests, settings, ledger, bus, and the commands (DESIGN §6, §9, §10).

>>> OF_SERVICE["query.missing"].do_en
'Correct the request and try again'
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.reasons.told import (
    BUS_CERTIFICATE,
    BUS_LOGIN,
    BUS_RIGHTS,
    BUS_TLS,
    CALLER,
    MEND_FILE,
    OWN_IT,
    PAGE_AGAIN,
    SEND_AGAIN,
    WAIT,
    Reason,
    told,
)

OF_SERVICE: Mapping[str, Reason] = {
    # a person's decision about a frozen log
    "unfreeze.ground": told("解除冻结须说明依据", "a decision needs a ground", CALLER),
    "unfreeze.own": told("本节点自己的日志请用 recover", "an own log is put right with `recover`", OWN_IT),
    "unfreeze.not_ended": told(
        "名册尚未终止该日志，不能解除冻结", "the roster has not ended the log: it stays frozen", OWN_IT
    ),
    "successor.no_log": told("本节点没有该类别的在用日志", "this node has no open log of that family", CALLER),
    "successor.not_sealed": told("没有该条数的封存检查点", "no sealed checkpoint has this size", CALLER),
    "successor.root": told("根的格式不正确", "the root is not of its form", CALLER),
    "unfreeze.not_frozen": told("该日志并未冻结", "the log is not frozen", CALLER),
    # requests
    "access.token": told("缺少或错误的访问令牌", "the bearer token is missing or wrong", CALLER),
    "access.origin": told("不接受来自其他网页的请求", "requests from other sites' pages are not taken", CALLER),
    "access.host": told("请求的主机名不是本节点", "the request names another host", CALLER),
    "body.empty": told("请求内容为空", "the body is empty", CALLER),
    "body.encoding": told("不接受压缩的请求内容", "a body with an encoding is not taken", CALLER),
    "body.json": told("请求内容不是合法的 JSON", "the body is not JSON", CALLER),
    "body.slow": told("请求内容未在规定时间内到达", "the body did not arrive in time", CALLER),
    "body.too_large": told("请求内容过大，请分批提交", "the body is too large: send it in parts", CALLER),
    "body.too_many": told(
        "一次请求的条数过多，请分批提交", "too many values in one request: send them in parts", CALLER
    ),
    "query.form": told("查询参数格式不正确", "a query parameter is not of its form", CALLER),
    "query.missing": told("缺少查询参数", "a query parameter is missing", CALLER),
    "question.form": told("核验请求格式不正确", "not the form of a verification", CALLER),
    "page.form": told("页面已过期，或提交的内容不完整", "the page has expired, or what came is not whole", PAGE_AGAIN),
    "events.full": told("接收变更通知的连接已满", "as many listen for changes as this node serves", WAIT),
    "not_found.record": told("本节点没有该记录", "this node holds no such record", CALLER),
    "not_found.subject": told("本节点没有该主题", "this node holds no such subject", CALLER),
    "not_found.log": told("本节点没有该日志", "this node holds no such log", CALLER),
    "not_found.file": told("本节点没有该文件", "this node holds no such file", CALLER),
    "request.form": told("请求格式不正确", "what came is no HTTP request", CALLER),
    "route.refused": told("请求不被接受", "the request is not taken", CALLER),
    "route.method": told("该地址不支持这种方法", "this address does not take that method", CALLER),
    "route.unknown": told("没有这个地址", "there is no such address", CALLER),
    "internal": told("本节点出现内部错误", "an error inside this node", WAIT),
    # node and settings
    "config.form": told("配置文件有误", "the configuration is wrong", OWN_IT),
    "config.missing": told("找不到配置文件", "the configuration cannot be read", OWN_IT),
    "init.exists": told("该文件夹已是节点文件夹", "this folder is a node's already", OWN_IT),
    "node.starting": told("节点正在启动", "the node is starting", WAIT),
    "node.running": told("该文件夹已有节点在运行", "a node is running in this folder already", OWN_IT),
    "node.not_ready": told("节点尚未就绪", "the node is not ready", WAIT),
    "node.unreachable": told("无法连接节点", "the node cannot be reached", WAIT),
    "node.refused": told("节点拒绝了请求", "the node refused the request", OWN_IT),
    "http.bind": told("无法监听该地址或端口", "the address or port cannot be listened on", OWN_IT),
    "http.token": told("访问令牌的设置有误", "the bearer token's setting is wrong", OWN_IT),
    # acknowledgement
    "publish.unacknowledged": told(
        "已在本节点落盘，总线尚未确认，暂无回执；未丢失，也不会重复",
        "durable here, not yet at the bus, so there is no receipt yet; nothing is lost, nothing will count twice",
        SEND_AGAIN,
    ),
    "publish.bus_away": told(
        "总线不可用，本节点暂不受理新的记录", "the bus is away: nothing new is taken until it is back", SEND_AGAIN
    ),
    "publish.bus_unread": told(
        "尚未能读取总线上本节点的主题，暂不封存",
        "this node's own topics can't be read yet: nothing is sealed before",
        WAIT,
    ),
    # ledger
    "ledger.io": told(
        "账本读写失败，未作任何确认", "the ledger cannot be read or written: nothing was acknowledged", OWN_IT
    ),
    "ledger.version": told("账本版本与程序不符", "the ledger is of another version", OWN_IT),
    "ledger.doubt": told("账本状态存疑，已停止封存", "the ledger is in doubt: nothing is sealed", OWN_IT),
    "ledger.behind": told("账本落后于本节点已签署的内容", "the ledger is behind what this node has signed", OWN_IT),
    "ledger.other": told("账本与本节点已签署的内容不同", "the ledger is other than what this node has signed", OWN_IT),
    "ledger.damaged": told("账本中的数据已损坏", "what the ledger holds is damaged", OWN_IT),
    "highwater.missing": told("缺少高水位文件", "the high-water file is missing", OWN_IT),
    "highwater.damaged": told("高水位文件已损坏", "the high-water file is damaged", OWN_IT),
    "recover.incomplete": told("未能取回全部已签署的条目", "not all that was signed could be fetched", OWN_IT),
    "recover.unasked": told("有对方节点未能询问", "a partner could not be asked", OWN_IT),
    # commands
    "file.busy": told("此文件正在由另一进程发布", "another run publishes this file", WAIT),
    "restate.too_many": told("一次重申的行数过多", "too many rows to restate at once", MEND_FILE),
    "watch.folder": told("无法使用投递目录", "the drop folder cannot be used", OWN_IT),
    "watch.running": told("投递目录已有另一进程在监视", "another process watches this drop folder", OWN_IT),
    "output.io": told("无法写入输出", "the output cannot be written", OWN_IT),
    "follow.running": told("已有程序在向该文件夹写入", "another process follows into this folder", OWN_IT),
    "follow.state": told(
        "文件夹内的进度与文件不符，请改用新的文件夹", "the folder's state is not that of its files", OWN_IT
    ),
    "slip.other": told("二维码与电子回执不是同一次核验", "the code is not of this slip", OWN_IT),
    "slip.missing": told("无法打开核验单", "the slip cannot be opened", OWN_IT),
    "demo.place": told("演示中没有该地区", "the demo has no such jurisdiction", OWN_IT),
    "demo.stuck": told("演示没有在规定时间内完成", "the demo did not come to an end in time", OWN_IT),
    "bench.node": told("测试节点没有按时就绪", "the measured node did not get ready in time", OWN_IT),
    "bench.refused": told("测试节点拒绝了记录", "the measured node refused records", OWN_IT),
    "bench.audit": told("测试数据的审计有发现", "the measured records do not audit clean", OWN_IT),
    "bench.verdict": told("测试的核验结果不符合预期", "the measured verdict is not the one expected", OWN_IT),
    # the project's own broker
    "broker.java": told("没有可用的 Java 17", "Java 17 or newer is missing", OWN_IT),
    "broker.jars": told("无法取得 Kafka 程序包", "Kafka's jars could not be had", OWN_IT),
    "broker.failed": told("Kafka 未能启动", "Kafka did not start", OWN_IT),
    # users, topics and rights of a cluster
    "access.file": told("集群权限清单或口令文件有误", "the list of a cluster's users is wrong", OWN_IT),
    "access.not_taken": told("集群没有采用刚作的设置", "the cluster did not take what was set", WAIT),
    # bus
    "bus.unavailable": told("消息总线不可用，恢复后自动继续", "the bus is away; it goes on by itself on return", WAIT),
    "bus.denied": told("总线服务器的访问控制列表不允许本节点这样做", "the broker's access list says no", BUS_RIGHTS),
    "bus.login": told("总线服务器不接受该用户名和口令", "the broker does not take this user and password", BUS_LOGIN),
    "bus.certificate": told("总线的证书未被接受", "a certificate of the bus is not taken", BUS_CERTIFICATE),
    "bus.tls": told("总线的一方使用 TLS，另一方没有", "one side speaks TLS and the other does not", BUS_TLS),
    "bus.topic_settings": told("主题的设置会丢失记录", "a topic's settings would lose records", OWN_IT),
    "bus.fenced": told("另一进程已接管本节点的发布", "another process has taken over publishing", OWN_IT),
    "bus.closed": told("消息总线已关闭", "the bus was closed", WAIT),
    "bus.position_lost": told("总线已不保留该位置，改由日志文件补取", "the bus no longer keeps this position", WAIT),
    "bus.topic": told("主题名称不正确", "no name of a topic", OWN_IT),
}
