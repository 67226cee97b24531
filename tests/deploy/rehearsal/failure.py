"""What ends the rehearsal early."""


class StepFailed(Exception):
    """A step could not be done; the text says which and why."""
