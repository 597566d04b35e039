"""The text form of a glitch in a spec: ``name``, ``name(option=value, ...)``, or a mixture
``name:share+name:share``."""
