//===- Simple.cpp - Verbs without a model ---------------------------------===//
//
// help, version, doctor, cache, and those that are not built.
//
//===----------------------------------------------------------------------===//

#include "Context.h"
#include "nnc/Runtime/Team.h"
#include <ctime>
#include <filesystem>
#include <fstream>

using namespace nnc;
using namespace nnc::tool;

static int notBuilt(Context &context) {
  return context.fail(
      makeError(ErrorCode::unsupported, "nnc " + context.args.verb));
}
int nnc::tool::run_convert(Context &context) { return notBuilt(context); }
int nnc::tool::run_diff(Context &context) { return notBuilt(context); }

int nnc::tool::run_help(Context &context) {
  if (context.args.operands.empty()) {
    context.print(helpText());
    return 0;
  }
  Expected<std::string> text = helpText(context.args.operands[0]);
  if (!text)
    return context.fail(text.error());
  context.print(*text);
  return 0;
}

/// What the compiling half says of itself, or why it cannot.
static std::string compilerText() {
  Expected<Compiler *> compiler = openCompiler();
  return compiler ? (*compiler)->buildId() : compiler.error().message;
}

int nnc::tool::run_version(Context &context) {
  if (context.isJson())
    context.print({{"nnc", NNC_VERSION},
                   {"abi", NNC_RT_ABI_VERSION},
                   {"model_format", modelFormat},
                   {"compiler", compilerText()}});
  else
    context.print(
        fmt::format("nnc {}\ncompiler: {}\n", NNC_VERSION, compilerText()));
  return 0;
}

//===----------------------------------------------------------------------===//
// doctor
//===----------------------------------------------------------------------===//

static std::string processorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      return line.substr(line.find(':') + 2);
  return "unknown";
}

/// The widest vectors of the host, in bits.
static int vectorBits() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return 512;
  return __builtin_cpu_supports("avx2") ? 256 : 128;
#else
  return 128;
#endif
}

int nnc::tool::run_doctor(Context &context) {
  Expected<Compiler *> compiler = openCompiler();
  Expected<ProgramProvider> programs = context.programs();
  std::string cache = ProgramCache::defaultFolder();
  if (const char *variable = std::getenv("NNC_CACHE"); variable && *variable)
    cache = variable;
  cache = context.args.value("cache").value_or(cache);
  std::vector<std::pair<std::string, nlohmann::ordered_json>> lines = {
      {"nnc", NNC_VERSION},
      {"compiler", compiler ? (*compiler)->buildId()
                            : "absent: " + compiler.error().message},
      {"processor", processorName()},
      {"vector_bits", vectorBits()},
      {"threads", availableThreads()},
      {"cache", programs ? cache : "unusable: " + programs.error().message},
  };
  // Programs that a user may want beside nnc.
  for (const char *program : {"gcc", "python3"}) {
    bool found = false;
    std::istringstream path(std::getenv("PATH") ? std::getenv("PATH") : "");
    for (std::string folder; std::getline(path, folder, ':');)
      found |= std::filesystem::exists(folder + "/" + program);
    lines.emplace_back(program, found ? "present" : "absent");
  }
  if (context.isJson()) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (const auto &[name, value] : lines)
      object[name] = value;
    context.print(object);
  } else {
    for (const auto &[name, value] : lines)
      context.print(fmt::format("{:<12} {}\n", name,
                                value.is_string() ? value.get<std::string>()
                                                  : value.dump()));
  }
  // Without the compiler only cached programs run.
  return compiler ? 0 : static_cast<int>(exitStatusOf(compiler.error().code));
}

//===----------------------------------------------------------------------===//
// cache
//===----------------------------------------------------------------------===//

static std::string timeText(int64_t seconds) {
  std::time_t time = seconds;
  std::tm parts = {};
  localtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &parts);
  return text;
}

int nnc::tool::run_cache(Context &context) {
  const std::string &what = context.args.operands[0];
  if (what != "ls" && what != "clear")
    return context.fail(
        makeError(ErrorCode::badOptionValue, "nnc cache", "ls or clear", what));
  const char *variable = std::getenv("NNC_CACHE");
  std::string folder = context.args.value("cache").value_or(
      variable && *variable ? variable : ProgramCache::defaultFolder());
  if (folder.empty() || folder == "off") {
    context.say("the cache is off");
    return 0;
  }
  Expected<ProgramCache> cache = ProgramCache::open(folder);
  if (!cache)
    return context.fail(cache.error());
  if (what == "clear") {
    context.say(fmt::format("removed {} programs from {}", cache->clear(),
                            cache->folder()));
    return 0;
  }
  int64_t total = 0;
  for (const ProgramCache::Entry &entry : cache->entries()) {
    total += entry.bytes;
    if (context.isJson())
      context.print({{"key", entry.key},
                     {"model", entry.model},
                     {"bytes", entry.bytes},
                     {"last_used", entry.lastUsed}});
    else
      context.print(
          fmt::format("{}  {:>10}  {}  {}\n", entry.key, entry.bytes,
                      timeText(entry.lastUsed),
                      entry.model.empty() ? "(damaged)" : entry.model));
  }
  context.say(fmt::format("{} bytes in {}", total, cache->folder()));
  return 0;
}
