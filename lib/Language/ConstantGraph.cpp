//===- ConstantGraph.cpp - The order of constants -------------------------===//

#include "ConstantGraph.h"
#include <algorithm>

using namespace nnc;
using namespace nnc::ast;

namespace {

/// One use of a name in a constant's value.
struct Use {
  std::string name;
  SourceRange range;
  bool isCallee;
};

void collectUses(const ExprPtr &expr, std::vector<Use> &uses);

void collectUses(const Block &block, std::vector<Use> &uses) {
  for (const ExprPtr &result : block.results)
    collectUses(result, uses);
}

void collectUses(const Expr &expr, std::vector<Use> &uses) {
  switch (expr.kind) {
  case ExprKind::Name:
    uses.push_back({as<NameExpr>(expr).name, expr.range, false});
    return;
  case ExprKind::Unary:
    return collectUses(as<UnaryExpr>(expr).operand, uses);
  case ExprKind::Binary:
    collectUses(as<BinaryExpr>(expr).lhs, uses);
    return collectUses(as<BinaryExpr>(expr).rhs, uses);
  case ExprKind::Call: {
    const auto &call = as<CallExpr>(expr);
    if (call.calleeName().empty())
      collectUses(call.callee, uses);
    else
      uses.push_back({call.calleeName(), call.callee->range, true});
    for (const Argument &argument : call.arguments)
      collectUses(argument.value, uses);
    return;
  }
  case ExprKind::Index:
    collectUses(as<IndexExpr>(expr).base, uses);
    for (const Subscript &subscript : as<IndexExpr>(expr).subscripts) {
      collectUses(subscript.first, uses);
      collectUses(subscript.last, uses);
    }
    return;
  case ExprKind::List:
    for (const ExprPtr &element : as<ListExpr>(expr).elements)
      collectUses(element, uses);
    return;
  case ExprKind::If: {
    const auto &branch = as<IfExpr>(expr);
    collectUses(branch.condition, uses);
    collectUses(branch.thenBlock, uses);
    collectUses(branch.elseIf, uses);
    return collectUses(branch.elseBlock, uses);
  }
  default:
    return;
  }
}

void collectUses(const ExprPtr &expr, std::vector<Use> &uses) {
  if (expr)
    collectUses(*expr, uses);
}

bool isBuiltin(const std::string &name) {
  for (const Builtin &builtin : builtins())
    if (builtin.name == name)
      return true;
  return false;
}

/// A constant and how far the walk over its uses has come.
struct Node {
  LoadedFile *file = nullptr;
  const ConstDecl *decl = nullptr;
  std::vector<Use> uses;
  size_t next = 0;
  enum { Unseen, OnPath, Done } state = Unseen;
  /// Uses no named values, so that it can be evaluated at once.
  bool isPlain = true;
};

class Graph {
public:
  Graph(SourceProgram &program, Diagnostics &diagnostics)
      : diagnostics(diagnostics) {
    for (const auto &file : program.files)
      for (const DeclPtr &decl : file->tree->decls)
        if (const auto *constant = dynAs<ConstDecl>(decl)) {
          Node &node = nodes[constant];
          node.file = file.get();
          node.decl = constant;
          collectUses(constant->value, node.uses);
          order.push_back(&node);
        }
  }

  void evaluateAll() {
    for (Node *root : order)
      if (root->state == Node::Unseen && !diagnostics.full())
        walk(root);
  }

private:
  void walk(Node *root) {
    std::vector<Node *> path{root};
    root->state = Node::OnPath;
    while (!path.empty()) {
      Node &node = *path.back();
      if (node.next == node.uses.size()) {
        node.state = Node::Done;
        finish(node);
        path.pop_back();
        continue;
      }
      const Use &use = node.uses[node.next++];
      Node *used = nodeOf(node, use);
      if (!used)
        continue;
      if (used->state == Node::Unseen) {
        used->state = Node::OnPath;
        path.push_back(used);
      } else if (used->state == Node::OnPath) {
        diagnostics.error(use.range, ErrorCode::constantCycle, use.name);
        diagnostics.note(used->decl->name.range, "declared here");
        for (Node *given : path) {
          given->state = Node::Done;
          given->isPlain = false;
        }
        return;
      } else {
        node.isPlain &= used->isPlain;
      }
    }
  }

  /// The constant behind \p use, or null; notes what makes \p node one that
  /// is evaluated where it is used.
  Node *nodeOf(Node &node, const Use &use) {
    const LoadedFile *in = nullptr;
    const Decl *decl = node.file->find(use.name, &in);
    if (const auto *constant = dynAs<ConstDecl>(decl))
      if (!use.isCallee)
        return &nodes.at(constant);
    bool plain = use.isCallee ? findBuiltin(BuiltinKind::SettingFunction,
                                            use.name) != nullptr
                              : use.name == "none";
    if (!plain && (decl || isBuiltin(use.name)))
      node.isPlain = false;
    return nullptr;
  }

  void finish(Node &node) {
    // A use may have been walked after it was looked at.
    for (const Use &use : node.uses)
      if (Node *used = nodeOf(node, use))
        node.isPlain &= used->isPlain;
    if (!node.isPlain)
      return;
    SettingEvaluator evaluator(*node.file, diagnostics);
    evaluator.copies = copies;
    if (auto value = evaluator.evaluatePlain(*node.decl->value))
      node.file->values.emplace(node.decl->name.text, std::move(*value));
    copies = evaluator.copies;
  }

  Diagnostics &diagnostics;
  std::map<const ConstDecl *, Node> nodes;
  std::vector<Node *> order;
  size_t copies = 0;
};

} // namespace

void nnc::evaluateConstants(SourceProgram &program, Diagnostics &diagnostics) {
  Graph(program, diagnostics).evaluateAll();
}
