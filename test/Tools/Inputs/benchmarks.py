#!/usr/bin/env python3
"""Compiles each model of benchmark/ for a batch of 2.

    benchmarks.py NNC BENCHMARKS

Each must have as many trained parameters as the network that it is compared
with, and none may be missing.
"""

import os
import re
import subprocess
import sys

PARAMETERS = {
    "autoencoder_train": 435536,
    "cnn_infer": 137660,
    "cnn_train": 137660,
    "go_policy_infer": 3882433,
    "gru_train": 61962,
    "lstm_infer": 82186,
    "lstm_train": 82186,
    "mlp_deep_train": 2401510,
    "mlp_infer": 648010,
    "mlp_train": 648010,
    "mlp_train_sgd": 648010,
    "resnet18_infer": 11689512,
    "resnet18_train": 11173962,
    "reuters_train": 536110,
    "sgemm_1024x1024x1024": 0,
    "sgemm_128x784x500": 0,
    "sgemm_2048x2048x2048": 0,
    "sgemm_500x128x784": 0,
    "sgemm_512x512x512": 0,
    "transformer_infer": 3161610,
    "transformer_train": 3161610,
}


def run(*command):
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def main():
    nnc, folder = sys.argv[1:]
    names = sorted(name[:-3] for name in os.listdir(folder) if name.endswith(".nn"))
    if names != sorted(PARAMETERS):
        sys.exit(f"the models are {names}")
    for name in names:
        path = os.path.join(folder, name + ".nn")
        shown = re.search(r"^parameters +([\d,]+)$", run(nnc, "show", path), re.M)
        if not shown or int(shown[1].replace(",", "")) != PARAMETERS[name]:
            sys.exit(f"{name}: {shown and shown[0]}, not {PARAMETERS[name]}")
        options = ["--batch-size", "2", "--stop-after", "kernels"]
        if name.endswith("_train") or name.endswith("_sgd"):
            options.append("--train")
        kernels = run(nnc, "bench", path, *options)
        if "func.func" not in kernels:
            sys.exit(f"{name}: no kernels")


if __name__ == "__main__":
    main()
