# How lit finds and runs the tests of nnc. docs/Testing.md says how to use it.

import os
import platform
import re
import shutil
import subprocess
import sys

import lit.formats
import lit.util

config.name = "nnc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".nn"]
config.excludes = ["Inputs", "Oracles", "Unit", "CMakeLists.txt"]
config.test_source_root = os.path.join(config.nnc_source_dir, "test")
config.test_exec_root = config.nnc_test_dir

bin_dir = os.path.join(config.nnc_binary_dir, "bin")
config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.llvm_tools_dir, config.environment["PATH"]]
)
# A program that an earlier build of nnc compiled must not answer for this one.
config.environment["NNC_CACHE"] = "off"
config.environment["NO_COLOR"] = "1"
for name in ("NNC_THREADS", "OMP_NUM_THREADS", "XDG_CACHE_HOME"):
    config.environment.pop(name, None)

# One test may take a minute; a hang is a failure and not the end of the run.
if (
    lit.util.killProcessAndChildrenIsSupported()[0]
    and not lit_config.maxIndividualTestTime
):
    lit_config.maxIndividualTestTime = 300


def tool(name, *arguments):
    """Runs the build's own `name`, written bare or as %name, with arguments."""
    command = " ".join([os.path.join(bin_dir, name), *arguments])
    pattern = r"(?<![-\w./%])%?" + re.escape(name) + r"(?![-\w./=])"
    config.substitutions.append((pattern, command.replace("\\", r"\\")))


# lit --param verify-roundtrip=1: every IR that nnc-opt reads or makes must
# survive printing and parsing, as text and as bytecode.
roundtrip = lit_config.params.get("verify-roundtrip", "0") not in ("0", "")
tool("nnc-opt", *(["--verify-roundtrip"] if roundtrip else []))
config.substitutions.append((r"%nnc(?![-\w])", os.path.join(bin_dir, "nnc")))
config.substitutions += [
    ("%examples", os.path.join(config.nnc_source_dir, "examples")),
    ("%source", config.nnc_source_dir),
    ("%binary", config.nnc_binary_dir),
    ("%cmake", config.nnc_cmake),
    ("%mlir_include", os.path.join(config.llvm_tools_dir, "..", "include")),
    ("%cxx", config.nnc_cxx),
    ("%python", sys.executable),
    # A processor that programs of this machine cannot be for.
    (
        "%other_cpu",
        "x86-64-v3" if platform.machine() == "aarch64" else "neoverse-v1",
    ),
]

# One feature for each data set of NNC_DATA_DIR: `REQUIRES: mnist`.
data_dir = os.environ.get("NNC_DATA_DIR", config.nnc_data_dir)
if data_dir and os.path.isdir(data_dir):
    data_dir = os.path.abspath(data_dir)
    config.environment["NNC_DATA_DIR"] = data_dir
    config.substitutions.append(("%data", data_dir))
    for entry in sorted(os.listdir(data_dir)):
        if os.path.isdir(os.path.join(data_dir, entry)):
            config.available_features.add(entry)
else:
    lit_config.note(
        "NNC_DATA_DIR is not set: tests on larger data sets are unsupported"
    )

# Programs for which other processors run here too: `avx2`, `avx512`.
with open("/proc/cpuinfo", encoding="utf-8") as file:
    processor = set(file.read().split())
for feature, flags in (
    ("avx2", {"avx2", "fma"}),
    ("avx512", {"avx512f", "avx512bw", "avx512dq", "avx512vl"}),
):
    if flags <= processor:
        config.available_features.add(feature)
if config.nnc_sanitize:
    config.available_features.add("sanitize")
for program in ("shellcheck", "gcc", "readelf"):
    if shutil.which(program, path=config.environment["PATH"]):
        config.available_features.add(program)
# Whether folders can be hidden from a program.
hides = ["unshare", "--map-root-user", "--mount", "true"]
if shutil.which("unshare") and subprocess.run(hides, check=False).returncode == 0:
    config.available_features.add("unshare")
