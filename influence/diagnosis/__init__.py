"""Which samples are glitches, of which kind, and what label they should have."""

from influence.diagnosis.alone import diagnose_alone
from influence.diagnosis.base import Diagnosis
from influence.diagnosis.diagnose import diagnose

__all__ = ["Diagnosis", "diagnose", "diagnose_alone"]
