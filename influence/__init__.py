"""TracIn influence of the last layer: traces, estimators, profiles and signals."""
