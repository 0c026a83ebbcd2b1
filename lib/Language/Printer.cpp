//===- Printer.cpp - Files, declarations, statements and comments ---------===//

#include "nnc/Language/Printer.h"
#include "Lexer.h"
#include "PrinterImpl.h"
#include "nnc/Language/Parser.h"
#include <algorithm>
#include <iterator>
#include <limits>

using namespace nnc;
using namespace nnc::ast;

// Item::group of what has an `=`; statements have one a kind.
static constexpr unsigned settingGroup = 1;
static constexpr unsigned constantGroup = 2;
static constexpr unsigned statementGroup = 3;

static std::string spaces(unsigned count) { return std::string(count, ' '); }

//===----------------------------------------------------------------------===//
// Items and comments
//===----------------------------------------------------------------------===//

Printer::Printer(const File *file)
    : file(file), printed(file ? file->comments.size() : 0) {}

unsigned Printer::lineOf(uint32_t offset) const {
  return file && file->source ? file->source->lineOf(offset) : 0;
}

bool Printer::hasComment(SourceRange range) const {
  if (!file || !range.file)
    return false;
  auto found = std::lower_bound(file->comments.begin(), file->comments.end(),
                                range.begin,
                                [](const Comment &comment, uint32_t offset) {
                                  return comment.range.begin < offset;
                                });
  return found != file->comments.end() && found->range.begin < range.end;
}

void Printer::blankLineIfAsked(uint32_t offset, bool first) {
  if (!first && reached > 0 && lineOf(offset) > reached + 1 &&
      !out.ends_with("\n\n"))
    out += "\n";
}

void Printer::printComment(size_t index, uint32_t offset, unsigned indent,
                           bool &first) {
  const Comment &comment = file->comments[index];
  blankLineIfAsked(offset, first);
  out += spaces(indent) + std::string(comment.range.text()) + "\n";
  printed[index] = true;
  reached = lineOf(offset);
  first = false;
}

void Printer::printCommentsBefore(uint32_t offset, unsigned indent,
                                  bool &first) {
  while (firstComment < printed.size()) {
    const Comment &comment = file->comments[firstComment];
    if (comment.range.begin >= offset)
      return;
    if (!printed[firstComment])
      printComment(firstComment, comment.range.begin, indent, first);
    ++firstComment;
  }
}

void Printer::printCommentsInside(const Item &item, unsigned indent,
                                  bool &first) {
  if (!item.range.file)
    return;
  for (size_t i = firstComment; i < printed.size(); ++i) {
    uint32_t offset = file->comments[i].range.begin;
    if (offset >= item.range.end)
      return;
    bool inBlock = std::any_of(
        item.blocks.begin(), item.blocks.end(), [&](const SourceRange &block) {
          return offset >= block.begin && offset < block.end;
        });
    if (!inBlock && !printed[i])
      printComment(i, item.range.begin, indent, first);
  }
}

void Printer::printTrailing(uint32_t after, uint32_t before) {
  while (firstComment < printed.size() && printed[firstComment])
    ++firstComment;
  if (firstComment == printed.size())
    return;
  const Comment &comment = file->comments[firstComment];
  if (comment.range.begin < after || comment.range.begin >= before ||
      lineOf(comment.range.begin) != lineOf(after))
    return;
  if (out.ends_with('\n'))
    out.pop_back();
  out += "  " + std::string(comment.range.text()) + "\n";
  printed[firstComment++] = true;
}

bool Printer::hasCommentInside(const Item &item) const {
  if (!item.range.file || !hasComment(item.range))
    return false;
  for (const Comment &comment : file->comments) {
    uint32_t offset = comment.range.begin;
    bool inBlock = std::any_of(
        item.blocks.begin(), item.blocks.end(), [&](const SourceRange &block) {
          return offset >= block.begin && offset < block.end;
        });
    if (offset >= item.range.begin && offset < item.range.end && !inBlock)
      return true;
  }
  return false;
}

bool Printer::isAdjacent(const Item &before, const Item &item) const {
  return item.group != 0 && item.group == before.group &&
         before.blocks.empty() &&
         lineOf(item.range.begin) <= lineOf(before.range.end) + 1 &&
         !hasCommentInside(item) &&
         before.text(0).find('\n') == std::string::npos;
}

std::vector<size_t>
Printer::alignedWidths(const std::vector<Item> &items) const {
  // Names of very different length are better left where they are.
  constexpr size_t maxSpread = 8;
  std::vector<size_t> widths(items.size(), 0);
  for (size_t begin = 0; begin < items.size();) {
    size_t narrowest = items[begin].headWidth, widest = narrowest;
    size_t end = begin + 1;
    for (; end < items.size() && isAdjacent(items[end - 1], items[end]);
         ++end) {
      size_t low = std::min(narrowest, items[end].headWidth);
      size_t high = std::max(widest, items[end].headWidth);
      if (high - low > maxSpread)
        break;
      narrowest = low;
      widest = high;
    }
    std::fill(widths.begin() + static_cast<ptrdiff_t>(begin),
              widths.begin() + static_cast<ptrdiff_t>(end), widest);
    begin = end;
  }
  return widths;
}

void Printer::printItems(const std::vector<Item> &items, unsigned indent,
                         uint32_t end) {
  bool first = true;
  std::vector<size_t> widths = alignedWidths(items);
  for (size_t i = 0; i < items.size(); ++i) {
    const Item &item = items[i];
    if (item.separate && !out.empty() && !out.ends_with("\n\n"))
      out += "\n";
    if (item.range.file) {
      printCommentsBefore(item.range.begin, indent, first);
      printCommentsInside(item, indent, first);
      blankLineIfAsked(item.range.begin, first);
    }
    first = false;
    std::string text = item.text(widths[i]);
    out += spaces(indent) + text + "\n";
    if (!item.range.file)
      continue;
    reached = lineOf(item.range.end);
    uint32_t limit = i + 1 < items.size() && items[i + 1].range.file
                         ? items[i + 1].range.begin
                         : end;
    printTrailing(item.range.end, limit);
  }
  if (file)
    printCommentsBefore(end, indent, first);
}

std::string Printer::bodyText(const std::string &head, SourceRange range,
                              const std::vector<Item> &items, unsigned indent) {
  if (items.empty() && !hasComment(range))
    return head + "{}";
  std::string outer = std::move(out);
  out = head + "{\n";
  uint32_t end = range.file ? range.end - 1 : 0;
  if (range.file) {
    reached = lineOf(range.begin);
    printTrailing(range.begin + 1,
                  items.empty() ? end : items.front().range.begin);
  }
  printItems(items, indent + 2, end);
  std::string text = std::move(out) + spaces(indent) + "}";
  out = std::move(outer);
  return text;
}

//===----------------------------------------------------------------------===//
// Signatures and types
//===----------------------------------------------------------------------===//

std::string Printer::typeText(const Type &type) {
  std::string text = nameOf(type.element);
  text += type.anyLeading ? "[..." : "[";
  bool first = !type.anyLeading;
  for (const ExprPtr &dim : type.dims) {
    text += first ? "" : ", ";
    text += exprText(*dim, 0);
    first = false;
  }
  return text + "]";
}

std::string Printer::formalText(const Formal &formal) {
  std::string text = printName(formal.name.text) + ": ";
  if (formal.isTensor())
    return text + typeText(*formal.type);
  text += nameOf(formal.settingKind);
  if (formal.defaultValue)
    text += " = " + exprText(*formal.defaultValue, 0);
  return text;
}

std::string Printer::signatureText(const Signature &signature, size_t column,
                                   unsigned indent) {
  std::string results;
  bool labelled = !signature.results.front().label.text.empty();
  for (const Result &result : signature.results) {
    results += results.empty() ? "" : ", ";
    if (labelled)
      results += printName(result.label.text) + ": ";
    results += typeText(result.type);
  }
  results = labelled ? ") -> (" + results + ")" : ") -> " + results;
  std::string flat, lines;
  for (const Formal &formal : signature.formals) {
    std::string text = formalText(formal);
    flat += (flat.empty() ? "" : ", ") + text;
    lines += (lines.empty() ? "\n" : ",\n") + spaces(indent + 2) + text;
  }
  // " {" follows on the line.
  if (column + 1 + flat.size() + results.size() + 2 <= printWidth ||
      signature.formals.empty())
    return "(" + flat + results;
  return "(" + lines + "\n" + spaces(indent) + results;
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

std::string Printer::endText(const Block &block, unsigned indent) {
  std::string head = block.end == BlockEnd::Return ? "return " : "yield ";
  if (block.results.size() == 1)
    return fitted(head, *block.results.front(), indent);
  std::string flat, lines;
  for (const ExprPtr &result : block.results) {
    std::string text = exprText(*result, indent);
    flat += (flat.empty() ? "" : ", ") + text;
    lines += (lines.empty() ? "" : ",\n" + spaces(indent + 2)) + text;
  }
  bool fits = flat.find('\n') != std::string::npos ||
              indent + head.size() + flat.size() <= printWidth;
  return head + (fits ? flat : lines);
}

Printer::Item Printer::assignmentOf(SourceRange range, unsigned group,
                                    std::string head, const Expr &value,
                                    unsigned indent) {
  Item item;
  item.range = range;
  collectBlocks(value, item.blocks);
  item.group = group;
  item.headWidth = head.size();
  item.text = [this, head, &value, indent](size_t width) {
    std::string filled = head;
    if (filled.size() < width)
      filled.resize(width, ' ');
    return fitted(filled + " = ", value, indent);
  };
  return item;
}

Printer::Item Printer::itemOf(const Statement &statement, unsigned indent) {
  unsigned group = statementGroup + static_cast<unsigned>(statement.kind);
  switch (statement.kind) {
  case StatementKind::Bind: {
    const auto &bind = as<BindStatement>(statement);
    std::string names;
    for (const Name &name : bind.names)
      names += (names.empty() ? "" : ", ") + printName(name.text);
    return assignmentOf(statement.range, group, names, *bind.value, indent);
  }
  case StatementKind::Net: {
    const auto &net = as<NetStatement>(statement);
    return assignmentOf(statement.range, group,
                        "net " + printName(net.name.text), *net.value, indent);
  }
  case StatementKind::Param: {
    const auto &param = as<ParamStatement>(statement);
    return assignmentOf(statement.range, group,
                        "param " + printName(param.name.text) + ": " +
                            typeText(param.type),
                        *param.initializer, indent);
  }
  case StatementKind::State: {
    const auto &state = as<StateStatement>(statement);
    return assignmentOf(statement.range, group,
                        "state " + printName(state.name.text) + ": " +
                            typeText(state.type),
                        *state.initializer, indent);
  }
  case StatementKind::Next: {
    const auto &next = as<NextStatement>(statement);
    return assignmentOf(statement.range, group,
                        "next " + printName(next.name.text), *next.value,
                        indent);
  }
  case StatementKind::Penalty:
    break;
  }
  const Expr &value = *as<PenaltyStatement>(statement).value;
  Item item;
  item.range = statement.range;
  collectBlocks(value, item.blocks);
  item.text = [this, &value, indent](size_t) {
    return fitted("penalty ", value, indent);
  };
  return item;
}

std::vector<Printer::Item> Printer::itemsOf(const Block &block,
                                            unsigned indent) {
  std::vector<Item> items;
  for (const StatementPtr &statement : block.statements)
    items.push_back(itemOf(*statement, indent));
  if (block.end == BlockEnd::None)
    return items;
  Item end;
  end.range = block.endRange;
  for (const ExprPtr &result : block.results)
    collectBlocks(*result, end.blocks);
  end.text = [this, &block, indent](size_t) { return endText(block, indent); };
  items.push_back(std::move(end));
  return items;
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

std::string Printer::functionText(const Function &function, const char *word,
                                  unsigned indent) {
  std::string head = word + std::string(" ") + printName(function.name.text);
  head += signatureText(function.signature, indent + head.size(), indent) + " ";
  if (function.body.range.file)
    if (std::optional<std::string> body = inlineText(function.body))
      if (indent + head.size() + body->size() <= printWidth)
        return head + *body;
  return bodyText(head, function.body.range, itemsOf(function.body, indent + 2),
                  indent);
}

Printer::Item Printer::itemOf(const Function &function, const char *word,
                              unsigned indent) {
  Item item;
  item.range = function.range;
  item.blocks = {function.body.range};
  item.text = [this, &function, word, indent](size_t) {
    return functionText(function, word, indent);
  };
  return item;
}

/// Members of two kinds in the order of the source; without one, those of
/// \p first stand first.
template <typename ItemT>
static std::vector<ItemT> inSourceOrder(const std::vector<ItemT> &first,
                                        const std::vector<ItemT> &second) {
  std::vector<ItemT> merged;
  std::merge(first.begin(), first.end(), second.begin(), second.end(),
             std::back_inserter(merged), [](const ItemT &a, const ItemT &b) {
               return a.range.begin < b.range.begin;
             });
  return merged;
}

std::string Printer::modelText(const ModelDecl &model) {
  if (model.function)
    return functionText(*model.function, "model", 0);
  std::vector<Item> members, functions;
  for (const StatementPtr &member : model.members)
    members.push_back(itemOf(*member, 2));
  for (const Function &function : model.functions)
    functions.push_back(itemOf(function, "fn", 2));
  return bodyText("model " + printName(model.name.text) + " ", model.bodyRange,
                  inSourceOrder(members, functions), 0);
}

Printer::Item Printer::itemOf(const Setting &setting, unsigned indent) {
  return assignmentOf(setting.range, settingGroup, printName(setting.name.text),
                      *setting.value, indent);
}

Printer::Item Printer::itemOf(const Step &step, unsigned indent) {
  Item item;
  item.range = step.range;
  item.blocks = {step.bodyRange};
  item.text = [this, &step, indent](size_t) {
    std::vector<Item> settings;
    for (const Setting &setting : step.settings)
      settings.push_back(itemOf(setting, indent + 2));
    return bodyText("step " + printName(step.name.text) + " ", step.bodyRange,
                    settings, indent);
  };
  return item;
}

std::string Printer::trainText(const TrainDecl &train) {
  std::vector<Item> settings, steps;
  for (const Setting &setting : train.settings)
    settings.push_back(itemOf(setting, 2));
  for (const Step &step : train.steps)
    steps.push_back(itemOf(step, 2));
  return bodyText("train " + printName(train.model.text) + " ", train.bodyRange,
                  inSourceOrder(settings, steps), 0);
}

Printer::Item Printer::itemOf(const Decl &decl) {
  Item item;
  item.range = decl.range;
  switch (decl.kind) {
  case DeclKind::Import:
    item.text = [&decl](size_t) {
      return "import " + printString(as<ImportDecl>(decl).path);
    };
    break;
  case DeclKind::Const: {
    const auto &constant = as<ConstDecl>(decl);
    return assignmentOf(decl.range, constantGroup,
                        "const " + printName(constant.name.text),
                        *constant.value, 0);
  }
  case DeclKind::Layer:
    return itemOf(as<LayerDecl>(decl).function, "layer", 0);
  case DeclKind::Model: {
    const auto &model = as<ModelDecl>(decl);
    item.blocks = {model.function ? model.function->body.range
                                  : model.bodyRange};
    item.text = [this, &model](size_t) { return modelText(model); };
    break;
  }
  case DeclKind::Train:
    item.blocks = {as<TrainDecl>(decl).bodyRange};
    item.text = [this, &decl](size_t) {
      return trainText(as<TrainDecl>(decl));
    };
    break;
  }
  return item;
}

std::string Printer::printFile() {
  std::vector<Item> items;
  if (file->version) {
    Item &version = items.emplace_back();
    version.range = file->versionRange;
    version.text = [this](size_t) {
      return fmt::format("nnc {}", *file->version);
    };
  }
  auto isShort = [](const Decl &decl) {
    return decl.kind == DeclKind::Import || decl.kind == DeclKind::Const;
  };
  const Decl *before = nullptr;
  for (const DeclPtr &decl : file->decls) {
    Item item = itemOf(*decl);
    item.separate = before && !(isShort(*before) && isShort(*decl));
    items.push_back(std::move(item));
    before = decl.get();
  }
  printItems(items, 0, std::numeric_limits<uint32_t>::max());
  return std::move(out);
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

std::string nnc::print(const File &file) { return Printer(&file).printFile(); }

std::string nnc::print(const Expr &expr) {
  return Printer(nullptr).exprText(expr, 0);
}

std::string nnc::print(const Type &type) {
  return Printer(nullptr).typeText(type);
}

std::string nnc::printName(std::string_view name) {
  return isPlainName(name) ? std::string(name) : fmt::format("`{}`", name);
}

std::string nnc::printString(std::string_view value) {
  std::string text = "\"";
  for (char c : value)
    switch (c) {
    case '"':
      text += "\\\"";
      break;
    case '\\':
      text += "\\\\";
      break;
    case '\n':
      text += "\\n";
      break;
    case '\t':
      text += "\\t";
      break;
    default:
      text += c;
    }
  return text + "\"";
}

std::string nnc::printFloat(double value) {
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::optional<std::string>
nnc::formatSource(std::shared_ptr<const SourceFile> source,
                  Diagnostics &diagnostics) {
  std::unique_ptr<File> file = parse(std::move(source), diagnostics);
  if (diagnostics.hasErrors())
    return std::nullopt;
  return print(*file);
}
