//===- GradientGraph.cpp - Differentiated models --------------------------===//

#include "GradientGraph.h"
#include "ProgramRun.h"
#include "nnc/Execution/FirstError.h"
#include "nnc/Frontend/Frontend.h"
#include "nnc/Language/Arguments.h"

using namespace mlir;
using namespace nnc;

Expected<std::vector<unsigned>>
nnc::chooseArguments(func::FuncOp function,
                     const std::vector<std::string> &globs) {
  std::vector<unsigned> parameters, inputs, chosen;
  std::vector<std::string> names;
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    std::string role = argumentText(function, index, "nn.role");
    auto type = cast<RankedTensorType>(argument.getType());
    if (!isa<FloatType>(type.getElementType()) || role == "scalar")
      continue;
    (role == "parameter" ? parameters : inputs).push_back(index);
    names.push_back(argumentText(function, index, "nn.name"));
  }
  if (globs.empty()) {
    chosen = parameters.empty() ? inputs : parameters;
    if (chosen.empty())
      return fail(ErrorCode::nothingTrained);
    return chosen;
  }
  std::vector<unsigned> candidates(parameters);
  candidates.insert(candidates.end(), inputs.begin(), inputs.end());
  llvm::sort(candidates);
  std::vector<bool> matched(globs.size());
  for (unsigned index : candidates) {
    std::string name = argumentText(function, index, "nn.name");
    bool isChosen = false;
    for (auto [i, glob] : llvm::enumerate(globs))
      if (frontend::matchesGlob(glob, name))
        matched[i] = isChosen = true;
    if (isChosen)
      chosen.push_back(index);
  }
  for (auto [i, glob] : llvm::enumerate(globs))
    if (!matched[i])
      return fail(ErrorCode::noParameterMatches, glob, suggestion(glob, names));
  return chosen;
}

Expected<void> nnc::addGradients(func::FuncOp function,
                                 const std::vector<unsigned> &arguments,
                                 int order, nn::AdjointObserver observe) {
  FirstError errors(function.getContext());
  Operation *terminator = function.getBody().front().getTerminator();
  OpBuilder builder(terminator);
  Value y = nn::prepareForDifferentiation(terminator->getOperand(0));
  terminator->setOperands(y);
  SmallVector<Value> wrt, results;
  std::vector<std::string> names = {"loss"};
  for (unsigned index : arguments)
    wrt.push_back(function.getArgument(index));
  for (int i = 1; i <= order; ++i) {
    SmallVector<Value> gradients;
    if (!y)
      gradients.assign(wrt.size(), Value());
    else if (failed(nn::differentiate(builder, y, wrt, gradients,
                                      i == 1 ? observe : nullptr)))
      return errors.take("the objective has no gradient");
    y = nullptr;
    for (auto [index, gradient] : llvm::zip(arguments, gradients)) {
      auto type = cast<RankedTensorType>(function.getArgument(index).getType());
      if (gradient && i < order) {
        SmallVector<int64_t> axes =
            llvm::to_vector(llvm::seq<int64_t>(0, type.getRank()));
        Value sum =
            nn::ReduceSumOp::create(builder, gradient.getLoc(), gradient, axes);
        y = y ? nn::AddOp::create(builder, gradient.getLoc(), y, sum).getY()
              : sum;
      }
      if (!gradient)
        gradient = nn::createFull(builder, function.getLoc(), type, 0.0);
      results.push_back(gradient);
      names.push_back((i == 1 ? "gradient." : "gradient2.") +
                      argumentText(function, index, "nn.name"));
    }
  }
  // What the objective stands for now that composite ops were taken apart.
  results.insert(results.begin(), terminator->getOperand(0));
  SmallVector<Type> types;
  SmallVector<Attribute> attributes;
  for (auto [value, name] : llvm::zip(results, names)) {
    types.push_back(value.getType());
    attributes.push_back(builder.getDictionaryAttr(
        builder.getNamedAttr("nn.name", builder.getStringAttr(name))));
  }
  terminator->setOperands(results);
  function.setFunctionType(
      builder.getFunctionType(function.getArgumentTypes(), types));
  function.setResAttrsAttr(builder.getArrayAttr(attributes));
  return {};
}
