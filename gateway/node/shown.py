"""How much of the own ledger may anybody be told of? What the own logs show, on a connection that sees no more.

A leaf is committed before its high-water mark is synced and, under ``replicated`` acknowledgement, before the bus has
taken it. Until then its record, its search terms and what it erases are nobody's business (DESIGN §6). So whoever
answers questions reads the own ledger here: temporary views stand before the tables of the index and end at the
``shown`` size of each log. The files of a log end there too (``web.served``).

>>> shown = Shown(ledger)
>>> shown.reach(log.number, 812)
>>> subjects.by_subject(shown.connection, subject)
"""

from __future__ import annotations

from gateway.ledger import logbook
from gateway.ledger.database import Database, faults_named
from gateway.ledger.logbook import INDEX_BITS, key_of


def _below(key: str) -> str:
    # A bare "log" in the key would be shown's own.
    return f"{key} < (SELECT top FROM shown WHERE log = {key} >> {INDEX_BITS})"


VIEWS = f"""
PRAGMA temp_store = MEMORY;
CREATE TEMP TABLE shown (log INTEGER PRIMARY KEY, top INTEGER NOT NULL);
CREATE TEMP VIEW records AS SELECT key, subject, type, state, since, time, logged, known, retracts,
  (erased AND {_below("erased")}) AS erased FROM main.records WHERE {_below("key")};
CREATE TEMP VIEW quarantine AS SELECT key, subject, id, reason, field, message, known,
  (erased AND {_below("erased")}) AS erased FROM main.quarantine WHERE {_below("key")};
CREATE TEMP VIEW terms AS SELECT kind, term, subject, first FROM main.terms WHERE {_below("first")};
CREATE TEMP VIEW ids AS SELECT log, id, first FROM main.ids i WHERE {_below(f"(i.log << {INDEX_BITS} | first)")};
CREATE TEMP VIEW subjects AS SELECT number, family, source, subject FROM main.subjects s
  WHERE EXISTS (SELECT 1 FROM main.records r WHERE r.subject = s.number AND {_below("r.key")});
"""


class Shown:
    """The own ledger as far as it is shown; the event loop's. A log of which nothing was said is shown whole: it was
    this node's once, and has ended.
    """

    def __init__(self, ledger: Database) -> None:
        self.connection = ledger.reader()
        with faults_named(ledger.path, "; the node does not start"):
            self.connection.executescript(VIEWS)
            for log in logbook.all_logs(self.connection):
                self.reach(log.number, log.size)

    def reach(self, number: int, size: int) -> None:
        """From now on the log of this number shows its first ``size`` leaves."""
        self.connection.execute("INSERT OR REPLACE INTO shown (log, top) VALUES (?, ?)", (number, key_of(number, size)))

    def close(self) -> None:
        """Give the connection back."""
        self.connection.close()
