//===- LanguageText.cpp - Graphs in the nnc language ----------------------===//

#include "LanguageText.h"
#include "ExpressionText.h"
#include "ProgramRun.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace nnc;

/// \p name as the language writes it: in backquotes where it is no identifier.
static std::string quoted(const std::string &name) {
  bool plain = !name.empty() && !llvm::isDigit(name[0]);
  for (char c : name)
    plain &= llvm::isAlnum(c) || c == '_';
  return plain ? name : "`" + name + "`";
}

namespace {
class LanguagePrinter {
public:
  explicit LanguagePrinter(func::FuncOp function) : function(function) {}

  Expected<std::string> run();

private:
  Expected<void> printArguments();
  Expected<void> printOp(Operation *op);
  std::string printResults();
  std::string materialized(Value value);

  func::FuncOp function;
  std::string inputs, parameters, body;
  llvm::StringSet<> taken;
  llvm::DenseMap<Value, ExpressionText> texts;
  unsigned next = 1;
};
} // namespace

Expected<void> LanguagePrinter::printArguments() {
  for (BlockArgument argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    std::string role = argumentText(function, number, "nn.role");
    std::string name = argumentText(function, number, "nn.name");
    if (name.empty())
      name = "x" + std::to_string(number);
    taken.insert(name);
    texts[argument] = {quoted(name)};
    std::string declared = quoted(name) + ": " + typeText(argument.getType());
    if (role == "parameter" || role == "state") {
      std::string start = argumentText(function, number, "nn.initializer");
      parameters +=
          fmt::format("  {} {} = {}\n", role == "state" ? "state" : "param",
                      declared, start.empty() ? "zeros" : start);
    } else if (role == "input" || role.empty()) {
      inputs += (inputs.empty() ? "" : ", ") + declared;
    } else if (name != "seed" && name != "step") {
      return fail(ErrorCode::unsupported,
                  fmt::format("the argument '{}' in nnc text", name));
    }
  }
  return {};
}

/// The expression of \p value as a tensor, also where it is a number.
std::string LanguagePrinter::materialized(Value value) {
  const ExpressionText &text = texts[value];
  if (!text.isNumber)
    return text.text;
  auto type = cast<RankedTensorType>(value.getType());
  std::string filled = fmt::format("full({}, {})", sizesText(type), text.text);
  std::string whole = typeText(type);
  std::string element = whole.substr(0, whole.find('['));
  return element == "f32" ? filled
                          : fmt::format("cast({}, {})", filled, element);
}

/// Whether a number may stand for operand \p index of \p op: another operand
/// says what type and shape it has.
static bool takesNumber(Operation *op, unsigned index,
                        ArrayRef<ExpressionText> operands) {
  if (!isa<nn::AddOp, nn::SubOp, nn::MulOp, nn::DivOp, nn::MaximumOp,
           nn::MinimumOp, nn::PowOp, nn::CompareOp>(op))
    return false;
  auto type = cast<RankedTensorType>(op->getOperand(index).getType());
  return isa<FloatType>(type.getElementType()) && !operands[1 - index].isNumber;
}

Expected<void> LanguagePrinter::printOp(Operation *op) {
  // A filled tensor is its number where that will do.
  if (auto repeat = dyn_cast<nn::BroadcastOp>(op))
    if (ExpressionText text = texts[repeat.getX()]; text.isNumber) {
      texts[repeat.getY()] = text;
      return {};
    }
  SmallVector<ExpressionText> operands;
  for (Value operand : op->getOperands())
    operands.push_back(texts[operand]);
  for (unsigned i = 0; i < operands.size(); ++i)
    if (operands[i].isNumber && !takesNumber(op, i, operands))
      operands[i] = {materialized(op->getOperand(i))};
  std::optional<ExpressionText> text =
      op->getNumResults() == 1
          ? expressionOf(op, operands, ExpressionStyle::language)
          : std::nullopt;
  if (!text)
    return fail(ErrorCode::unsupported,
                fmt::format("'{}' with these settings in nnc text",
                            op->getName().getStringRef().str()));
  if (text->isNumber) {
    texts[op->getResult(0)] = *text;
    return {};
  }
  std::string name;
  do
    name = "v" + std::to_string(next++);
  while (taken.contains(name));
  body += fmt::format("  {} = {}\n", name, text->text);
  texts[op->getResult(0)] = {name};
  return {};
}

/// The model's results, and a return of them.
std::string LanguagePrinter::printResults() {
  std::string results, returned;
  Operation *terminator = function.getBody().front().getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    if (function.getResultAttr(number, "nn.updates"))
      continue;
    results += fmt::format("{}{}: {}", results.empty() ? "" : ", ",
                           quoted(resultName(function, number)),
                           typeText(operand.get().getType()));
    returned += (returned.empty() ? "" : ", ") + materialized(operand.get());
  }
  body += "  return " + returned + "\n";
  return results;
}

Expected<std::string> LanguagePrinter::run() {
  if (auto printed = printArguments(); !printed)
    return fail(std::move(printed).error());
  // What nobody uses is not said.
  llvm::DenseSet<Operation *> used;
  for (Operation &op : llvm::reverse(function.getBody().front()))
    if (op.hasTrait<OpTrait::IsTerminator>() ||
        llvm::any_of(op.getUsers(),
                     [&](Operation *user) { return used.contains(user); }))
      used.insert(&op);
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (!used.contains(&op))
      continue;
    if (auto printed = printOp(&op); !printed)
      return fail(std::move(printed).error());
  }
  std::string results = printResults();
  return fmt::format("nnc 1\nmodel {}({}) -> ({}) {{\n{}{}}}\n",
                     quoted(function.getSymName().str()), inputs, results,
                     parameters, body);
}

Expected<std::string> nnc::printLanguage(func::FuncOp function) {
  return LanguagePrinter(function).run();
}
