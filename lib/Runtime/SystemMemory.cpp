//===- SystemMemory.cpp - How much memory there is to take ----------------===//

#include "nnc/Runtime/SystemMemory.h"
#include "nnc/Support/ByteSize.h"
#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

using namespace nnc;

/// The content of a small file, or nothing.
static std::optional<std::string> readText(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The number behind \p key at the begin of a line of \p text.
static std::optional<int64_t> numberOf(const std::string &text,
                                       const std::string &key) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key))
      continue;
    size_t at = line.find_first_of("0123456789", key.size());
    int64_t number = 0;
    if (at != std::string::npos &&
        std::from_chars(line.data() + at, line.data() + line.size(), number)
                .ec == std::errc())
      return number;
  }
  return std::nullopt;
}

/// What the control group in \p folder leaves: its bound less what is in use
/// and cannot be given back at once. "max" and the like are no bound.
static std::optional<int64_t> leftIn(const std::string &folder,
                                     const char *bound, const char *usage,
                                     const char *cache) {
  std::optional<std::string> most = readText(folder + bound);
  std::optional<std::string> used = readText(folder + usage);
  if (!most || !used)
    return std::nullopt;
  std::optional<int64_t> mostBytes = numberOf(*most, "");
  std::optional<int64_t> usedBytes = numberOf(*used, "");
  if (!mostBytes || !usedBytes)
    return std::nullopt;
  int64_t cached = 0;
  if (std::optional<std::string> stat = readText(folder + "/memory.stat"))
    cached = numberOf(*stat, cache).value_or(0);
  return std::max<int64_t>(0, *mostBytes - *usedBytes + cached);
}

std::optional<int64_t> nnc::availableMemory(const std::string &root) {
  std::optional<int64_t> least;
  auto take = [&](std::optional<int64_t> bytes) {
    if (bytes && (!least || *bytes < *least))
      least = bytes;
  };
  if (std::optional<std::string> text = readText(root + "/proc/meminfo"))
    if (std::optional<int64_t> kilobytes = numberOf(*text, "MemAvailable:"))
      take((*kilobytes + numberOf(*text, "SwapFree:").value_or(0)) * 1024);
  std::optional<std::string> groups = readText(root + "/proc/self/cgroup");
  std::istringstream lines(groups.value_or(""));
  for (std::string line; std::getline(lines, line);) {
    // "0::/path" of the second version, "4:memory:/path" of the first.
    bool isFirst = line.find(":memory:") != std::string::npos;
    if (!isFirst && !line.starts_with("0::"))
      continue;
    std::string path = line.substr(line.rfind(':') + 1);
    std::string base =
        root + (isFirst ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup");
    // Each group up to the root bounds those in it.
    while (true) {
      if (path == "/")
        path.clear();
      take(isFirst ? leftIn(base + path, "/memory.limit_in_bytes",
                            "/memory.usage_in_bytes", "total_inactive_file")
                   : leftIn(base + path, "/memory.max", "/memory.current",
                            "inactive_file"));
      if (path.empty())
        break;
      path.resize(std::min(path.size(), path.rfind('/')));
    }
  }
  return least;
}

Expected<void> nnc::checkMemory(int64_t bytes, const std::string &purpose) {
  // What little there is needs no look at the system.
  constexpr int64_t little = 64 << 20;
  if (bytes < little)
    return {};
  std::optional<int64_t> available = availableMemory();
  if (available && bytes > *available)
    return fail(ErrorCode::memoryMissing, purpose, byteSizeText(bytes),
                byteSizeText(*available));
  return {};
}
