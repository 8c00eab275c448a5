"""Why a run ends without a package; README.md of models/training says what to do about each."""


class Refused(Exception):
    """`reason` is one of the names below; `message` is for people."""

    def __init__(self, reason: str, message: str):
        super().__init__(f"{reason}: {message}")
        self.reason, self.message = reason, message


MANIFEST_INVALID = "ManifestInvalid"
DATA_MISSING = "DataMissing"
DATA_CHANGED = "DataChanged"
DATA_QUALITY = "DataQuality"
TOO_FEW_LABELS = "TooFewLabels"
POISONED = "Poisoned"
GOLDEN_MISSING = "GoldenMissing"
GOLDEN_CHANGED = "GoldenChanged"
BASELINE_MISSING = "BaselineMissing"
FAMILY_UNKNOWN = "FamilyUnknown"
VERSION_TAKEN = "VersionTaken"
CANARY_MISSED = "CanaryMissed"
RECALL_FELL = "RecallFell"
FALSE_POSITIVES_ROSE = "FalsePositivesRose"

ALL = (MANIFEST_INVALID, DATA_MISSING, DATA_CHANGED, DATA_QUALITY, TOO_FEW_LABELS, POISONED, GOLDEN_MISSING, GOLDEN_CHANGED, BASELINE_MISSING,
       FAMILY_UNKNOWN, VERSION_TAKEN, CANARY_MISSED, RECALL_FELL, FALSE_POSITIVES_ROSE)
