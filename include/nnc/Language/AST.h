//===- AST.h - The syntax tree of the nnc language --------------*- C++ -*-===//
//
// Plain structs, one a production of the grammar. Expressions, statements and
// declarations carry a `kind` to switch over; `as<T>(node)` and `dynAs<T>`
// (or LLVM's casts, through `classof`) reach the struct behind it. Nodes own
// their children. Every node knows its source range; equality ignores it.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LANGUAGE_AST_H
#define NNC_LANGUAGE_AST_H

#include "nnc/Language/SourceFile.h"
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nnc::ast {

/// \p node as the struct its kind stands for; its kind must be T's.
template <typename T, typename Node> const T &as(const Node &node) {
  assert(T::classof(&node) && "the node is of another kind");
  return static_cast<const T &>(node);
}
template <typename T, typename Node> T &as(Node &node) {
  assert(T::classof(&node) && "the node is of another kind");
  return static_cast<T &>(node);
}
/// \p node as T, or null if it is null or of another kind.
template <typename T, typename Node> const T *dynAs(const Node *node) {
  return node && T::classof(node) ? static_cast<const T *>(node) : nullptr;
}
/// The same for what owns the node.
template <typename T, typename Node>
const T *dynAs(const std::unique_ptr<Node> &node) {
  return dynAs<T>(static_cast<const Node *>(node.get()));
}

/// A name as written, without the backquotes an imported name may have.
struct Name {
  std::string text;
  SourceRange range;

  /// True for `_`, which drops a result.
  bool isDropped() const { return text == "_"; }
};

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

enum class ExprKind : uint8_t {
  Number,
  String,
  Bool,
  Training,
  Name,
  Unary,
  Binary,
  Call,
  Index,
  List,
  If,
  Loop,
};

struct Expr {
  explicit Expr(ExprKind kind) : kind(kind) {}
  virtual ~Expr() = default;

  ExprKind kind;
  /// Written between parentheses of its own; the printer keeps them.
  bool parenthesised = false;
  /// Levels of nodes below and including this one; bounded by the parser so
  /// that recursion over a tree cannot exhaust the stack.
  uint16_t height = 1;
  SourceRange range;
};
using ExprPtr = std::unique_ptr<Expr>;

/// An expression's base that fixes its kind.
template <ExprKind Kind> struct ExprOf : Expr {
  ExprOf() : Expr(Kind) {}
  static bool classof(const Expr *node) { return node->kind == Kind; }
};

/// `3`, `0.5`, `1e-3`: an int without point and exponent, else a float.
struct NumberExpr : ExprOf<ExprKind::Number> {
  bool isInteger = true;
  int64_t integer = 0;
  /// The value of either kind.
  double value = 0;
  /// As written; empty in trees that were not parsed.
  std::string spelling;
};

/// `"text"`, escapes resolved.
struct StringExpr : ExprOf<ExprKind::String> {
  std::string value;
};

/// `true` or `false`.
struct BoolExpr : ExprOf<ExprKind::Bool> {
  bool value = false;
};

/// `training`.
struct TrainingExpr : ExprOf<ExprKind::Training> {};

/// A name that stands for a binding, setting, built-in or dimension.
struct NameExpr : ExprOf<ExprKind::Name> {
  std::string name;
};

enum class UnaryOp : uint8_t { Negate, Plus, Not };

struct UnaryExpr : ExprOf<ExprKind::Unary> {
  UnaryOp op = UnaryOp::Negate;
  ExprPtr operand;
};

enum class BinaryOp : uint8_t {
  Or,
  And,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Add,
  Subtract,
  Multiply,
  Divide,
  FloorDivide,
  Modulo,
  MatMul,
  Power,
};

struct BinaryExpr : ExprOf<ExprKind::Binary> {
  BinaryOp op = BinaryOp::Add;
  /// The operator alone.
  SourceRange opRange;
  ExprPtr lhs;
  ExprPtr rhs;
};

/// One argument of a call.
struct Argument {
  /// Empty if positional.
  Name name;
  ExprPtr value;
  SourceRange range;

  bool isNamed() const { return !name.text.empty(); }
};

/// `callee(arguments)`; positional arguments stand before named ones and no
/// name stands twice.
struct CallExpr : ExprOf<ExprKind::Call> {
  ExprPtr callee;
  std::vector<Argument> arguments;

  /// The callee's name, or an empty string if it is not a plain name.
  const std::string &calleeName() const {
    static const std::string none;
    const auto *name = dynAs<NameExpr>(callee);
    return name ? name->name : none;
  }
};

enum class SubscriptKind : uint8_t { Ellipsis, Element, Slice };

/// One entry between the brackets of an index.
struct Subscript {
  SubscriptKind kind = SubscriptKind::Element;
  /// The element, or the begin of a slice (may be null).
  ExprPtr first;
  /// The end of a slice (may be null).
  ExprPtr last;
  SourceRange range;
};

/// `base[subscripts]`.
struct IndexExpr : ExprOf<ExprKind::Index> {
  ExprPtr base;
  std::vector<Subscript> subscripts;
};

/// `[a, b, c]`.
struct ListExpr : ExprOf<ExprKind::List> {
  std::vector<ExprPtr> elements;
};

//===----------------------------------------------------------------------===//
// Types and signatures
//===----------------------------------------------------------------------===//

enum class ElementType : uint8_t { F32, F64, F16, BF16, I32, I64, Bool };

/// The word of the language for \p type, e.g. "f32".
const char *nameOf(ElementType type);

/// `f32[batch, 64]`. Scalars have no dimensions.
struct Type {
  ElementType element = ElementType::F32;
  /// The shape begins with `...`: any leading dimensions.
  bool anyLeading = false;
  /// The dimensions after it; expressions over `+ - * / // % @ **`.
  std::vector<ExprPtr> dims;
  SourceRange range;
};

enum class SettingKind : uint8_t {
  Int,
  Float,
  Bool,
  String,
  List,
  Function,
  Initializer,
};

/// The word of the language for \p kind, e.g. "int".
const char *nameOf(SettingKind kind);

/// A formal of a signature: a tensor (`type` is set) or a setting.
struct Formal {
  Name name;
  std::optional<Type> type;
  SettingKind settingKind = SettingKind::Int;
  /// The setting's default, or null.
  ExprPtr defaultValue;
  SourceRange range;

  bool isTensor() const { return type.has_value(); }
};

/// A result of a signature; its label is empty where only a type is given.
struct Result {
  Name label;
  Type type;
};

struct Signature {
  /// Tensors first, then settings.
  std::vector<Formal> formals;
  /// One or more; results are labelled all together or (one result) not.
  std::vector<Result> results;
  SourceRange range;
};

//===----------------------------------------------------------------------===//
// Statements and blocks
//===----------------------------------------------------------------------===//

enum class StatementKind : uint8_t { Bind, Net, Param, State, Next, Penalty };

struct Statement {
  explicit Statement(StatementKind kind) : kind(kind) {}
  virtual ~Statement() = default;

  StatementKind kind;
  SourceRange range;
};
using StatementPtr = std::unique_ptr<Statement>;

template <StatementKind Kind> struct StatementOf : Statement {
  StatementOf() : Statement(Kind) {}
  static bool classof(const Statement *node) { return node->kind == Kind; }
};

/// `a, _, b = value`.
struct BindStatement : StatementOf<StatementKind::Bind> {
  std::vector<Name> names;
  ExprPtr value;
};

/// `net name = value`.
struct NetStatement : StatementOf<StatementKind::Net> {
  Name name;
  ExprPtr value;
};

/// `param name: type = initialiser`.
struct ParamStatement : StatementOf<StatementKind::Param> {
  Name name;
  Type type;
  ExprPtr initializer;
};

/// `state name: type = initialiser`.
struct StateStatement : StatementOf<StatementKind::State> {
  Name name;
  Type type;
  ExprPtr initializer;
};

/// `next name = value`.
struct NextStatement : StatementOf<StatementKind::Next> {
  Name name;
  ExprPtr value;
};

/// `penalty value`.
struct PenaltyStatement : StatementOf<StatementKind::Penalty> {
  ExprPtr value;
};

enum class BlockEnd : uint8_t { None, Return, Yield };

/// `{ statements [return|yield results] }`.
struct Block {
  std::vector<StatementPtr> statements;
  BlockEnd end = BlockEnd::None;
  /// Of `return` or `yield`.
  std::vector<ExprPtr> results;
  /// From the word `return` or `yield` to the last result.
  SourceRange endRange;
  /// From brace to brace.
  SourceRange range;
  uint16_t height = 1;
};

//===----------------------------------------------------------------------===//
// Expressions with blocks
//===----------------------------------------------------------------------===//

/// `if condition { … } else { … }`; both blocks end with `yield`.
struct IfExpr : ExprOf<ExprKind::If> {
  ExprPtr condition;
  Block thenBlock;
  /// The else block, unless `elseIf` is set.
  Block elseBlock;
  /// An IfExpr for `else if`, or null.
  ExprPtr elseIf;
};

enum class LoopKind : uint8_t { Scan, Repeat, While };

/// `name = initial` of a loop.
struct Carry {
  Name name;
  ExprPtr initial;
};

/// `name in value [along axis]` of a scan or repeat. Of `axisName` and
/// `axisNumber` at most one is set.
struct LoopSource {
  Name name;
  ExprPtr value;
  std::optional<Name> axisName;
  std::optional<int64_t> axisNumber;
  SourceRange range;
};

struct LoopExpr : ExprOf<ExprKind::Loop> {
  LoopKind loop = LoopKind::Scan;
  bool reverse = false;
  std::vector<Carry> carries;
  /// At least one in a scan or repeat, none in a while.
  std::vector<LoopSource> sources;
  /// Of a while.
  ExprPtr condition;
  ExprPtr limit;
  Block body;
};

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

enum class DeclKind : uint8_t { Import, Const, Layer, Model, Train };

struct Decl {
  explicit Decl(DeclKind kind) : kind(kind) {}
  virtual ~Decl() = default;

  DeclKind kind;
  SourceRange range;
};
using DeclPtr = std::unique_ptr<Decl>;

template <DeclKind Kind> struct DeclOf : Decl {
  DeclOf() : Decl(Kind) {}
  static bool classof(const Decl *node) { return node->kind == Kind; }
};

/// `import "path"`.
struct ImportDecl : DeclOf<DeclKind::Import> {
  std::string path;
  /// Of the string.
  SourceRange pathRange;
};

/// `const name = value`.
struct ConstDecl : DeclOf<DeclKind::Const> {
  Name name;
  ExprPtr value;
};

/// A name, a signature and a body: a layer, a `fn`, or the whole of a model
/// that has one. The body ends with `return`.
struct Function {
  Name name;
  Signature signature;
  Block body;
  SourceRange range;
};

/// `layer name(…) -> … { … }`.
struct LayerDecl : DeclOf<DeclKind::Layer> {
  Function function;
};

/// `model name(…) -> … { … }` (only `function` is set) or
/// `model name { net, param, state, fn … }`.
struct ModelDecl : DeclOf<DeclKind::Model> {
  Name name;
  std::optional<Function> function;
  /// NetStatement, ParamStatement or StateStatement, in file order.
  std::vector<StatementPtr> members;
  /// In file order.
  std::vector<Function> functions;
  /// Of the members, from brace to brace.
  SourceRange bodyRange;
};

/// `name = value` of a train or step block.
struct Setting {
  Name name;
  ExprPtr value;
  SourceRange range;
};

/// `step name { … }`.
struct Step {
  Name name;
  std::vector<Setting> settings;
  SourceRange range;
  /// From brace to brace.
  SourceRange bodyRange;
};

/// `train model { … }`.
struct TrainDecl : DeclOf<DeclKind::Train> {
  Name model;
  std::vector<Setting> settings;
  std::vector<Step> steps;
  /// From brace to brace.
  SourceRange bodyRange;
};

/// A comment, from `#` to the end of its line.
struct Comment {
  SourceRange range;
  /// Something other than blanks stands before it on its line.
  bool trailing = false;
};

/// A whole file. Owns the text that all its nodes' ranges point into.
struct File {
  std::shared_ptr<const SourceFile> source;
  /// The version of `nnc 1`, if written.
  std::optional<int64_t> version;
  SourceRange versionRange;
  std::vector<DeclPtr> decls;
  /// In file order.
  std::vector<Comment> comments;
};

/// Structural equality: kinds, names and values, not places, comments or
/// redundant parentheses.
bool equal(const Expr &a, const Expr &b);
bool equal(const File &a, const File &b);

} // namespace nnc::ast

#endif // NNC_LANGUAGE_AST_H
