//===- Equal.cpp - Structural equality of syntax trees --------------------===//

#include "nnc/Language/AST.h"
#include <algorithm>

using namespace nnc::ast;

namespace {

/// One overload a node; members of a class so that all see each other.
struct Equality {

  static bool same(const Name &a, const Name &b) { return a.text == b.text; }

  static bool same(const ExprPtr &a, const ExprPtr &b) {
    return a && b ? equal(*a, *b) : !a && !b;
  }

  template <typename T>
  static bool same(const std::vector<T> &a, const std::vector<T> &b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const T &x, const T &y) { return same(x, y); });
  }

  static bool same(const Type &a, const Type &b) {
    return a.element == b.element && a.anyLeading == b.anyLeading &&
           same(a.dims, b.dims);
  }

  static bool same(const Formal &a, const Formal &b) {
    if (!same(a.name, b.name) || a.isTensor() != b.isTensor())
      return false;
    return a.isTensor() ? same(*a.type, *b.type)
                        : a.settingKind == b.settingKind &&
                              same(a.defaultValue, b.defaultValue);
  }

  static bool same(const Result &a, const Result &b) {
    return same(a.label, b.label) && same(a.type, b.type);
  }

  static bool same(const Argument &a, const Argument &b) {
    return same(a.name, b.name) && same(a.value, b.value);
  }

  static bool same(const Subscript &a, const Subscript &b) {
    return a.kind == b.kind && same(a.first, b.first) && same(a.last, b.last);
  }

  static bool same(const Carry &a, const Carry &b) {
    return same(a.name, b.name) && same(a.initial, b.initial);
  }

  static bool same(const LoopSource &a, const LoopSource &b) {
    return same(a.name, b.name) && same(a.value, b.value) &&
           a.axisName.has_value() == b.axisName.has_value() &&
           (!a.axisName || same(*a.axisName, *b.axisName)) &&
           a.axisNumber == b.axisNumber;
  }

  template <typename T> static bool sameVariable(const T &a, const T &b) {
    return same(a.name, b.name) && same(a.type, b.type) &&
           same(a.initializer, b.initializer);
  }

  static bool same(const StatementPtr &a, const StatementPtr &b) {
    if (a->kind != b->kind)
      return false;
    switch (a->kind) {
    case StatementKind::Bind: {
      const auto &x = as<BindStatement>(*a), &y = as<BindStatement>(*b);
      return same(x.names, y.names) && same(x.value, y.value);
    }
    case StatementKind::Net: {
      const auto &x = as<NetStatement>(*a), &y = as<NetStatement>(*b);
      return same(x.name, y.name) && same(x.value, y.value);
    }
    case StatementKind::Param:
      return sameVariable(as<ParamStatement>(*a), as<ParamStatement>(*b));
    case StatementKind::State:
      return sameVariable(as<StateStatement>(*a), as<StateStatement>(*b));
    case StatementKind::Next: {
      const auto &x = as<NextStatement>(*a), &y = as<NextStatement>(*b);
      return same(x.name, y.name) && same(x.value, y.value);
    }
    case StatementKind::Penalty:
      return same(as<PenaltyStatement>(*a).value,
                  as<PenaltyStatement>(*b).value);
    }
    return false;
  }

  static bool same(const Block &a, const Block &b) {
    return a.end == b.end && same(a.statements, b.statements) &&
           same(a.results, b.results);
  }

  static bool same(const Function &a, const Function &b) {
    return same(a.name, b.name) &&
           same(a.signature.formals, b.signature.formals) &&
           same(a.signature.results, b.signature.results) &&
           same(a.body, b.body);
  }

  static bool same(const Setting &a, const Setting &b) {
    return same(a.name, b.name) && same(a.value, b.value);
  }

  static bool same(const Step &a, const Step &b) {
    return same(a.name, b.name) && same(a.settings, b.settings);
  }

  static bool same(const LoopExpr &a, const LoopExpr &b) {
    return a.loop == b.loop && a.reverse == b.reverse &&
           same(a.carries, b.carries) && same(a.sources, b.sources) &&
           same(a.condition, b.condition) && same(a.limit, b.limit) &&
           same(a.body, b.body);
  }

  static bool same(const DeclPtr &a, const DeclPtr &b) {
    if (a->kind != b->kind)
      return false;
    switch (a->kind) {
    case DeclKind::Import:
      return as<ImportDecl>(*a).path == as<ImportDecl>(*b).path;
    case DeclKind::Const: {
      const auto &x = as<ConstDecl>(*a), &y = as<ConstDecl>(*b);
      return same(x.name, y.name) && same(x.value, y.value);
    }
    case DeclKind::Layer:
      return same(as<LayerDecl>(*a).function, as<LayerDecl>(*b).function);
    case DeclKind::Model: {
      const auto &x = as<ModelDecl>(*a), &y = as<ModelDecl>(*b);
      return same(x.name, y.name) &&
             x.function.has_value() == y.function.has_value() &&
             (!x.function || same(*x.function, *y.function)) &&
             same(x.members, y.members) && same(x.functions, y.functions);
    }
    case DeclKind::Train: {
      const auto &x = as<TrainDecl>(*a), &y = as<TrainDecl>(*b);
      return same(x.model, y.model) && same(x.settings, y.settings) &&
             same(x.steps, y.steps);
    }
    }
    return false;
  }
};

} // namespace

bool nnc::ast::equal(const Expr &a, const Expr &b) {
  if (a.kind != b.kind)
    return false;
  switch (a.kind) {
  case ExprKind::Number: {
    const auto &x = as<NumberExpr>(a), &y = as<NumberExpr>(b);
    return x.isInteger == y.isInteger && x.value == y.value &&
           (!x.isInteger || x.integer == y.integer);
  }
  case ExprKind::String:
    return as<StringExpr>(a).value == as<StringExpr>(b).value;
  case ExprKind::Bool:
    return as<BoolExpr>(a).value == as<BoolExpr>(b).value;
  case ExprKind::Training:
    return true;
  case ExprKind::Name:
    return as<NameExpr>(a).name == as<NameExpr>(b).name;
  case ExprKind::Unary: {
    const auto &x = as<UnaryExpr>(a), &y = as<UnaryExpr>(b);
    return x.op == y.op && Equality::same(x.operand, y.operand);
  }
  case ExprKind::Binary: {
    const auto &x = as<BinaryExpr>(a), &y = as<BinaryExpr>(b);
    return x.op == y.op && Equality::same(x.lhs, y.lhs) &&
           Equality::same(x.rhs, y.rhs);
  }
  case ExprKind::Call: {
    const auto &x = as<CallExpr>(a), &y = as<CallExpr>(b);
    return Equality::same(x.callee, y.callee) &&
           Equality::same(x.arguments, y.arguments);
  }
  case ExprKind::Index: {
    const auto &x = as<IndexExpr>(a), &y = as<IndexExpr>(b);
    return Equality::same(x.base, y.base) &&
           Equality::same(x.subscripts, y.subscripts);
  }
  case ExprKind::List:
    return Equality::same(as<ListExpr>(a).elements, as<ListExpr>(b).elements);
  case ExprKind::If: {
    const auto &x = as<IfExpr>(a), &y = as<IfExpr>(b);
    return Equality::same(x.condition, y.condition) &&
           Equality::same(x.thenBlock, y.thenBlock) &&
           Equality::same(x.elseIf, y.elseIf) &&
           Equality::same(x.elseBlock, y.elseBlock);
  }
  case ExprKind::Loop:
    return Equality::same(as<LoopExpr>(a), as<LoopExpr>(b));
  }
  return false;
}

bool nnc::ast::equal(const File &a, const File &b) {
  return a.version == b.version && Equality::same(a.decls, b.decls);
}
