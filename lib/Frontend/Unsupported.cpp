//===- Unsupported.cpp - All that a model uses and nnc lacks --------------===//

#include "Unsupported.h"
#include <set>

using namespace nnc;
using namespace nnc::ast;

namespace {
/// Walks syntax trees; a tree's height is bounded by the parser.
class Walker {
public:
  Walker(const ModelDecl &model, Diagnostics &diagnostics)
      : model(model), diagnostics(diagnostics) {}

  void walk(const Function &function, const LoadedFile &in) {
    if (!seen.insert(&function).second)
      return;
    const LoadedFile *outer = file;
    file = &in;
    std::set<std::string> outerNames;
    outerNames.swap(local);
    for (const Formal &formal : function.signature.formals)
      local.insert(formal.name.text);
    walk(function.body);
    local.swap(outerNames);
    file = outer;
  }

  void walk(const StatementPtr &statement) {
    switch (statement->kind) {
    case StatementKind::Bind: {
      const auto &bind = as<BindStatement>(*statement);
      walk(*bind.value);
      for (const Name &name : bind.names)
        local.insert(name.text);
      return;
    }
    case StatementKind::Net:
      walk(*as<NetStatement>(*statement).value);
      local.insert(as<NetStatement>(*statement).name.text);
      return;
    case StatementKind::Next:
      return walk(*as<NextStatement>(*statement).value);
    case StatementKind::Penalty:
      return walk(*as<PenaltyStatement>(*statement).value);
    case StatementKind::Param:
    case StatementKind::State:
      return;
    }
  }

  const LoadedFile *file = nullptr;

private:
  void walk(const Block &block) {
    for (const StatementPtr &statement : block.statements)
      walk(statement);
    for (const ExprPtr &result : block.results)
      walk(*result);
  }

  void walk(const Expr &expr);
  void walkCall(const CallExpr &call);
  void walkLoop(const LoopExpr &loop);
  /// \p name as what is called, or given as a function.
  void walkName(const std::string &name, SourceRange range);
  void report(SourceRange range, const std::string &what);

  const ModelDecl &model;
  Diagnostics &diagnostics;
  std::set<const Function *> seen;
  std::set<std::string> local;
};
} // namespace

void Walker::report(SourceRange range, const std::string &what) {
  SourcePosition place = range.position();
  for (const Error &error : diagnostics.errors())
    if (error.position.file == place.file &&
        error.position.line == place.line &&
        error.position.column == place.column)
      return;
  diagnostics.error(range, ErrorCode::unsupported, what);
}

void Walker::walkName(const std::string &name, SourceRange range) {
  if (local.count(name))
    return;
  for (const Function &function : model.functions)
    if (function.name.text == name)
      return walk(function, *file);
  const LoadedFile *in = nullptr;
  if (const Decl *decl = file->find(name, &in)) {
    if (const auto *layer = dynAs<LayerDecl>(decl))
      walk(layer->function, *in);
    else if (const auto *other = dynAs<ModelDecl>(decl);
             other && other->function)
      walk(*other->function, *in);
    return;
  }
  for (BuiltinKind kind :
       {BuiltinKind::Layer, BuiltinKind::Function, BuiltinKind::Loss})
    if (const Builtin *builtin = findBuiltin(kind, name)) {
      if (!builtin->isSupported)
        report(range, fmt::format("{} '{}'", nameOf(kind), name));
      return;
    }
}

void Walker::walkCall(const CallExpr &call) {
  if (call.calleeName().empty())
    walk(*call.callee);
  else
    walkName(call.calleeName(), call.range);
  for (const Argument &argument : call.arguments)
    walk(*argument.value);
}

void Walker::walkLoop(const LoopExpr &loop) {
  for (const Carry &carry : loop.carries) {
    walk(*carry.initial);
    local.insert(carry.name.text);
  }
  for (const LoopSource &source : loop.sources) {
    walk(*source.value);
    local.insert(source.name.text);
  }
  walk(loop.body);
}

void Walker::walk(const Expr &expr) {
  switch (expr.kind) {
  case ExprKind::Number:
  case ExprKind::String:
  case ExprKind::Bool:
  case ExprKind::Training:
    return;
  case ExprKind::Name:
    return walkName(as<NameExpr>(expr).name, expr.range);
  case ExprKind::Unary:
    return walk(*as<UnaryExpr>(expr).operand);
  case ExprKind::Binary:
    walk(*as<BinaryExpr>(expr).lhs);
    return walk(*as<BinaryExpr>(expr).rhs);
  case ExprKind::Call:
    return walkCall(as<CallExpr>(expr));
  case ExprKind::Index:
    return walk(*as<IndexExpr>(expr).base);
  case ExprKind::List:
    for (const ExprPtr &element : as<ListExpr>(expr).elements)
      walk(*element);
    return;
  case ExprKind::If: {
    const auto &branch = as<IfExpr>(expr);
    walk(*branch.condition);
    walk(branch.thenBlock);
    if (branch.elseIf)
      walk(*branch.elseIf);
    else
      walk(branch.elseBlock);
    return;
  }
  case ExprKind::Loop:
    return walkLoop(as<LoopExpr>(expr));
  }
}

void frontend::reportUnsupported(const LoadedFile &file, const ModelDecl &model,
                                 const Function &function,
                                 Diagnostics &diagnostics) {
  Walker walker(model, diagnostics);
  walker.file = &file;
  for (const StatementPtr &member : model.members)
    walker.walk(member);
  walker.walk(function, file);
}
