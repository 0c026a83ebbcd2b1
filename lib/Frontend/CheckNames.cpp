//===- CheckNames.cpp - Names in code that no program runs ----------------===//

#include "CheckNames.h"
#include "nnc/Language/Arguments.h"
#include "nnc/Support/ElementType.h"
#include <set>

using namespace nnc;
using namespace nnc::ast;

namespace {

/// The names of one block and of those around it.
struct Names {
  explicit Names(Names *parent = nullptr) : parent(parent) {}

  Names *parent;
  const Block *block = nullptr;
  std::map<std::string, SourceRange> bound;

  const SourceRange *find(const std::string &name) const {
    for (const Names *names = this; names; names = names->parent)
      if (auto own = names->bound.find(name); own != names->bound.end())
        return &own->second;
    return nullptr;
  }
};

/// Walks syntax trees, whose height the parser bounds.
class NameChecker {
public:
  NameChecker(const LoadedFile &file, Diagnostics &diagnostics)
      : file(file), diagnostics(diagnostics) {}

  void checkLayer(const Function &function) {
    checkFunction(function, nullptr);
  }
  void checkModel(const ModelDecl &model);

private:
  void checkFunction(const Function &function, Names *around);
  void checkBlock(const Block &block, Names &names);
  void checkStatement(const Statement &statement, Names &names);
  void checkExpr(const Expr &expr, Names &names);
  void checkArgument(const Expr &expr, Names &names);
  void checkLoop(const LoopExpr &loop, Names &names);
  /// \p isArgument: what a call is given may be of any kind.
  void checkUse(const std::string &name, SourceRange range, Names &names,
                bool isArgument);
  void bind(const Name &name, Names &names);

  const LoadedFile &file;
  Diagnostics &diagnostics;
  /// The nets, parameters, states and fns of the model, if there is one.
  Names *members = nullptr;
};

} // namespace

static const Name *boundName(const Statement &statement) {
  switch (statement.kind) {
  case StatementKind::Net:
    return &as<NetStatement>(statement).name;
  case StatementKind::Param:
    return &as<ParamStatement>(statement).name;
  case StatementKind::State:
    return &as<StateStatement>(statement).name;
  case StatementKind::Bind:
  case StatementKind::Next:
  case StatementKind::Penalty:
    return nullptr;
  }
  return nullptr;
}

void NameChecker::checkModel(const ModelDecl &model) {
  if (model.function)
    return checkFunction(*model.function, nullptr);
  // Members see each other in any order.
  Names members;
  for (const StatementPtr &member : model.members)
    if (const Name *name = boundName(*member))
      members.bound.emplace(name->text, name->range);
  for (const Function &function : model.functions)
    members.bound.emplace(function.name.text, function.name.range);
  for (const StatementPtr &member : model.members)
    if (const auto *net = dynAs<NetStatement>(member))
      checkExpr(*net->value, members);
  for (const Function &function : model.functions)
    checkFunction(function, &members);
}

/// Makes the names in the shapes of tensors names of sizes.
static void bindSizes(const Expr &expr, const LoadedFile &file, Names &names) {
  if (const auto *name = dynAs<NameExpr>(&expr)) {
    if (!names.bound.count(name->name) && !file.constant(name->name))
      names.bound.emplace(name->name, name->range);
  } else if (const auto *unary = dynAs<UnaryExpr>(&expr)) {
    bindSizes(*unary->operand, file, names);
  } else if (const auto *binary = dynAs<BinaryExpr>(&expr)) {
    bindSizes(*binary->lhs, file, names);
    bindSizes(*binary->rhs, file, names);
  }
}

void NameChecker::checkFunction(const Function &function, Names *around) {
  // Members of the model may be hidden: only the function's own names clash.
  Names names;
  for (const Formal &formal : function.signature.formals)
    if (!formal.isTensor())
      names.bound.emplace(formal.name.text, formal.name.range);
  for (const Formal &formal : function.signature.formals)
    if (formal.isTensor())
      for (const ExprPtr &dim : formal.type->dims)
        bindSizes(*dim, file, names);
  for (const Formal &formal : function.signature.formals)
    if (formal.isTensor())
      bind(formal.name, names);
  members = around;
  checkBlock(function.body, names);
  members = nullptr;
}

void NameChecker::checkBlock(const Block &block, Names &names) {
  names.block = &block;
  for (const StatementPtr &statement : block.statements)
    checkStatement(*statement, names);
  for (const ExprPtr &result : block.results)
    checkExpr(*result, names);
}

void NameChecker::bind(const Name &name, Names &names) {
  if (name.isDropped())
    return;
  if (const SourceRange *other = names.find(name.text)) {
    diagnostics.error(name.range, ErrorCode::boundTwice, name.text);
    diagnostics.note(*other, "first bound here");
    return;
  }
  names.bound.emplace(name.text, name.range);
}

void NameChecker::checkStatement(const Statement &statement, Names &names) {
  auto checkShape = [&](const Type &type) {
    for (const ExprPtr &dim : type.dims)
      checkExpr(*dim, names);
  };
  switch (statement.kind) {
  case StatementKind::Bind: {
    const auto &binding = as<BindStatement>(statement);
    checkExpr(*binding.value, names);
    for (const Name &name : binding.names)
      bind(name, names);
    return;
  }
  case StatementKind::Net:
    checkExpr(*as<NetStatement>(statement).value, names);
    return bind(as<NetStatement>(statement).name, names);
  case StatementKind::Param:
    checkShape(as<ParamStatement>(statement).type);
    return bind(as<ParamStatement>(statement).name, names);
  case StatementKind::State:
    checkShape(as<StateStatement>(statement).type);
    return bind(as<StateStatement>(statement).name, names);
  case StatementKind::Next:
    return checkExpr(*as<NextStatement>(statement).value, names);
  case StatementKind::Penalty:
    return checkExpr(*as<PenaltyStatement>(statement).value, names);
  }
}

void NameChecker::checkUse(const std::string &name, SourceRange range,
                           Names &names, bool isArgument) {
  if (names.find(name) || (members && members->find(name)) || file.find(name) ||
      name == "none" || nnc::parseElementType(name))
    return;
  for (const Builtin &builtin : builtins()) {
    bool isCallable = builtin.kind == BuiltinKind::Layer ||
                      builtin.kind == BuiltinKind::Function ||
                      builtin.kind == BuiltinKind::SettingFunction ||
                      builtin.kind == BuiltinKind::Loss;
    if (builtin.name == name && (isCallable || isArgument))
      return;
  }
  std::vector<std::string> candidates;
  for (const Names *around = &names; around; around = around->parent) {
    for (const auto &[own, place] : around->bound)
      candidates.push_back(own);
    if (!around->block)
      continue;
    for (const StatementPtr &statement : around->block->statements) {
      std::vector<const Name *> own = {boundName(*statement)};
      if (const auto *binding = dynAs<BindStatement>(statement)) {
        own.clear();
        for (const Name &bound : binding->names)
          own.push_back(&bound);
      }
      for (const Name *later : own)
        if (later && later->text == name) {
          diagnostics.error(range, ErrorCode::usedBeforeBound, name);
          diagnostics.note(later->range, "it is bound here");
          return;
        }
    }
  }
  if (members)
    for (const auto &[own, place] : members->bound)
      candidates.push_back(own);
  for (const Builtin &builtin : builtins())
    candidates.push_back(builtin.name);
  diagnostics.error(range, ErrorCode::unknownName, "name", name,
                    suggestion(name, candidates));
}

void NameChecker::checkLoop(const LoopExpr &loop, Names &names) {
  for (const Carry &carry : loop.carries)
    checkExpr(*carry.initial, names);
  for (const LoopSource &source : loop.sources)
    checkExpr(*source.value, names);
  Names inner(&names);
  for (const Carry &carry : loop.carries)
    bind(carry.name, inner);
  for (const LoopSource &source : loop.sources)
    bind(source.name, inner);
  if (loop.condition)
    checkExpr(*loop.condition, inner);
  if (loop.limit)
    checkExpr(*loop.limit, names);
  checkBlock(loop.body, inner);
}

void NameChecker::checkExpr(const Expr &expr, Names &names) {
  switch (expr.kind) {
  case ExprKind::Number:
  case ExprKind::String:
  case ExprKind::Bool:
  case ExprKind::Training:
    return;
  case ExprKind::Name:
    return checkUse(as<NameExpr>(expr).name, expr.range, names, false);
  case ExprKind::Unary:
    return checkExpr(*as<UnaryExpr>(expr).operand, names);
  case ExprKind::Binary: {
    // A chain of operators is deep to the left.
    const Expr *at = &expr;
    for (; at->kind == ExprKind::Binary; at = as<BinaryExpr>(*at).lhs.get())
      checkExpr(*as<BinaryExpr>(*at).rhs, names);
    return checkExpr(*at, names);
  }
  case ExprKind::Call: {
    const auto &call = as<CallExpr>(expr);
    checkExpr(*call.callee, names);
    for (const Argument &argument : call.arguments)
      checkArgument(*argument.value, names);
    return;
  }
  case ExprKind::Index:
    checkExpr(*as<IndexExpr>(expr).base, names);
    for (const Subscript &subscript : as<IndexExpr>(expr).subscripts)
      for (const ExprPtr *part : {&subscript.first, &subscript.last})
        if (*part)
          checkExpr(**part, names);
    return;
  case ExprKind::List:
    for (const ExprPtr &element : as<ListExpr>(expr).elements)
      checkExpr(*element, names);
    return;
  case ExprKind::If: {
    const auto &branch = as<IfExpr>(expr);
    checkExpr(*branch.condition, names);
    Names taken(&names), other(&names);
    checkBlock(branch.thenBlock, taken);
    if (branch.elseIf)
      checkExpr(*branch.elseIf, names);
    else
      checkBlock(branch.elseBlock, other);
    return;
  }
  case ExprKind::Loop:
    return checkLoop(as<LoopExpr>(expr), names);
  }
}

/// Initialisers and the like are known by their place.
void NameChecker::checkArgument(const Expr &expr, Names &names) {
  if (const auto *name = dynAs<NameExpr>(&expr))
    return checkUse(name->name, expr.range, names, true);
  const auto *call = dynAs<CallExpr>(&expr);
  if (!call || call->calleeName().empty())
    return checkExpr(expr, names);
  checkUse(call->calleeName(), call->callee->range, names, true);
  for (const Argument &argument : call->arguments)
    checkArgument(*argument.value, names);
}

void frontend::checkNames(const LoadedFile &file, Diagnostics &diagnostics) {
  NameChecker checker(file, diagnostics);
  for (const DeclPtr &decl : file.tree->decls) {
    if (const auto *layer = dynAs<LayerDecl>(decl))
      checker.checkLayer(layer->function);
    else if (const auto *model = dynAs<ModelDecl>(decl))
      checker.checkModel(*model);
  }
}
