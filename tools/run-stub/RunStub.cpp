//===- RunStub.cpp - The main program of compiled executables -------------===//
//
// Reads samples, runs the model it is linked with, and writes what nnc predict
// would.
//
//===----------------------------------------------------------------------===//

#include "nnc/Formats/AtomicFile.h"
#include "nnc/Formats/Npy.h"
#include "nnc/Runtime/Executable.h"
#include "nnc/Runtime/StubModel.h"
#include "nnc/Runtime/SystemMemory.h"
#include "nnc/Training/Predictions.h"
#include "nnc/Training/RunDescription.h"
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <numeric>

using namespace nnc;

namespace {
struct Arguments {
  std::string input, output = "-";
  unsigned threads = 0;
  bool help = false;
};
} // namespace

static Error usageError(const char *text, const std::string &word) {
  return Error(ErrorCode::unknownOption, fmt::format(fmt::runtime(text), word));
}

static Expected<Arguments> parseArguments(int count, char **texts) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    std::string text = texts[i], value;
    size_t equals = text.find('=');
    bool isOption = text.size() > 1 && text[0] == '-';
    if (text == "--help" || text == "-h") {
      arguments.help = true;
      return arguments;
    }
    if (!isOption) {
      if (!arguments.input.empty())
        return fail(usageError("one file is read; what is '{}'?", text));
      arguments.input = text;
      continue;
    }
    if (text.starts_with("--") && equals != std::string::npos) {
      value = text.substr(equals + 1);
      text.resize(equals);
    } else if (text == "-o" || text == "--out" || text == "--threads") {
      if (i + 1 == count)
        return fail(ErrorCode::optionValue, text);
      value = texts[++i];
    }
    if (text == "-o" || text == "--out") {
      arguments.output = value;
    } else if (text == "--threads") {
      auto [end, problem] = std::from_chars(
          value.data(), value.data() + value.size(), arguments.threads);
      if (problem != std::errc() || end != value.data() + value.size() ||
          arguments.threads < 1 || arguments.threads > 1024)
        return fail(ErrorCode::badOptionValue, text, "a number 1 to 1024",
                    value);
    } else {
      return fail(usageError("unknown option '{}'", text));
    }
  }
  if (arguments.input.empty())
    return fail(ErrorCode::optionMissing, program_invocation_short_name,
                "INPUT.{csv,npy}; --help says more");
  return arguments;
}

static void printHelp(const std::string &name) {
  std::printf("usage: %s INPUT.{csv,npy} [-o OUT.{csv,npy}] [--threads N]\n\n"
              "  Runs the network %s on the samples of INPUT, one a row.\n"
              "  -o OUT        where the results go; default: standard output,"
              " as csv\n"
              "  --threads N   default: what affinity and quota allow\n",
              program_invocation_short_name, name.c_str());
}

namespace {
/// A program of the model, with its buffers.
class StubProgram {
public:
  StubProgram(const RunDescription &description, size_t number);

  /// Runs over all of \p data with at most \p threads threads.
  Expected<Predictions> predict(const Dataset &data, unsigned threads);

private:
  const Signature &signature() const { return executable->signature(); }
  Expected<Field> inputField(const Dataset &data) const;

  const RunDescription &description;
  std::unique_ptr<Executable> executable;
  std::vector<AlignedBuffer> owned;
  std::vector<ArgumentView> views;
  int input = -1, result = -1;
};
} // namespace

/// The smallest program that holds all samples, else the largest.
static size_t programFor(const RunDescription &description, int64_t samples) {
  size_t number = 0;
  while (number + 1 < description.programs.size() &&
         description.programs[number].batch < samples)
    ++number;
  return number;
}

static bool isWeight(const Argument &argument) {
  return argument.role == Role::parameter || argument.role == Role::state;
}

/// Fails if what \p signature takes besides the weights is not there.
static Expected<void> checkMemory(const Signature &signature) {
  int64_t bytes = signature.arenaBytes;
  for (const Argument &argument : signature.arguments)
    if (!isWeight(argument))
      bytes += argument.byteCount();
  return nnc::checkMemory(bytes, "what the network keeps");
}

StubProgram::StubProgram(const RunDescription &description, size_t number)
    : description(description) {
  Program program;
  program.signature = description.programs[number];
  program.entry = nnc_model_entries[number];
  executable = std::make_unique<Executable>(std::move(program));
  for (const Argument &argument : signature().arguments) {
    if (isWeight(argument)) {
      auto found = std::find(description.weights.begin(),
                             description.weights.end(), argument.name);
      views.push_back({nnc_model_weights[found - description.weights.begin()],
                       argument.byteCount()});
      continue;
    }
    owned.emplace_back(argument.byteCount());
    if (argument.role == Role::input)
      input = views.size();
    if (argument.role == Role::output && result < 0)
      result = views.size();
    if (argument.role == Role::scalar && argument.name == "seed" &&
        owned.back().data())
      std::memcpy(
          owned.back().data(), &description.seed,
          std::min<size_t>(sizeof(description.seed), argument.byteCount()));
    views.push_back({owned.back().data(), argument.byteCount()});
  }
}

Expected<Field> StubProgram::inputField(const Dataset &data) const {
  const Argument &argument = signature().arguments[input];
  const Field *field = data.find(argument.name);
  if (!field)
    field = data.features();
  if (!field)
    return fail(ErrorCode::missingField, argument.name, data.name, "");
  if (field->isRagged() ||
      field->sampleSize() * signature().batch != argument.elementCount()) {
    std::vector<int64_t> shape(argument.shape.begin() + 1,
                               argument.shape.end());
    return fail(
        ErrorCode::fieldShape, argument.name,
        fmt::format("{}{} a sample", nameOf(argument.type), toString(shape)),
        field->name, toString(field->sampleShape));
  }
  return fieldAs(*field, argument.type);
}

Expected<Predictions> StubProgram::predict(const Dataset &data,
                                           unsigned threads) {
  for (const ArgumentView &view : views)
    if (!view.data)
      return fail(ErrorCode::outOfMemory, view.bytes);
  Expected<Field> field = inputField(data);
  if (!field)
    return fail(std::move(field.error()));
  const Argument &argument = signature().arguments[result];
  int64_t batch = signature().batch;
  std::vector<int64_t> shape = argument.shape;
  if (shape.empty())
    shape.push_back(1);
  shape[0] = shape[0] / batch * data.samples;
  Predictions predictions;
  predictions.info = description.prediction;
  predictions.output = Array(argument.type, shape);
  int64_t bytes = argument.byteCount() / batch;
  for (int64_t begin = 0; begin < data.samples; begin += batch) {
    int64_t count = std::min(batch, data.samples - begin);
    std::vector<int64_t> indices(count);
    std::iota(indices.begin(), indices.end(), begin);
    gather(*field, indices, static_cast<std::byte *>(views[input].data));
    if (auto run = executable->run(views, count, threads,
                                   /*sameParameters=*/begin > 0);
        !run)
      return fail(std::move(run.error()));
    std::memcpy(predictions.output.data() + begin * bytes, views[result].data,
                count * bytes);
  }
  return predictions;
}

static Expected<void> runMain(int count, char **texts) {
  Expected<RunDescription> description =
      runDescriptionFromJson(nnc_model_description);
  if (!description)
    return fail(std::move(description.error()));
  Expected<Arguments> arguments = parseArguments(count, texts);
  if (!arguments)
    return fail(std::move(arguments.error()));
  if (arguments->help) {
    printHelp(description->name);
    return {};
  }
  const std::string &output = arguments->output;
  bool isNpy = output.ends_with(".npy");
  if (!isNpy && !output.ends_with(".csv") && output != "-")
    return fail(ErrorCode::badOptionValue, "-o", "a .csv or .npy file, or -",
                output);
  if (output != "-")
    if (auto writable = checkWritable(output); !writable)
      return writable;
  Expected<DataRequest> request = requestForPath(arguments->input);
  if (!request)
    return fail(std::move(request.error()));
  Expected<Dataset> data = loadSamples(std::move(*request), description->schema,
                                       description->floatType);
  if (!data)
    return fail(std::move(data.error()));
  size_t number = programFor(*description, data->samples);
  if (auto fits = checkMemory(description->programs[number]); !fits)
    return fits;
  Expected<Predictions> predictions =
      StubProgram(*description, number).predict(*data, arguments->threads);
  if (!predictions)
    return fail(std::move(predictions.error()));
  if (isNpy)
    return writeNpy(output, predictions->output);
  if (output != "-")
    return writeFile(output, predictions->toCsv());
  std::string text = predictions->toCsv();
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
      std::fflush(stdout) != 0)
    return fail(ErrorCode::fileWrite, "-", std::strerror(errno));
  return {};
}

int main(int count, char **texts) {
  Expected<void> done = runMain(count, texts);
  if (done)
    return 0;
  std::fputs(render(done.error()).c_str(), stderr);
  return static_cast<int>(exitStatusOf(done.error().code));
}
