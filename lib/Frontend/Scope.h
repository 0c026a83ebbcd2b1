//===- Scope.h - Names and what they stand for ------------------*- C++ -*-===//
//
// The names of the blocks around a statement, and the function they are in.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_FRONTEND_SCOPE_H
#define NNC_LIB_FRONTEND_SCOPE_H

#include "Value.h"
#include "nnc/Language/Program.h"
#include <map>

namespace nnc::frontend {

/// What a name is bound to.
struct Binding {
  enum class Kind : uint8_t {
    Value,     ///< A binding, tensor or setting of the signature.
    Dimension, ///< A size bound by a tensor's type.
    Net,
    State, ///< May have a `next`.
    Carry, ///< Of a loop; must have a `next`.
  };

  Kind kind = Kind::Value;
  Value value;
  SourceRange range;
  bool isUsed = false;
  /// Of a State or Carry: where its `next` stands, and of a Carry the value.
  SourceRange nextRange;
  std::optional<Value> next;
};

/// A model under elaboration: its members, made when first used.
struct ModelInstance {
  const ast::ModelDecl *decl = nullptr;
  const LoadedFile *file = nullptr;
  /// Nets and parameters made so far.
  std::map<std::string, Binding> members;
};

/// One call of a layer, fn or model.
struct Frame {
  /// The file whose names the body sees.
  const LoadedFile *file = nullptr;
  /// Set in the body of a model or of its fns.
  ModelInstance *model = nullptr;
  const ast::Function *function = nullptr;
};

/// The names of one block.
class Scope {
public:
  Scope(Frame &frame, Scope *parent = nullptr) : frame(frame), parent(parent) {}

  /// The binding \p name of this block or of one around it, or null.
  Binding *find(const std::string &name) {
    for (Scope *scope = this; scope; scope = scope->parent) {
      auto found = scope->names.find(name);
      if (found != scope->names.end())
        return &found->second;
    }
    return nullptr;
  }

  /// All names that find knows, for suggestions.
  std::vector<std::string> allNames() const {
    std::vector<std::string> result;
    for (const Scope *scope = this; scope; scope = scope->parent)
      for (const auto &[name, binding] : scope->names)
        result.push_back(name);
    return result;
  }

  Frame &frame;
  Scope *parent;
  std::map<std::string, Binding> names;
  /// The block's statements, to tell "used before it is bound".
  const ast::Block *block = nullptr;
};

/// A function or layer with its settings, ready to be applied to tensors.
struct Closure {
  /// Exactly one of the two is set.
  const Builtin *builtin = nullptr;
  const ast::Function *function = nullptr;
  /// Of a function: the file that declares it and, of a fn, its model.
  const LoadedFile *file = nullptr;
  ModelInstance *model = nullptr;
  /// One a parameter; poison where nothing was given (the default holds).
  std::vector<std::optional<Value>> settings;
  /// The layers of a chain.
  std::vector<std::shared_ptr<const Closure>> layers;
  /// The path of a net, which all its calls share; else empty.
  std::string path;
  SourceRange range;

  const std::string &name() const {
    return builtin ? builtin->name : function->name.text;
  }
};

} // namespace nnc::frontend

#endif // NNC_LIB_FRONTEND_SCOPE_H
