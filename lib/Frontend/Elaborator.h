//===- Elaborator.h - From syntax trees to graphs ---------------*- C++ -*-===//
//
// Evaluates the body of a model: settings become values, calls of layers are
// instantiated, tensors are built through the graph API. Every error is
// reported once, at its place; what depends on it is poison.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_FRONTEND_ELABORATOR_H
#define NNC_LIB_FRONTEND_ELABORATOR_H

#include "Scope.h"
#include "nnc/Graph/Loops.h"
#include <set>

namespace nnc::frontend {

/// The deepest nesting of calls of layers and fns in each other.
inline constexpr unsigned maxCallDepth = 64;
/// The deepest nesting of expressions, through all calls.
inline constexpr unsigned maxExpressionDepth = 2048;
/// The most expressions evaluated for one program: bounds what `repeat` and
/// layers that call each other can make of a short file.
inline constexpr uint64_t maxEvaluations = 1'000'000;
/// The longest list.
inline constexpr size_t maxListLength = 65'536;

/// What training or prediction gets of a model.
struct ModelResult {
  std::string name;
  Tensor tensor;
};

class Elaborator;

/// One call of a built-in: an argument for each parameter, defaults filled in.
class BuiltinCall {
public:
  BuiltinCall(Elaborator &elaborator, const Builtin &builtin,
              std::vector<Value> values, std::string segment,
              SourceRange range);

  const Value &value(const char *parameter) const {
    return values[builtin.indexOf(parameter)];
  }
  bool isGiven(const char *parameter) const {
    return !value(parameter).isNone();
  }
  /// A tensor or number.
  Operand operand(const char *parameter) const;
  Tensor tensor(const char *parameter) const;
  int64_t integer(const char *parameter) const {
    return value(parameter).dim.constant();
  }
  double number(const char *parameter) const {
    return value(parameter).toDouble();
  }
  bool boolean(const char *parameter) const { return value(parameter).boolean; }
  const std::string &text(const char *parameter) const {
    return value(parameter).text;
  }
  /// A list of ints, or one int.
  std::vector<int64_t> integers(const char *parameter) const;
  Axes axes(const char *parameter) const;
  /// A list of sizes; reports and gives nothing if it holds others.
  std::optional<std::vector<Dim>> shape(const char *parameter);
  /// A tensor, or a list of tensors.
  std::optional<std::vector<Tensor>> tensors(const char *parameter);
  Initializer initializer(const char *parameter) const;
  Regularizer regularizer(const char *parameter) const;
  Constraint constraint(const char *parameter) const;
  Activation activation(const char *parameter) const;
  WeightOptions weights(bool hasBias = true) const;
  /// The name of a layer: its `name`, or the binding it is called for.
  std::string name() const;

  /// The graph's error, if there is one, is reported; the result.
  Value result(const Tensor &tensor) const;

  Elaborator &elaborator;
  Graph &graph;
  const Builtin &builtin;
  std::vector<Value> values;
  std::string segment;
  SourceRange range;
};

using BuiltinHandler = Value (*)(BuiltinCall &call);
/// The handlers of layers, functions and losses, or null if it is not built.
BuiltinHandler findLayerHandler(const std::string &name);
BuiltinHandler findFunctionHandler(const std::string &name);
BuiltinHandler findLossHandler(const std::string &name);
BuiltinHandler findHandler(const Builtin &builtin);

class Elaborator {
public:
  /// \p floatType is what f32 in the file means.
  Elaborator(Graph &graph, Diagnostics &diagnostics, ElementType floatType);

  /// Builds \p function, a model's whole or one of its fns, on new inputs that
  /// are named as its formals. Nothing if an error was reported.
  std::optional<std::vector<ModelResult>>
  buildEntry(ModelInstance &model, const ast::Function &function);

  /// The call of the built-in loss \p loss on tensors.
  Value applyLoss(const SettingValue &loss, const Tensor &result,
                  const Tensor &target, const char *reduction);

  // What built-in calls need.
  Graph &graph;
  Diagnostics &diagnostics;
  const ElementType floatType;

  /// Reports the graph's error, if there is one.
  void reportGraphError();
  template <typename... Args>
  Value error(SourceRange range, ErrorCode code, Args &&...args) {
    diagnostics.error(range, code, std::forward<Args>(args)...);
    return {};
  }
  /// Applies \p closure to \p tensors.
  Value apply(const Closure &closure, const std::vector<Value> &tensors,
              const std::string &segment, SourceRange range);
  /// The elements of \p type; f32 after an error where nnc lacks them.
  ElementType elementType(const ast::Type &type);
  /// A setting or tensor as an operand; open sizes become scalars of \p type.
  Operand toOperand(const Value &value, ElementType type);

private:
  // Expressions.
  Value evaluate(const ast::Expr &expr, Scope &scope,
                 const std::string &segment = {});
  Value evaluateKind(const ast::Expr &expr, Scope &scope,
                     const std::string &segment);
  Value evaluateName(const ast::NameExpr &name, Scope &scope);
  Value evaluateUnary(const ast::UnaryExpr &unary, Scope &scope);
  Value evaluateBinary(const ast::BinaryExpr &binary, Scope &scope);
  Value applyBinaryOp(const ast::BinaryExpr &binary, const Value &lhs,
                      const Value &rhs);
  Value applyOpenSizes(const ast::BinaryExpr &binary, const Value &lhs,
                       const Value &rhs);
  Value applyTensors(const ast::BinaryExpr &binary, const Value &lhs,
                     const Value &rhs);
  Value evaluateList(const ast::ListExpr &list, Scope &scope);
  Value evaluateIndex(const ast::IndexExpr &index, Scope &scope);
  Value indexTensor(const ast::IndexExpr &index, const Tensor &base,
                    Scope &scope);
  Value evaluateIf(const ast::IfExpr &branch, Scope &scope);
  /// A known int of a subscript or count.
  std::optional<int64_t> evaluateInteger(const ast::Expr &expr, Scope &scope);

  // Names.
  Value lookUp(const std::string &name, SourceRange range, Scope &scope);
  Value lookUpMember(const std::string &name, SourceRange range, Scope &scope,
                     bool &found);
  Value lookUpDeclaration(const std::string &name, SourceRange range,
                          Scope &scope, bool &found);
  static Value lookUpBuiltin(const std::string &name);
  Value readBinding(Binding &binding, const std::string &name,
                    SourceRange range);
  void reportUnknown(const std::string &name, SourceRange range, Scope &scope,
                     bool isCall);
  /// Binds \p name, unless a block around has it already.
  bool bind(const ast::Name &name, Binding binding, Scope &scope);

  // Calls.
  Value evaluateCall(const ast::CallExpr &call, Scope &scope,
                     const std::string &segment);
  Value callSettingFunction(const Builtin &builtin, const ast::CallExpr &call,
                            Scope &scope);
  Value applySettingFunction(const Builtin &builtin, const ast::CallExpr &call,
                             const std::vector<Value> &values);
  Value callClosure(const std::shared_ptr<const Closure> &closure,
                    const ast::CallExpr &call, Scope &scope,
                    const std::string &segment);
  /// The parameters of what \p closure calls.
  std::vector<Parameter> parametersOfClosure(const Closure &closure) const;
  /// A layer or function with settings only.
  Value evaluateFunction(const ast::Expr &expr, Scope &scope,
                         const std::string &wantedBy);
  Value makeClosure(const Closure &callee, const ast::CallExpr &call,
                    Scope &scope);
  /// The value of \p expr for a parameter.
  Value evaluateArgument(const ast::Expr &expr, const Parameter &parameter,
                         Scope &scope);
  Value evaluateSetting(const ast::Expr &expr, const Parameter &parameter,
                        Scope &scope);
  Value convertSetting(const Value &value, SourceRange range,
                       const Parameter &parameter);
  Value defaultValue(const Parameter &parameter);
  Value invoke(const Closure &closure, std::vector<std::optional<Value>> values,
               const std::string &segment, SourceRange range);
  Value invokeBuiltin(const Closure &closure,
                      std::vector<std::optional<Value>> values,
                      const std::string &segment, SourceRange range);
  Value invokeFunction(const Closure &closure,
                       std::vector<std::optional<Value>> values,
                       const std::string &segment, SourceRange range);
  Value invokeChain(const Closure &closure, const Value &x,
                    const std::string &segment, SourceRange range);

  // Signatures.
  bool bindSettings(const ast::Function &function,
                    const std::vector<Parameter> &parameters,
                    const std::vector<std::optional<Value>> &values,
                    Scope &scope, SourceRange range);
  bool bindTensors(const ast::Function &function, std::vector<Value> &tensors,
                   Scope &scope, SourceRange range);
  bool bindSizes(const ast::Function &function, const ast::Formal &formal,
                 const Tensor &tensor, Scope &scope, SourceRange range);
  bool checkSizes(const ast::Function &function, const ast::Formal &formal,
                  const Tensor &tensor, Scope &scope, SourceRange range);
  /// Opens the dimension variables of a model's own signature.
  bool openSizes(const ast::Function &function, Scope &scope);
  std::optional<std::vector<Value>> bindInputs(const ast::Function &function,
                                               Scope &scope);
  std::optional<Dim> evaluateSize(const ast::Expr &expr, Scope &scope);
  std::optional<std::vector<Dim>> evaluateShape(const ast::Type &type,
                                                Scope &scope);
  Value checkResult(const ast::Function &function, const ast::Result &result,
                    const Value &value, SourceRange range, Scope &scope);
  std::optional<std::vector<Value>> runBody(const ast::Function &function,
                                            Scope &scope);

  // Statements.
  /// The results of the block's end; nothing if it has none.
  std::vector<Value> runBlock(const ast::Block &block, Scope &scope);
  void runStatement(const ast::Statement &statement, Scope &scope);
  void runBind(const ast::BindStatement &bind, Scope &scope);
  void runNet(const ast::NetStatement &net, Scope &scope);
  void runNext(const ast::NextStatement &next, Scope &scope);
  Value makeParameter(const ast::Name &name, const ast::Type &type,
                      const ast::Expr &initializer, bool isState, Scope &scope);
  Value makeNet(const ast::NetStatement &net, Scope &scope);
  void warnUnused(const Scope &scope);

  // Loops.
  Value evaluateLoop(const ast::LoopExpr &loop, Scope &scope,
                     const std::string &segment);
  Value evaluateRepeat(const ast::LoopExpr &loop, Scope &scope,
                       const std::string &segment);
  /// The values of a repeat's source, or their number if it is a range.
  struct SourceValues {
    std::optional<int64_t> count;
    std::vector<Value> list;
    int64_t size() const {
      return count ? *count : static_cast<int64_t>(list.size());
    }
  };
  std::optional<SourceValues> evaluateSource(const ast::LoopSource &source,
                                             Scope &scope);

  // Loops and branches at run time.
  Value evaluateScan(const ast::LoopExpr &loop, Scope &scope,
                     const std::string &segment);
  Value evaluateWhile(const ast::LoopExpr &loop, Scope &scope,
                      const std::string &segment);
  std::optional<ScanSource> evaluateScanSource(const ast::LoopSource &source,
                                               Scope &scope);
  bool bindCarried(const ast::LoopExpr &loop,
                   const std::vector<Tensor> &carried, Scope &body);
  /// The `next` of each carried value, of its type.
  std::optional<std::vector<Tensor>>
  nextOfCarried(const ast::LoopExpr &loop, const std::vector<Tensor> &carried,
                Scope &body);
  /// \p expr as a tensor for \p wantedBy; numbers become scalars.
  std::optional<Tensor> evaluateTensor(const ast::Expr &expr, Scope &scope,
                                       const std::string &wantedBy);
  /// An `if` on a tensor: both sides are computed, one is taken.
  Value selectSide(const ast::IfExpr &branch, const Tensor &condition,
                   Scope &scope);
  std::optional<std::vector<Value>>
  runSide(const ast::IfExpr &branch, const ast::Block &block, Scope &scope);

  unsigned callDepth = 0;
  unsigned expressionDepth = 0;
  uint64_t evaluations = 0;
  /// Bindings already warned about, by their place.
  std::set<std::pair<const SourceFile *, uint32_t>> warned;
};

/// The settings that the names in a block stand for, for the evaluator of
/// initialisers and the like.
class ScopeSettings : public SettingScope {
public:
  explicit ScopeSettings(Scope &scope) : scope(scope) {}

  const SettingValue *constant(const std::string &name) const override;
  const ast::Expr *namedConstant(const std::string &name) const override;
  std::vector<std::string> names(KindSet kinds) const override;

private:
  Scope &scope;
  mutable std::map<std::string, SettingValue> converted;
};

} // namespace nnc::frontend

#endif // NNC_LIB_FRONTEND_ELABORATOR_H
