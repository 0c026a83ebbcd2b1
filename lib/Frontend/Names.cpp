//===- Names.cpp - What names stand for -----------------------------------===//

#include "Elaborator.h"
#include "nnc/Language/Printer.h"

using namespace nnc;
using namespace nnc::ast;
using namespace nnc::frontend;

Value Elaborator::evaluateName(const NameExpr &name, Scope &scope) {
  return lookUp(name.name, name.range, scope);
}

Value Elaborator::readBinding(Binding &binding, const std::string &name,
                              SourceRange range) {
  binding.isUsed = true;
  if (binding.kind == Binding::Kind::Carry && binding.nextRange.file) {
    error(range, ErrorCode::readAfterNext, name);
    diagnostics.note(binding.nextRange, "its 'next' stands here");
    return {};
  }
  return binding.value;
}

Value Elaborator::lookUp(const std::string &name, SourceRange range,
                         Scope &scope) {
  if (Binding *binding = scope.find(name))
    return readBinding(*binding, name, range);
  bool found = false;
  Value value = lookUpMember(name, range, scope, found);
  if (!found)
    value = lookUpDeclaration(name, range, scope, found);
  if (found)
    return value;
  value = lookUpBuiltin(name);
  if (value.isPoison())
    reportUnknown(name, range, scope, /*isCall=*/false);
  return value;
}

Value Elaborator::lookUpMember(const std::string &name, SourceRange range,
                               Scope &scope, bool &found) {
  ModelInstance *model = scope.frame.model;
  if (!model)
    return {};
  for (const Function &function : model->decl->functions)
    if (function.name.text == name) {
      found = true;
      auto closure = std::make_shared<Closure>();
      closure->function = &function;
      closure->file = model->file;
      closure->model = model;
      return Value::ofFunction(std::move(closure));
    }
  for (const StatementPtr &member : model->decl->members) {
    const auto *net = dynAs<NetStatement>(member);
    const auto *param = dynAs<ParamStatement>(member);
    const auto *state = dynAs<StateStatement>(member);
    const Name &own = net ? net->name : param ? param->name : state->name;
    if (own.text != name)
      continue;
    found = true;
    auto [entry, isNew] = model->members.try_emplace(name);
    Binding &binding = entry->second;
    if (isNew) {
      // Members see the file's names and each other, and no path above.
      Frame frame{model->file, model, nullptr};
      Scope outside(frame);
      PathScope path(graph, "");
      binding.range = own.range;
      binding.kind = net     ? Binding::Kind::Net
                     : state ? Binding::Kind::State
                             : Binding::Kind::Value;
      if (net)
        binding.value = makeNet(*net, outside);
      else if (param)
        binding.value = makeParameter(param->name, param->type,
                                      *param->initializer, false, outside);
      else
        binding.value = makeParameter(state->name, state->type,
                                      *state->initializer, true, outside);
    }
    return readBinding(binding, name, range);
  }
  return {};
}

Value Elaborator::lookUpDeclaration(const std::string &name, SourceRange range,
                                    Scope &scope, bool &found) {
  const LoadedFile *in = nullptr;
  const Decl *decl = scope.frame.file->find(name, &in);
  if (!decl)
    return {};
  found = true;
  auto closure = std::make_shared<Closure>();
  closure->file = in;
  if (const auto *layer = dynAs<LayerDecl>(decl)) {
    closure->function = &layer->function;
    return Value::ofFunction(std::move(closure));
  }
  if (const auto *model = dynAs<ModelDecl>(decl)) {
    if (!model->function)
      return error(range, ErrorCode::wrongKind, name,
                   "a model with a signature of its own",
                   "a model of nets and fns");
    closure->function = &*model->function;
    return Value::ofFunction(std::move(closure));
  }
  if (const SettingValue *constant = scope.frame.file->constant(name)) {
    if (constant->size > maxListLength)
      return error(range, ErrorCode::listTooLong, maxListLength);
    return fromSetting(*constant);
  }
  const Expr *expr = scope.frame.file->namedConstant(name);
  if (!expr)
    return {};
  Frame frame{in, nullptr, nullptr};
  Scope outside(frame);
  return evaluate(*expr, outside);
}

/// The element type of the language called \p name.
static std::optional<nnc::ElementType> typeNamed(const std::string &name) {
  std::optional<nnc::ElementType> type = parseElementType(name);
  if (type && (*type == nnc::ElementType::i16 ||
               *type == nnc::ElementType::i8 || *type == nnc::ElementType::u8))
    return std::nullopt;
  return type;
}

Value Elaborator::lookUpBuiltin(const std::string &name) {
  if (name == "none")
    return Value::none();
  if (std::optional<nnc::ElementType> type = typeNamed(name))
    return Value::ofType(*type);
  for (BuiltinKind kind :
       {BuiltinKind::Layer, BuiltinKind::Function, BuiltinKind::Loss})
    if (const Builtin *builtin = findBuiltin(kind, name)) {
      auto closure = std::make_shared<Closure>();
      closure->builtin = builtin;
      return Value::ofFunction(std::move(closure));
    }
  return {};
}

/// Whether \p statement binds \p name, and where.
static std::optional<SourceRange> bindingOf(const Statement &statement,
                                            const std::string &name) {
  auto match = [&](const Name &own) -> std::optional<SourceRange> {
    return own.text == name ? std::optional(own.range) : std::nullopt;
  };
  switch (statement.kind) {
  case StatementKind::Bind:
    for (const Name &own : as<BindStatement>(statement).names)
      if (own.text == name)
        return own.range;
    return std::nullopt;
  case StatementKind::Net:
    return match(as<NetStatement>(statement).name);
  case StatementKind::Param:
    return match(as<ParamStatement>(statement).name);
  case StatementKind::State:
    return match(as<StateStatement>(statement).name);
  case StatementKind::Next:
  case StatementKind::Penalty:
    return std::nullopt;
  }
  return std::nullopt;
}

void Elaborator::reportUnknown(const std::string &name, SourceRange range,
                               Scope &scope, bool isCall) {
  for (const Scope *around = &scope; around; around = around->parent)
    if (around->block)
      for (const StatementPtr &statement : around->block->statements)
        if (std::optional<SourceRange> place = bindingOf(*statement, name)) {
          error(range, ErrorCode::usedBeforeBound, name);
          diagnostics.note(*place, "it is bound here");
          return;
        }
  std::vector<std::string> names = scope.allNames();
  const LoadedFile &file = *scope.frame.file;
  auto addDeclared = [&](const LoadedFile &from) {
    for (DeclKind kind : {DeclKind::Const, DeclKind::Layer, DeclKind::Model})
      for (std::string &declared : from.declared(kind))
        names.push_back(std::move(declared));
  };
  addDeclared(file);
  for (const LoadedFile *import : file.imports)
    addDeclared(*import);
  if (const ModelInstance *model = scope.frame.model) {
    for (const Function &function : model->decl->functions)
      names.push_back(function.name.text);
    for (const StatementPtr &member : model->decl->members) {
      if (const auto *net = dynAs<NetStatement>(member))
        names.push_back(net->name.text);
      else if (const auto *param = dynAs<ParamStatement>(member))
        names.push_back(param->name.text);
      else if (const auto *state = dynAs<StateStatement>(member))
        names.push_back(state->name.text);
    }
  }
  for (const Builtin &builtin : builtins())
    if (builtin.kind == BuiltinKind::Layer ||
        builtin.kind == BuiltinKind::Function ||
        builtin.kind == BuiltinKind::SettingFunction ||
        builtin.kind == BuiltinKind::Loss)
      names.push_back(builtin.name);
  error(range, ErrorCode::unknownName, isCall ? "layer or function" : "name",
        name, suggestion(name, names));
}

bool Elaborator::bind(const Name &name, Binding binding, Scope &scope) {
  binding.range = name.range;
  if (Binding *other = scope.find(name.text)) {
    error(name.range, ErrorCode::boundTwice, name.text);
    diagnostics.note(other->range, "first bound here");
    return false;
  }
  scope.names.emplace(name.text, std::move(binding));
  return true;
}

//===----------------------------------------------------------------------===//
// Settings of a scope
//===----------------------------------------------------------------------===//

const SettingValue *ScopeSettings::constant(const std::string &name) const {
  Binding *binding = scope.find(name);
  if (!binding)
    return scope.frame.file->constant(name);
  std::optional<SettingValue> setting = toSetting(binding->value, {});
  if (!setting)
    return nullptr;
  binding->isUsed = true;
  return &converted.insert_or_assign(name, std::move(*setting)).first->second;
}

const Expr *ScopeSettings::namedConstant(const std::string &name) const {
  return scope.find(name) ? nullptr : scope.frame.file->namedConstant(name);
}

std::vector<std::string> ScopeSettings::names(KindSet kinds) const {
  std::vector<std::string> result = scope.frame.file->names(kinds);
  for (std::string &name : scope.allNames())
    result.push_back(std::move(name));
  return result;
}
