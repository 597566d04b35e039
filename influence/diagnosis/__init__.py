"""Which samples are glitches, of which kind, and what label they should have."""

from influence.diagnosis.base import Diagnosis
from influence.diagnosis.diagnose import diagnose
from influence.diagnosis.without_reference import diagnose_alone

__all__ = ["Diagnosis", "diagnose", "diagnose_alone"]
