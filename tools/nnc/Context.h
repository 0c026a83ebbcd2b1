//===- Context.h - What all verbs share -------------------------*- C++ -*-===//

#ifndef NNC_TOOLS_NNC_CONTEXT_H
#define NNC_TOOLS_NNC_CONTEXT_H

#include "Options.h"
#include "nnc/Language/TrainSettings.h"
#include "nnc/Runtime/ProgramCache.h"
#include "nnc/Training/Evaluator.h"
#include "nnc/Training/ModelFile.h"
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace nnc::tool {

/// Measures parts of a run for --time-report.
class TimeReport {
public:
  /// Notes that \p part ends now and began where the last one ended, and what
  /// \p details it was spent on.
  void add(const std::string &part, const PhaseTimes &details = {});
  std::string text() const;

private:
  struct Part {
    std::string name;
    double milliseconds;
    PhaseTimes details;
  };
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
  std::vector<Part> parts;
};

/// The command line with what its verbs need to work and to speak. Data go to
/// standard output, everything else to standard error.
class Context {
public:
  explicit Context(Invocation invocation);

  const Invocation args;
  TimeReport times;

  bool isQuiet() const { return args.has("quiet"); }
  bool isVerbose() const { return args.has("verbose"); }
  bool isJson() const { return args.has("json"); }
  /// Whether standard error is a terminal that takes a progress bar.
  bool hasProgressBar() const;

  /// Prints the error; the exit status it leads to.
  int fail(const Error &error) const;
  /// Prints all errors and warnings; the status of the first error, or 0.
  int fail(const Diagnostics &diagnostics) const;
  void warn(const Error &warning) const;
  /// A line on standard error, unless quiet.
  void say(const std::string &text) const;
  /// A line on standard error with -v.
  void detail(const std::string &text) const;
  /// Text, or a line of JSON, on standard output.
  void print(const std::string &text) const;
  void print(const nlohmann::ordered_json &object) const;

  /// Opens the model of the first operand. Prints what is wrong with it and
  /// sets \p status.
  std::optional<ModelFile> openModel(int &status) const;

  /// The settings of \p model's training: of its file or, of a trained model,
  /// as it was trained, under \p overrides and those options of the verb that
  /// are settings.
  std::optional<TrainSettings>
  settings(const ModelFile &model, int &status,
           std::vector<SettingOverride> overrides = {}) const;

  /// The programs of this run. \p onlyIfAsked: a cache only by --cache. Errors:
  /// cacheUnusable for a folder that was named.
  Expected<ProgramProvider> programs(bool onlyIfAsked = false) const;

  CompileSettings compileSettings() const;
  unsigned threads() const;
  /// The bytes of --memory; 0 without.
  int64_t memoryBound() const;

  /// Prints the module of --print-after and --stop-after. True if the run ends
  /// with it; \p status is then its exit status.
  bool printPhases(ProgramProvider &programs, const ModelFile &model,
                   const CompileOptions &options, int &status) const;

private:
  bool usesColor() const;
  std::string jsonMessage(const char *kind, const Error &error) const;
};

/// The weights of a run of \p model in \p store: those of --weights, else its
/// own, else the initialisers'. \p store has been declared.
Expected<void> loadWeights(const Context &context, const ModelFile &model,
                           ParameterStore &store);

/// The seed of --seed, default 0.
Expected<uint64_t> seedOf(const Context &context);

/// Sizes of --size: NAME=N,... Errors: badOptionValue, unknownName.
Expected<std::map<std::string, std::vector<int64_t>>>
sizesOf(const Context &context, const ModelFile &model);

/// A value without noise: at most six digits.
std::string shortNumber(double value);

/// `accuracy>=0.97` and the like. `holds` is false also if nothing is measured
/// under the key.
struct Requirement {
  std::string key, comparison;
  double bound = 0;

  bool holds(double value) const;
};
/// The requirements of --require. Error: badOptionValue.
Expected<std::vector<Requirement>> requirementsOf(const Context &context);
/// Whether all are about something of \p known. Error: monitorUnknown.
Expected<void> checkKeys(const std::vector<Requirement> &requirements,
                         const std::vector<std::string> &known);
/// Checks all against \p values; prints what fails. 0 or the exit status.
int checkRequirements(
    const Context &context, const std::vector<Requirement> &requirements,
    const std::vector<std::pair<std::string, double>> &values);

// One function a verb; each returns the exit status.
#define NNC_VERB(NAME, OPERANDS, LEAST, MOST, SUMMARY, OPTIONS)                \
  int run_##NAME(Context &context);
#include "Options.def"

} // namespace nnc::tool

#endif // NNC_TOOLS_NNC_CONTEXT_H
