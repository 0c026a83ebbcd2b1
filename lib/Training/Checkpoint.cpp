//===- Checkpoint.cpp - Training that can go on later ---------------------===//

#include "nnc/Training/Checkpoint.h"
#include "nnc/Formats/Json.h"
#include "nnc/Training/Metrics.h"
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>

using namespace nnc;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

static constexpr std::string_view prefix = "checkpoint-";
static constexpr std::string_view suffix = ".nnm";
static constexpr std::string_view bestPrefix = "best weights/";
static constexpr size_t checkpointsKept = 2;

//===----------------------------------------------------------------------===//
// EarlyStop
//===----------------------------------------------------------------------===//

EarlyStop::EarlyStop(const EarlyStopping &settings)
    : settings(settings), higherIsBetter(isHigherBetter(settings.monitor)) {}

EarlyStop::Verdict EarlyStop::add(int64_t epoch, double value) {
  bool isBetter =
      !std::isnan(value) &&
      (best == 0 || (higherIsBetter ? value > bestValue : value < bestValue));
  if (isBetter) {
    bestValue = value;
    best = epoch;
    waited = 0;
    return Verdict::better;
  }
  ++waited;
  return waited >= settings.epochs ? Verdict::stop : Verdict::worse;
}

Json EarlyStop::state() const {
  return {{"value", bestValue}, {"epoch", best}, {"waited", waited}};
}

Expected<void> EarlyStop::restore(const Json &state) {
  for (const char *key : {"value", "epoch", "waited"})
    if (!state.is_object() || !state.contains(key) || !state[key].is_number())
      return fail(ErrorCode::malformedFile, "checkpoint", "a state",
                  "early stopping");
  bestValue = state["value"].get<double>();
  best = state["epoch"].get<int64_t>();
  waited = state["waited"].get<int64_t>();
  return {};
}

//===----------------------------------------------------------------------===//
// The loop's state
//===----------------------------------------------------------------------===//

static Json stateToJson(const LoopState &state) {
  return {{"epoch", state.epoch},
          {"batch", state.batch},
          {"steps", state.steps},
          {"updates", state.updates},
          {"loss_sums", state.lossSums},
          {"sample_sums", state.sampleSums},
          {"metric_states", state.metricStates},
          {"early_stop", state.earlyStop},
          {"log_length", state.logLength}};
}

namespace {
/// Reads numbers and lists of numbers; remembers whether all were there.
class StateReader {
public:
  explicit StateReader(const Json &object) : object(object) {}

  template <typename T> void read(const char *key, T &value) {
    auto it = object.find(key);
    if (it == object.end() || !it->is_number())
      good = false;
    else
      value = it->get<T>();
  }
  template <typename T> void readAll(const char *key, std::vector<T> &values) {
    auto it = object.find(key);
    good &= it != object.end() && it->is_array();
    if (!good)
      return;
    for (const Json &value : *it) {
      good &= value.is_number();
      values.push_back(value.is_number() ? value.get<T>() : T());
    }
  }
  bool good = true;

private:
  const Json &object;
};
} // namespace

static Expected<LoopState> stateFromJson(const Json &object,
                                         const std::string &name) {
  LoopState state;
  StateReader reader(object);
  reader.read("epoch", state.epoch);
  reader.read("batch", state.batch);
  reader.read("steps", state.steps);
  reader.readAll("updates", state.updates);
  reader.readAll("loss_sums", state.lossSums);
  reader.readAll("sample_sums", state.sampleSums);
  reader.read("log_length", state.logLength);
  auto metrics = object.find("metric_states");
  auto early = object.find("early_stop");
  if (!reader.good || metrics == object.end() || !metrics->is_array() ||
      early == object.end() || state.epoch < 0 || state.batch < 0)
    return fail(ErrorCode::malformedFile, name, "a checkpoint",
                "the loop's state is not complete");
  for (const Json &metric : *metrics)
    state.metricStates.push_back(nlohmann::json(metric));
  state.earlyStop = *early;
  return state;
}

//===----------------------------------------------------------------------===//
// CheckpointFolder
//===----------------------------------------------------------------------===//

Expected<CheckpointFolder> CheckpointFolder::open(const std::string &path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    return fail(ErrorCode::fileWrite, path, error.message());
  return CheckpointFolder(path);
}

/// The number of steps in the name of a checkpoint, or -1 for other files.
static int64_t stepsOf(const std::string &name) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix))
    return -1;
  const char *begin = name.data() + prefix.size();
  const char *end = name.data() + name.size() - suffix.size();
  int64_t steps = -1;
  auto [stop, error] = std::from_chars(begin, end, steps);
  return error == std::errc() && stop == end ? steps : -1;
}

std::vector<std::string> CheckpointFolder::files() const {
  std::vector<std::pair<int64_t, std::string>> found;
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error))
    if (int64_t steps = stepsOf(entry.path().filename().string()); steps >= 0)
      found.emplace_back(steps, entry.path().string());
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> paths;
  for (auto &[steps, path] : found)
    paths.push_back(std::move(path));
  return paths;
}

Expected<void> CheckpointFolder::write(const LoopState &state,
                                       const std::string &model,
                                       const ModelMetadata &metadata,
                                       const ParameterStore &store,
                                       std::span<const NamedArray> best) {
  std::vector<TensorView> weights = store.weights();
  std::vector<TensorView> rest = store.optimizerStates();
  for (const NamedArray &tensor : best) {
    rest.push_back(TensorView::of(tensor));
    rest.back().name.insert(0, bestPrefix);
  }
  Json object = Json::parse(nnc::toJson(metadata), nullptr, false);
  object["checkpoint"] = stateToJson(state);
  ModelContent content;
  content.model = model;
  content.metadata = toText(object);
  content.weights = weights;
  content.state = rest;
  std::string path =
      fmt::format("{}/{}{}{}", folder, prefix, state.steps, suffix);
  if (auto written = writeModelArchive(path, content); !written)
    return written;
  prune(state.steps);
  return {};
}

/// Whether \p name is of a checkpoint that a process was writing when it ended.
static bool isAbandoned(const std::string &name) {
  if (!name.starts_with("." + std::string(prefix)) || !name.ends_with(".tmp"))
    return false;
  // .checkpoint-STEPS.nnm.PROCESS.NUMBER.tmp
  size_t place = name.find(std::string(suffix) + ".");
  if (place == std::string::npos)
    return false;
  place += suffix.size() + 1;
  pid_t process = 0;
  auto [end, error] =
      std::from_chars(name.data() + place, name.data() + name.size(), process);
  return error == std::errc() && process > 0 && ::kill(process, 0) != 0 &&
         errno == ESRCH;
}

void CheckpointFolder::prune(int64_t steps) const {
  std::error_code ignored;
  size_t kept = 0;
  for (const std::string &path : files()) {
    // More steps than now are those of another training.
    bool isOther = stepsOf(fs::path(path).filename().string()) > steps;
    if (isOther || ++kept > checkpointsKept)
      fs::remove(path, ignored);
  }
  // What a process that was killed left unfinished.
  std::vector<fs::path> abandoned;
  for (const fs::directory_entry &entry :
       fs::directory_iterator(folder, ignored))
    if (isAbandoned(entry.path().filename().string()))
      abandoned.push_back(entry.path());
  for (const fs::path &path : abandoned)
    fs::remove(path, ignored);
}

static Expected<CheckpointFolder::Content>
readCheckpoint(const std::string &path) {
  Expected<ModelArchive> archive = ModelArchive::open(path);
  if (!archive)
    return fail(std::move(archive.error()));
  Expected<Json> object = parseJson(archive->metadata(), path);
  if (!object)
    return fail(std::move(object.error()));
  auto found = object->find("checkpoint");
  if (found == object->end() || !found->is_object() || !archive->state())
    return fail(ErrorCode::malformedFile, path, "a checkpoint",
                "it holds a model alone");
  Expected<LoopState> state = stateFromJson(*found, path);
  if (!state)
    return fail(std::move(state.error()));
  Expected<ModelMetadata> metadata =
      metadataFromJson(archive->metadata(), path);
  if (!metadata)
    return fail(std::move(metadata.error()));
  state->history = metadata->history;
  std::vector<NamedArray> best;
  for (const TensorView &tensor : archive->state()->tensors)
    if (tensor.name.starts_with(bestPrefix))
      best.push_back({tensor.name.substr(bestPrefix.size()), tensor.toArray()});
  std::string model = archive->model();
  return CheckpointFolder::Content{std::move(*state), std::move(*metadata),
                                   std::move(model),  std::move(*archive),
                                   std::move(best),   path};
}

Expected<std::optional<CheckpointFolder::Content>>
CheckpointFolder::read(std::vector<Error> &skipped) const {
  for (const std::string &path : files()) {
    Expected<Content> content = readCheckpoint(path);
    if (content)
      return std::optional<Content>(std::move(*content));
    skipped.push_back(std::move(content.error()));
  }
  if (!skipped.empty())
    return fail(skipped.front());
  return std::optional<Content>();
}

Expected<void> nnc::compareSettings(
    const std::vector<std::pair<std::string, std::string>> &then,
    const std::vector<std::pair<std::string, std::string>> &now) {
  auto valueIn = [](const auto &list, const std::string &name) {
    for (const auto &[key, value] : list)
      if (key == name)
        return value;
    return std::string("none");
  };
  auto compare = [&](const std::string &name) -> Expected<void> {
    if (name == "epochs" || name == "steps")
      return {};
    std::string before = valueIn(then, name), after = valueIn(now, name);
    if (before != after)
      return fail(ErrorCode::resumeDiffers, name, before, after);
    return {};
  };
  for (const auto *list : {&then, &now})
    for (const auto &[name, value] : *list)
      if (auto same = compare(name); !same)
        return same;
  return {};
}
