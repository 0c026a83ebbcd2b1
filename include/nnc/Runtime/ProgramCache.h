//===- ProgramCache.h - Compiled programs on disk ---------------*- C++ -*-===//
//
// Programs are kept as shared objects with their signatures, so that a second
// run of the same model needs no compiler.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_RUNTIME_PROGRAMCACHE_H
#define NNC_RUNTIME_PROGRAMCACHE_H

#include "nnc/Runtime/Compiler.h"
#include "nnc/Runtime/Executable.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nnc {

/// A folder of programs, private to the user. An entry is one file: a shared
/// object, behind it the signature as JSON and a record with lengths and a
/// checksum. Entries appear by rename, so that any number of processes may use
/// a folder at once; a damaged entry is taken away when it is met.
class ProgramCache {
public:
  /// What a folder holds at most, in bytes; the entries used least recently go
  /// first.
  static constexpr int64_t defaultLimit = int64_t(1) << 30;

  /// Opens \p folder, made with its parents if need be. Fails with
  /// `cacheUnusable` if it cannot be made, belongs to another user, or others
  /// may write to it.
  static Expected<ProgramCache> open(const std::string &folder,
                                     int64_t limit = defaultLimit);

  /// $XDG_CACHE_HOME/nnc or ~/.cache/nnc; empty if neither is known.
  static std::string defaultFolder();

  /// The program kept under \p key, loaded into this process, or nothing. What
  /// is found damaged is removed.
  std::optional<Program> load(const std::string &key) const;

  /// Keeps \p program, which has a shared object, under \p key. A program that
  /// cannot be written is not kept; that is no error.
  void store(const std::string &key, const Program &program) const;

  /// An entry as `nnc cache ls` prints it.
  struct Entry {
    std::string key;
    int64_t bytes = 0;
    /// Seconds since the epoch.
    int64_t lastUsed = 0;
    /// Of the signature; empty if the entry is damaged.
    std::string model;
  };
  /// The entries, last used first.
  std::vector<Entry> entries() const;

  /// Removes all entries; gives how many.
  int64_t clear() const;

  const std::string &folder() const { return directory; }

private:
  ProgramCache(std::string folder, int64_t limit)
      : directory(std::move(folder)), limit(limit) {}
  std::string pathOf(const std::string &key) const;
  void evict() const;

  std::string directory;
  int64_t limit;
};

/// The processor with all that code for this host may depend on.
std::string hostDescription();

/// The key of a program: a hash of \p identity (the text of the model and its
/// imports), the options, the host where none is named, and the builds of nnc
/// and of the compiling half.
std::string programKey(const ModelSource &source, const std::string &identity,
                       const CompileOptions &options);

/// Where programs come from: the cache if there is one, else the compiler,
/// which is opened only when it is needed.
class ProgramProvider {
public:
  explicit ProgramProvider(std::optional<ProgramCache> cache = std::nullopt,
                           Compiler *compiler = nullptr)
      : cache(std::move(cache)), opened(compiler) {}

  struct Result {
    std::unique_ptr<Executable> executable;
    /// Compiling, or loading from the cache.
    double milliseconds = 0;
    bool cached = false;
  };
  /// The program for \p source. \p identity is the text of the model and its
  /// imports without what the program does not depend on; empty: do not use
  /// the cache. Errors: those of openCompiler and Compiler::compile.
  Expected<Result> get(const ModelSource &source, const std::string &identity,
                       CompileOptions options);

  /// The compiling half.
  Expected<Compiler *> compiler();

  /// How long each phase took, of all programs that were compiled.
  const PhaseTimes &phases() const { return times; }

private:
  std::optional<ProgramCache> cache;
  Compiler *opened;
  PhaseTimes times;
};

} // namespace nnc

#endif // NNC_RUNTIME_PROGRAMCACHE_H
