"""Folders of files: made, named, and compared before and after a command."""

from typer.testing import CliRunner

from augstream.commands.cli import app


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def names(source):
    return [source.name(index) for index in range(len(source))]


def call(*words):
    """The exit code and all that is printed, on one line, as the terminal may break it anywhere."""
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200", "TERM": "dumb"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def listing(folder):
    """Everything below a folder: names, contents, times of change."""
    return {path: (path.is_file() and path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*")}
