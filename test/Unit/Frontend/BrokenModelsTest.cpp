//===- BrokenModelsTest.cpp - Models that say which errors they give ------===//
//
// The files are like those of test/Inputs/broken, but wrong in what a model
// means, not in how it is written. The program built is prediction, or a
// training step for each step of a train block. `# target: f32[3]` gives the
// target of the data, one sample.
//
//===----------------------------------------------------------------------===//

#include "../Language/BrokenFiles.h"
#include "nnc/Dialect/NN/IR/NN.h"
#include "nnc/Frontend/Frontend.h"
#include "nnc/Language/TrainSettings.h"

using namespace nnc;

namespace {

/// The type of the target that \p text states, if it does.
std::optional<CompileOptions::FieldType> targetOf(const std::string &text) {
  const std::string mark = "# target: ";
  size_t at = text.find(mark);
  if (at == std::string::npos)
    return std::nullopt;
  std::string type = text.substr(at + mark.size());
  type.erase(type.find('\n'));
  CompileOptions::FieldType field;
  size_t open = type.find('[');
  field.type = *parseElementType(type.substr(0, open));
  if (type[open + 1] != ']')
    field.sampleShape.push_back(std::stoll(type.substr(open + 1)));
  return field;
}

/// The options of each program to build.
std::vector<CompileOptions> programsOf(const std::string &path,
                                       const std::string &text) {
  std::vector<CompileOptions> result;
  Diagnostics diagnostics;
  std::unique_ptr<SourceProgram> program = loadProgram(path, text, diagnostics);
  EXPECT_TRUE(program) << path << " does not parse";
  if (!program || program->main().declared(ast::DeclKind::Model).empty())
    return result;
  std::string model = program->main().declared(ast::DeclKind::Model).front();
  CompileOptions options;
  if (auto target = targetOf(text))
    options.fields["target"] = *target;
  if (!program->main().findTrain(model)) {
    result.push_back(options);
    return result;
  }
  Expected<TrainSettings> settings = resolveTrain(*program);
  EXPECT_TRUE(settings) << path << ": " << render(settings.error());
  if (!settings)
    return result;
  for (const StepSettings &step : settings->trainSteps) {
    options.kind = ProgramKind::trainStep;
    options.train.loss = print(step.loss);
    options.train.optimizer = print(step.optimizer);
    options.train.update = step.update;
    options.train.freeze = settings->freeze;
    result.push_back(options);
  }
  return result;
}

std::vector<Error> errorsOf(const std::string &path) {
  ModelSource source;
  source.path = path;
  source.text = test::readFile(path);
  std::vector<Error> errors, warnings;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  for (const CompileOptions &options : programsOf(path, source.text)) {
    auto module = buildProgram(context, source, options, warnings);
    if (module)
      continue;
    errors.push_back(module.error());
    for (const Error &other : module.error().others)
      errors.push_back(other);
  }
  return errors;
}

class BrokenModel : public ::testing::TestWithParam<std::string> {};

TEST_P(BrokenModel, GivesItsErrors) {
  test::checkErrors(GetParam(), errorsOf(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenModel,
    ::testing::ValuesIn(test::listFiles("test/Inputs/broken_models")),
    test::fileParamName);

} // namespace

TEST(BrokenModels, AreMany) {
  EXPECT_GE(test::listFiles("test/Inputs/broken_models").size(), 40u);
}
