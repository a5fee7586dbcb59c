"""Text from outside, such as the name of a file, in a form that does no harm to a terminal."""


def printable(text: str | bytes) -> str:
    """The text, with an escape for each line end, control character, mark of direction and byte that is no text."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
