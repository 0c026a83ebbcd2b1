//===- ProgramCacheTest.cpp - Programs survive on disk --------------------===//

#include "nnc/Runtime/ProgramCache.h"
#include "../Formats/TestFolder.h"
#include <sys/stat.h>
#include <thread>
#include <utime.h>

using namespace nnc;
using namespace nnc::test;
namespace fs = std::filesystem;

/// The program of TwiceProgram.c as a compiler would give it.
static Program twiceProgram() {
  static const std::string object = [] {
    std::stringstream bytes;
    bytes << std::ifstream(NNC_TWICE_PROGRAM, std::ios::binary).rdbuf();
    return std::move(bytes).str();
  }();
  Program program;
  program.sharedObject = object;
  program.signature.model = "twice";
  program.signature.entry = "twice";
  program.signature.batch = 4;
  for (Role role : {Role::input, Role::output}) {
    Argument argument;
    argument.name = std::string(nameOf(role));
    argument.role = role;
    argument.shape = {4};
    argument.batched = true;
    program.signature.arguments.push_back(argument);
  }
  return program;
}

static void expectRuns(Program program) {
  Executable executable(std::move(program));
  AlignedBuffer in(16), out(16);
  static_cast<float *>(in.data())[3] = 21;
  ASSERT_TRUE(executable.run({{in.data(), 16}, {out.data(), 16}}, 4));
  EXPECT_EQ(static_cast<float *>(out.data())[3], 42.0f);
}

static ProgramCache openCache(const TestFolder &folder,
                              int64_t limit = ProgramCache::defaultLimit) {
  Expected<ProgramCache> cache =
      ProgramCache::open(folder.path("deep/cache"), limit);
  EXPECT_TRUE(cache) << cache.error().message;
  return std::move(*cache);
}

TEST(ProgramCache, KeepsAPrivateFolder) {
  TestFolder folder;
  ProgramCache cache = openCache(folder);
  struct stat status;
  ASSERT_EQ(::stat(cache.folder().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(ProgramCache, LoadsWhatItStored) {
  TestFolder folder;
  ProgramCache cache = openCache(folder);
  EXPECT_FALSE(cache.load("key"));
  cache.store("key", twiceProgram());
  std::optional<Program> program = cache.load("key");
  ASSERT_TRUE(program);
  EXPECT_EQ(program->signature.model, "twice");
  expectRuns(std::move(*program));
  EXPECT_FALSE(cache.load("another key"));
}

TEST(ProgramCache, ListsAndClears) {
  TestFolder folder;
  ProgramCache cache = openCache(folder);
  cache.store("a", twiceProgram());
  cache.store("b", twiceProgram());
  std::vector<ProgramCache::Entry> entries = cache.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].model, "twice");
  EXPECT_GT(entries[0].bytes, 1000);
  EXPECT_EQ(cache.clear(), 2);
  EXPECT_TRUE(cache.entries().empty());
}

TEST(ProgramCache, DropsDamagedEntries) {
  TestFolder folder;
  ProgramCache cache = openCache(folder);
  std::string path = cache.folder() + "/key.program";
  cache.store("key", twiceProgram());
  uintmax_t size = fs::file_size(path);
  auto flip = [&](std::streamoff place) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(place);
    char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(place);
    file.put(byte);
  };
  // In the object, in the signature, in the checksum, in the mark.
  for (uintmax_t place : {size / 2, size - 60, size - 20, size - 2}) {
    cache.store("key", twiceProgram());
    flip(static_cast<std::streamoff>(place));
    EXPECT_FALSE(cache.load("key")) << place;
    EXPECT_FALSE(fs::exists(path)) << place;
  }
  for (uintmax_t length : {uintmax_t(0), uintmax_t(10), size - 1}) {
    cache.store("key", twiceProgram());
    fs::resize_file(path, length);
    EXPECT_FALSE(cache.load("key")) << length;
  }
  // A whole entry that is no shared object, and one without the entry.
  Program text = twiceProgram();
  text.sharedObject = "no object";
  cache.store("key", text);
  EXPECT_FALSE(cache.load("key"));
  Program other = twiceProgram();
  other.signature.entry = "thrice";
  cache.store("key", other);
  EXPECT_FALSE(cache.load("key"));
}

TEST(ProgramCache, EvictsTheLeastRecentlyUsed) {
  TestFolder folder;
  Program program = twiceProgram();
  int64_t size = program.sharedObject.size() + 1000;
  ProgramCache cache = openCache(folder, 5 * size / 2);
  auto age = [&](const char *key, int64_t seconds) {
    utimbuf times = {std::time(nullptr) - seconds,
                     std::time(nullptr) - seconds};
    ::utime((cache.folder() + "/" + key + ".program").c_str(), &times);
  };
  cache.store("a", program);
  age("a", 300);
  cache.store("b", program);
  age("b", 200);
  EXPECT_TRUE(cache.load("a")); // Now b is the oldest.
  cache.store("c", program);
  EXPECT_TRUE(cache.load("a"));
  EXPECT_FALSE(cache.load("b"));
  EXPECT_TRUE(cache.load("c"));
}

TEST(ProgramCache, ManyWritersDoNotDisturbEachOther) {
  TestFolder folder;
  ProgramCache cache = openCache(folder);
  std::vector<std::thread> threads;
  std::atomic<int> loaded = 0;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        cache.store("key", twiceProgram());
        loaded += cache.load("key").has_value();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(loaded, 80);
  EXPECT_EQ(cache.entries().size(), 1u);
}

TEST(ProgramCache, RefusesFoldersOfOthers) {
  TestFolder folder;
  folder.write("file", "text");
  expectError(ProgramCache::open(folder.path("file")),
              ErrorCode::cacheUnusable);
  expectError(ProgramCache::open(folder.path("file/below")),
              ErrorCode::cacheUnusable);
  fs::create_directory(folder.path("open"));
  fs::permissions(folder.path("open"), fs::perms::all);
  expectError(ProgramCache::open(folder.path("open")),
              ErrorCode::cacheUnusable);
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

TEST(ProgramKey, DependsOnAllThatCodeDependsOn) {
  ModelSource source;
  CompileOptions options;
  std::string key = programKey(source, "model", options);
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(key, programKey(source, "model", options));
  EXPECT_NE(key, programKey(source, "model 2", options));

  auto differs = [&](auto change) {
    CompileOptions changed = options;
    change(changed);
    return programKey(source, "model", changed) != key;
  };
  EXPECT_TRUE(differs([](auto &o) { o.kind = ProgramKind::trainStep; }));
  EXPECT_TRUE(differs([](auto &o) { o.sizes["batch"] = 2; }));
  EXPECT_TRUE(
      differs([](auto &o) { o.fields["x"] = {ElementType::f32, {2}}; }));
  EXPECT_TRUE(differs([](auto &o) { o.train.loss = "mse"; }));
  EXPECT_TRUE(differs([](auto &o) { o.train.optimizer = "adam"; }));
  EXPECT_TRUE(differs([](auto &o) { o.train.update = {"a.**"}; }));
  EXPECT_TRUE(differs([](auto &o) { o.train.freeze = {"a"}; }));
  EXPECT_TRUE(
      differs([](auto &o) { o.train.learningRateFactors = {{"a", 2}}; }));
  EXPECT_TRUE(differs([](auto &o) { o.train.clipNorm = 1; }));
  EXPECT_TRUE(differs([](auto &o) { o.train.clipValue = 1; }));
  EXPECT_TRUE(differs([](auto &o) { o.train.accumulate = 2; }));
  EXPECT_TRUE(differs([](auto &o) { o.optimizationLevel = 0; }));
  EXPECT_TRUE(differs([](auto &o) { o.precision = "f64"; }));
  EXPECT_TRUE(differs([](auto &o) { o.target = "znver4"; }));
  // How many threads compile does not matter, nor does what is kept.
  EXPECT_FALSE(differs([](auto &o) { o.threads = 7; }));
  EXPECT_FALSE(differs([](auto &o) { o.linkShared = true; }));
  // The path is for messages alone.
  source.path = "elsewhere.nn";
  EXPECT_EQ(key, programKey(source, "model", options));
  source.fn = "f";
  EXPECT_NE(key, programKey(source, "model", options));
}

//===----------------------------------------------------------------------===//
// ProgramProvider
//===----------------------------------------------------------------------===//

namespace {
/// Gives the same program for every model and counts the calls.
class OneProgramCompiler : public Compiler {
public:
  Expected<Program> compile(const ModelSource &,
                            const CompileOptions &options) override {
    ++calls;
    Program program = twiceProgram();
    program.entry = [](void *const *, void *, const int64_t *, int64_t, int64_t,
                       const nnc_rt_team *) {};
    if (!options.linkShared)
      program.sharedObject.clear();
    return program;
  }
  Expected<ModelInfo> describe(const ModelSource &, const CompileOptions &,
                               std::vector<Error> &) override {
    return fail(ErrorCode::unsupported, "describing");
  }
  Expected<std::string> emit(const ModelSource &, const CompileOptions &,
                             const EmitRequest &) override {
    return fail(ErrorCode::unsupported, "emitting");
  }
  Expected<GraphInfo> graph(const ModelSource &, const CompileOptions &,
                            const std::string &) override {
    return fail(ErrorCode::unsupported, "drawing");
  }
  Expected<FusionInfo> fusion(const ModelSource &,
                              const CompileOptions &) override {
    return fail(ErrorCode::unsupported, "fusing");
  }
  Expected<MemoryInfo> memory(const ModelSource &,
                              const CompileOptions &) override {
    return fail(ErrorCode::unsupported, "describing memory");
  }
  Expected<std::string> gradient(const ModelSource &, const CompileOptions &,
                                 const std::vector<std::string> &, int,
                                 bool) override {
    return fail(ErrorCode::unsupported, "differentiating");
  }
  Expected<std::vector<CheckResult>> check(const ModelSource &,
                                           const CompileOptions &, bool, bool,
                                           double, uint64_t) override {
    return fail(ErrorCode::unsupported, "checking");
  }
  std::string buildId() override { return "test"; }

  int calls = 0;
};
} // namespace

TEST(ProgramProvider, CompilesOnceWithACache) {
  TestFolder folder;
  OneProgramCompiler compiler;
  ProgramProvider provider(openCache(folder), &compiler);
  for (int round = 0; round < 3; ++round) {
    auto result = provider.get({}, "model", {});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->cached, round > 0);
  }
  EXPECT_EQ(compiler.calls, 1);
  ASSERT_TRUE(provider.get({}, "another model", {}));
  EXPECT_EQ(compiler.calls, 2);
  // Without an identity there is no key.
  ASSERT_TRUE(provider.get({}, "", {}));
  ASSERT_TRUE(provider.get({}, "", {}));
  EXPECT_EQ(compiler.calls, 4);
}

TEST(ProgramProvider, CompilesAlwaysWithoutACache) {
  OneProgramCompiler compiler;
  ProgramProvider provider(std::nullopt, &compiler);
  ASSERT_TRUE(provider.get({}, "model", {}));
  ASSERT_TRUE(provider.get({}, "model", {}));
  EXPECT_EQ(compiler.calls, 2);
}
