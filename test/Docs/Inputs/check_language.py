#!/usr/bin/env python3
"""Compiles the nnc examples of a Markdown document.

    check_language.py DOCUMENT --work DIR

Each fenced block marked `nn` is a file of its own in the folder --work. Each of
its models must build (`nnc show`, which builds every fn), and so must its
training (`nnc train --dry-run`) unless it reads IDX files. A block marked `nn
unsupported` must end with status 4 instead.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys


def run(command):
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("document")
    parser.add_argument("--work", required=True)
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    os.makedirs(arguments.work)
    with open(arguments.document, encoding="utf-8") as file:
        text = file.read()
    blocks, wrong = 0, 0
    for match in re.finditer(r"^```nn( unsupported)?\n(.*?)^```$", text, re.M | re.S):
        line = text.count("\n", 0, match.start()) + 2
        blocks += 1
        path = os.path.join(arguments.work, f"block{line}.nn")
        with open(path, "w", encoding="utf-8") as file:
            # The lines of the messages are those of the document.
            file.write("\n" * (line - 1) + match[2])
        expected = 4 if match[1] else 0
        commands = [
            ["nnc", "show", path, "--model", model]
            for model in re.findall(r"^model (\w+)", match[2], re.M)
        ]
        # Data that are not at hand are not looked for.
        if re.search(r"^train ", match[2], re.M) and "idx(" not in match[2]:
            commands.append(["nnc", "train", path, "--dry-run"])
        for command in commands:
            status, output = run(command)
            if status != expected:
                wrong += 1
                print(f"{arguments.document}: {command[1]} ends with {status}")
                print(output)
    print(f"{arguments.document}: {blocks} examples, {wrong} errors")
    return 1 if wrong or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
