"""What the counter answers, situation by situation: a table to be read by a lawyer, and the test of
``gateway.recognition``.
"""

from __future__ import annotations

from tests.recognition.situations_found import FOUND, IN_ORDER
from tests.recognition.situations_law import LAW
from tests.recognition.situations_proof import PROOF
from tests.recognition.situations_terms import AGREEMENT, CREDIT
from tests.recognition.situations_transfer import TRANSFER

SITUATIONS = (*IN_ORDER, *FOUND, *PROOF, *LAW, *TRANSFER, *AGREEMENT, *CREDIT)
