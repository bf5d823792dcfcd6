"""What ends the embedded stack: said in one line, without a stack trace."""


class StackError(Exception):
    """The stack cannot start or go on; the text says why and what to do."""
