"""Beijing–Tianjin–Hebei data-exchange gateway (京津冀数据交换网关).

A room per question: ``records`` WHAT is said, ``trust`` WHO said it, ``ledger`` THAT and WHEN, ``bus`` HOW it travels,
``recognition`` WHETHER it counts here, ``node`` DOING it, ``web`` and ``cli`` SHOWING it. Imports run down only.
"""

__version__ = "0.1.0"
