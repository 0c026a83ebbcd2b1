//===- Predict.cpp - nnc predict ------------------------------------------===//

#include "Context.h"
#include "nnc/Formats/AtomicFile.h"
#include "nnc/Formats/Npy.h"
#include "nnc/Training/Prediction.h"

using namespace nnc;
using namespace nnc::tool;

/// The metadata of a trained model, or what its train block says.
static ModelMetadata metadataOf(const ModelFile &model,
                                const TrainSettings &settings) {
  if (model.metadata)
    return *model.metadata;
  ModelMetadata metadata;
  metadata.loss = print(settings.trainSteps.front().loss);
  return metadata;
}

/// Nothing if the run ended with a phase that was printed, with \p status.
static Expected<std::optional<Predictions>>
predictSamples(Context &context, const ModelFile &model,
               const TrainSettings &settings, int &status) {
  const SettingValue &loss = settings.trainSteps.front().loss;
  Expected<const ast::Function *> function =
      model.function(model.source.fn, loss.isName() ? loss.text : "");
  if (!function)
    return fail(std::move(function.error()));
  std::vector<ModelInput> inputs = model.inputs(**function);
  Expected<DataSchema> schema = inputSchema(model, inputs);
  if (!schema)
    return fail(std::move(schema.error()));
  bool isDouble = model.metadata && model.metadata->precision == "f64";
  Expected<DataSetting> setting =
      parseDataSetting(context.args.values("input").front(), "--input");
  if (!setting)
    return fail(std::move(setting.error()));
  Expected<DataRequest> request = toDataRequest(*setting);
  if (!request)
    return fail(std::move(request.error()));
  Expected<Dataset> data =
      loadSamples(std::move(*request), *schema,
                  isDouble ? ElementType::f64 : ElementType::f32);
  if (!data)
    return fail(std::move(data.error()));
  context.times.add("data");
  CompileSettings compile = context.compileSettings();
  compile.precision = nameOf(settings.precision);
  Expected<DataBinding> binding =
      bindInputs(inputs, *data, compile.floatType());
  if (!binding)
    return fail(std::move(binding.error()));
  Expected<BoundData> fields = BoundData::make(*binding, *data, 0);
  if (!fields)
    return fail(std::move(fields.error()));
  Expected<ProgramProvider> programs = context.programs();
  if (!programs)
    return fail(std::move(programs.error()));
  if (context.printPhases(*programs, model,
                          Evaluator::request(SettingValue::none(), *binding,
                                             data->samples, compile),
                          status))
    return std::nullopt;
  ParameterStore store;
  Expected<Evaluator> evaluator = Evaluator::make(
      model, SettingValue::none(), {}, *binding, data->samples, compile,
      *programs, store, static_cast<uint64_t>(settings.seed));
  if (!evaluator)
    return fail(std::move(evaluator.error()));
  context.times.add("program", programs->phases());
  if (auto loaded = loadWeights(context, model, store); !loaded)
    return fail(std::move(loaded.error()));
  Expected<Predictions> predictions = predict(*evaluator, *fields);
  if (!predictions)
    return fail(std::move(predictions.error()));
  int64_t width = resultWidth(evaluator->program());
  predictions->info = predictionInfo(metadataOf(model, settings), width);
  if (context.args.has("probabilities"))
    predictions->toProbabilities(
        meaningOf(loss.isCall() ? loss.builtin->name : "", width).link);
  context.times.add("prediction");
  return std::optional<Predictions>(std::move(*predictions));
}

int nnc::tool::run_predict(Context &context) {
  std::vector<std::string> inputs = context.args.values("input");
  std::optional<std::string> output = context.args.value("out");
  if (inputs.size() != 1)
    return context.fail(
        makeError(ErrorCode::optionMissing, "nnc predict", "one --input X"));
  if (!output)
    return context.fail(
        makeError(ErrorCode::optionMissing, "nnc predict", "-o Y"));
  bool isNpy = output->ends_with(".npy");
  if (!isNpy && !output->ends_with(".csv") && *output != "-")
    return context.fail(makeError(ErrorCode::badOptionValue, "-o",
                                  "a .csv or .npy file, or -", *output));
  int status = 0;
  std::optional<ModelFile> model = context.openModel(status);
  if (!model)
    return status;
  std::optional<TrainSettings> settings = context.settings(*model, status);
  if (!settings)
    return status;
  context.times.add("model");
  if (*output != "-")
    if (auto writable = checkWritable(*output); !writable)
      return context.fail(writable.error());
  Expected<std::optional<Predictions>> done =
      predictSamples(context, *model, *settings, status);
  if (!done)
    return context.fail(done.error());
  if (!*done)
    return status;
  const std::optional<Predictions> &predictions = *done;
  if (*output == "-") {
    context.print(predictions->toCsv());
    return 0;
  }
  Expected<void> written = isNpy ? writeNpy(*output, predictions->output)
                                 : writeFile(*output, predictions->toCsv());
  if (!written)
    return context.fail(written.error());
  context.say(fmt::format("wrote {} ({} samples)", *output,
                          predictions->output.rows()));
  return 0;
}
