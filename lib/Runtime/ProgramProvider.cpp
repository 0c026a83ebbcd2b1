//===- ProgramProvider.cpp - From the cache or from the compiler ----------===//

#include "CompilerLoader.h"
#include "nnc/Runtime/ProgramCache.h"
#include "nnc/Runtime/SystemMemory.h"
#include "nnc/Support/TileRegisters.h"
#include <algorithm>
#include <chrono>
#include <sys/stat.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

using namespace nnc;

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

std::string nnc::hostDescription() {
  std::string text;
#if defined(__x86_64__)
  auto leaf = [&](unsigned number, unsigned sub) {
    unsigned a = 0, b = 0, c = 0, d = 0;
    __get_cpuid_count(number, sub, &a, &b, &c, &d);
    // Leaf 1 holds the number of the processor it runs on in b.
    text += fmt::format("{:x}.{:x}.{:x}.{:x}.{:x}.{:x};", number, sub, a,
                        number == 1 ? 0 : b, c, d);
    return c;
  };
  leaf(0, 0);
  // Bit 27 of c: the system saves wide registers; xgetbv says which.
  if (leaf(1, 0) & (1u << 27)) {
    unsigned low, high;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    text += fmt::format("xcr.{:x}.{:x};", low, high);
  }
  leaf(7, 0);
  leaf(7, 1);
  for (unsigned number : {0x80000001u, 0x80000002u, 0x80000003u, 0x80000004u})
    leaf(number, 0);
  text += requestTileRegisters() ? "tiles;" : "";
#elif defined(__aarch64__)
  text = fmt::format("{:x}.{:x}", getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
#endif
  return text;
}

namespace {
/// Joins values so that different lists of values give different texts.
class KeyText {
public:
  void add(std::string_view value) {
    text += fmt::format("{}:", value.size());
    text += value;
  }
  void add(int64_t value) { add(std::string_view(std::to_string(value))); }
  void add(double value) { add(std::string_view(fmt::format("{:a}", value))); }
  template <typename T> void addAll(const std::vector<T> &values) {
    add(static_cast<int64_t>(values.size()));
    for (const T &value : values)
      add(value);
  }
  std::string text;
};
} // namespace

static void addOptions(KeyText &key, const CompileOptions &options) {
  key.add(static_cast<int64_t>(options.kind));
  key.add(static_cast<int64_t>(options.sizes.size()));
  for (const auto &[name, size] : options.sizes) {
    key.add(name);
    key.add(size);
  }
  key.add(static_cast<int64_t>(options.fields.size()));
  for (const auto &[name, field] : options.fields) {
    key.add(name);
    key.add(nameOf(field.type));
    key.addAll(field.sampleShape);
  }
  const TrainStepOptions &train = options.train;
  key.add(train.loss);
  key.add(train.optimizer);
  key.addAll(train.update);
  key.addAll(train.freeze);
  key.add(static_cast<int64_t>(train.learningRateFactors.size()));
  for (const auto &[glob, factor] : train.learningRateFactors) {
    key.add(glob);
    key.add(factor);
  }
  key.add(train.clipNorm);
  key.add(train.clipValue);
  key.add(train.accumulate);
  key.add(static_cast<int64_t>(options.optimizationLevel));
  key.add(options.precision);
  key.add(options.target.empty() ? hostDescription() : options.target);
  key.add(static_cast<int64_t>(options.keepsPrepared));
  key.add(static_cast<int64_t>(options.profile));
  key.add(options.memory);
}

/// The compiling half that would make the program: another build of it may
/// make another one.
static void addCompiler(KeyText &key) {
  std::string path = findCompilerLibrary();
  struct stat status = {};
  key.add(path);
  if (::stat(path.c_str(), &status) == 0) {
    key.add(static_cast<int64_t>(status.st_size));
    key.add(static_cast<int64_t>(status.st_mtim.tv_sec));
    key.add(static_cast<int64_t>(status.st_mtim.tv_nsec));
  }
}

std::string nnc::programKey(const ModelSource &source,
                            const std::string &identity,
                            const CompileOptions &options) {
  KeyText key;
  key.add(std::string_view(NNC_VERSION));
  key.add(static_cast<int64_t>(NNC_RT_ABI_VERSION));
  addCompiler(key);
  key.add(static_cast<int64_t>(source.kind));
  key.add(source.model);
  key.add(source.fn);
  key.add(identity);
  addOptions(key, options);
  XXH128_hash_t hash = XXH3_128bits(key.text.data(), key.text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

//===----------------------------------------------------------------------===//
// ProgramProvider
//===----------------------------------------------------------------------===//

Expected<Compiler *> ProgramProvider::compiler() {
  if (!opened) {
    Expected<Compiler *> found = openCompiler();
    if (!found)
      return found;
    opened = *found;
  }
  return opened;
}

Expected<ProgramProvider::Result>
ProgramProvider::get(const ModelSource &source, const std::string &identity,
                     CompileOptions options) {
  auto start = std::chrono::steady_clock::now();
  bool useCache = cache && !identity.empty();
  options.linkShared = useCache;
  std::string key;
  Result result;
  auto finish = [&](Program program) -> Expected<Result> {
    if (auto fits = checkMemory(program.signature.arenaBytes,
                                "the program's scratch memory");
        !fits)
      return fail(std::move(fits.error()));
    result.executable = std::make_unique<Executable>(std::move(program));
    result.milliseconds = std::chrono::duration<double, std::milli>(
                              std::chrono::steady_clock::now() - start)
                              .count();
    return std::move(result);
  };
  if (useCache) {
    key = programKey(source, identity, options);
    if (std::optional<Program> program = cache->load(key)) {
      result.cached = true;
      return finish(std::move(*program));
    }
  }
  Expected<Compiler *> compiler = this->compiler();
  if (!compiler)
    return fail(std::move(compiler.error()));
  Expected<Program> program = (*compiler)->compile(source, options);
  if (!program)
    return fail(std::move(program.error()));
  for (const auto &[phase, milliseconds] : program->phases) {
    auto known = std::find_if(times.begin(), times.end(), [&](auto &entry) {
      return entry.first == phase;
    });
    if (known == times.end())
      times.emplace_back(phase, milliseconds);
    else
      known->second += milliseconds;
  }
  if (useCache)
    cache->store(key, *program);
  return finish(std::move(*program));
}
