#!/usr/bin/env python3
"""Checks a Markdown document: its commands and the sources that it shows.

    check_document.py DOCUMENT --source DIR --work DIR

A fenced block marked `console` is a session: lines that begin with "$ " are
commands, which go on in lines that begin with "> "; the lines up to the next
command are what it prints, on either stream. All sessions of a document share the folder
--work, in which `examples`, `data` and `benchmark` lead to those of the source. Numbers may
differ, and so may the width of a column; a line `...` stands for any lines. A
command must end with status 0, unless `# exit N` follows it on its line.

A fenced block with `file=PATH` behind its language shows a part of that file of
the source tree: its lines must stand there, one after the other, whatever their
indentation; a line `...` skips lines. Other blocks are not looked at.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys

NUMBER = re.compile(r"[-+]?\d[\d,.]*(e[-+]?\d+)?")


def sessions(text):
    """[(line number, command, expected lines)] of the console blocks."""
    found, inside = [], False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() == "```console":
            inside = True
        elif line.strip() == "```":
            inside = False
        elif inside and line.startswith("$ "):
            found.append([number, line[2:], []])
        elif inside and found and line.startswith("> ") and not found[-1][2]:
            found[-1][1] += "\n" + line[2:]
        elif inside and found:
            found[-1][2].append(line)
    return found


def excerpts(text):
    """[(line number, path, lines)] of the blocks that show a file."""
    pattern = r"^```\w+ file=(\S+)\n(.*?)^```$"
    return [
        (text.count("\n", 0, match.start()) + 1, match[1], match[2].splitlines())
        for match in re.finditer(pattern, text, re.MULTILINE | re.DOTALL)
    ]


def shows(document, number, path, lines, source):
    """Prints what an excerpt has that its file lacks; whether it is right."""
    try:
        with open(os.path.join(source, path), encoding="utf-8") as file:
            actual = [line.strip() for line in file]
    except OSError as error:
        print(f"{document}:{number}: error: {path}: {error.strerror}")
        return False
    at = 0
    for part in re.split(r"^\s*\.\.\.$", "\n".join(lines), flags=re.MULTILINE):
        wanted = [line.strip() for line in part.strip("\n").splitlines()]
        places = range(at, len(actual) - len(wanted) + 1)
        at = next((i for i in places if actual[i : i + len(wanted)] == wanted), -1)
        if at < 0:
            print(f"{document}:{number}: error: {path} has no such lines:")
            print("\n".join(part.strip("\n").splitlines()))
            return False
        at += len(wanted)
    return True


def masked(line):
    """The line without what may differ from run to run."""
    return re.sub(r"\s+", " ", NUMBER.sub("#", line)).strip()


def matches(expected, actual):
    """Whether the lines agree, where `...` is any number of lines."""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    return (
        bool(actual) and expected[0] == actual[0] and matches(expected[1:], actual[1:])
    )


def run(document, number, command, expected, work):
    """Prints what is wrong with one command; whether it was right."""
    status = 0
    with_status = re.fullmatch(r"(.*?)\s+# exit (\d+)", command, re.DOTALL)
    if with_status:
        command, status = with_status[1], int(with_status[2])
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=work,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    actual = [masked(line) for line in done.stdout.splitlines()]
    wanted = [masked(line) for line in expected]
    if done.returncode == status and matches(wanted, actual):
        return True
    print(f"{document}:{number}: error: $ {command}")
    print(f"  exit status {done.returncode}, expected {status}")
    print(
        *difflib.unified_diff(
            expected, done.stdout.splitlines(), "document", "printed", lineterm=""
        ),
        sep="\n",
    )
    return False


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("document")
    parser.add_argument("--source", required=True)
    parser.add_argument("--work", required=True)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    os.makedirs(arguments.work)
    for folder in ("examples", "data", "benchmark"):
        os.symlink(
            os.path.join(arguments.source, folder),
            os.path.join(arguments.work, folder),
        )
    with open(arguments.document, encoding="utf-8") as file:
        text = file.read()
    commands, shown = sessions(text), excerpts(text)
    # Every command runs, so that one failure does not hide the next.
    results = [
        run(arguments.document, number, command, expected, arguments.work)
        for number, command, expected in commands
    ]
    results += [
        shows(arguments.document, number, path, lines, arguments.source)
        for number, path, lines in shown
    ]
    print(f"{arguments.document}: {sum(results)} of {len(results)} blocks are right")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
