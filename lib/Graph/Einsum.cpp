//===- Einsum.cpp - Sums of products named by letters ---------------------===//

#include "GraphImpl.h"
#include <algorithm>

using namespace mlir;
using namespace nnc;

namespace {
/// An axis: its letter, or a place before all letters for one under "...".
using Label = int;
using Labels = std::vector<Label>;

/// A tensor with a label for each axis.
struct Labelled {
  Tensor tensor;
  Labels labels;
};

/// Which axes an equation names: "bij,bjk->bik".
struct Equation {
  std::string a, b, result;
  bool hasResult = false;
};
} // namespace

static bool holds(const Labels &labels, Label label) {
  return llvm::is_contained(labels, label);
}

/// Letters, with "..." at most once.
static bool isTerm(const std::string &text) {
  size_t dots = text.find("...");
  for (size_t i = 0; i < text.size(); ++i)
    if (i == dots)
      i += 2;
    else if (!llvm::isAlpha(text[i]))
      return false;
  return true;
}

static std::optional<Equation> parseEquation(const std::string &given) {
  std::string text = given;
  llvm::erase(text, ' ');
  Equation equation;
  size_t arrow = text.find("->"), comma = text.find(',');
  equation.hasResult = arrow != std::string::npos;
  if (comma == std::string::npos || comma > arrow)
    return std::nullopt;
  equation.a = text.substr(0, comma);
  equation.b = text.substr(comma + 1, equation.hasResult ? arrow - comma - 1
                                                         : std::string::npos);
  if (equation.hasResult)
    equation.result = text.substr(arrow + 2);
  if (!isTerm(equation.a) || !isTerm(equation.b) || !isTerm(equation.result))
    return std::nullopt;
  return equation;
}

/// The labels of \p term; \p dotted is the number of axes under "...".
static Labels labelsOf(const std::string &term, int64_t dotted) {
  Labels labels;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] != '.') {
      labels.push_back(term[i]);
      continue;
    }
    for (int64_t k = 0; k < dotted; ++k)
      labels.push_back(k - dotted);
    i += 2;
  }
  return labels;
}

/// How many axes of a tensor of \p rank stand under the term's "...", if the
/// term fits it.
static std::optional<int64_t> dottedAxes(const std::string &term,
                                         int64_t rank) {
  bool hasDots = term.find('.') != std::string::npos;
  int64_t letters = (int64_t)term.size() - (hasDots ? 3 : 0);
  if (hasDots ? rank < letters : rank != letters)
    return std::nullopt;
  return rank - letters;
}

/// The labels of the result: those given, or by NumPy's rule those of "..."
/// and then the letters that stand once, in alphabetical order.
static Labels resultLabels(const Equation &equation, const Labels &a,
                           const Labels &b, int64_t dotted) {
  if (equation.hasResult)
    return labelsOf(equation.result, dotted);
  Labels once, all = a;
  all.insert(all.end(), b.begin(), b.end());
  for (Label label : all)
    if (label < 0 ? !holds(once, label) : llvm::count(all, label) == 1)
      once.push_back(label);
  llvm::sort(once);
  return once;
}

/// Makes a label that stands twice stand once: only the diagonal counts.
static void takeDiagonals(GraphImpl &graph, Labelled &operand) {
  for (size_t first = 0; first < operand.labels.size(); ++first)
    for (size_t second = operand.labels.size() - 1; second > first; --second) {
      if (operand.labels[second] != operand.labels[first])
        continue;
      RankedTensorType type =
          graph.type(nnc::ElementType::i32, operand.tensor.shape());
      auto index = [&](int64_t axis) {
        return graph.tensor(
            nn::IotaOp::create(graph.builder, graph.location(), type, axis));
      };
      operand.tensor =
          sum(where(equal(index(first), index(second)), operand.tensor, 0.0),
              (int64_t)second);
      operand.labels.erase(operand.labels.begin() + second);
    }
}

/// Sums \p operand over the labels that neither \p other nor \p result holds.
static void sumAlone(Labelled &operand, const Labels &other,
                     const Labels &result) {
  std::vector<int64_t> axes;
  Labels kept;
  for (auto [i, label] : llvm::enumerate(operand.labels))
    if (holds(other, label) || holds(result, label))
      kept.push_back(label);
    else
      axes.push_back(i);
  if (!axes.empty())
    operand.tensor = sum(operand.tensor, axes);
  operand.labels = kept;
}

/// The axes of \p operand in the order \p order, which holds its labels.
static Tensor arranged(const Labelled &operand, const Labels &order) {
  std::vector<int64_t> permutation;
  for (Label label : order)
    permutation.push_back(llvm::find(operand.labels, label) -
                          operand.labels.begin());
  return transpose(operand.tensor, permutation);
}

static std::vector<Dim> sizesOf(const Labelled &operand, const Labels &labels) {
  std::vector<Dim> shape = operand.tensor.shape(), sizes;
  for (Label label : labels)
    sizes.push_back(
        shape[llvm::find(operand.labels, label) - operand.labels.begin()]);
  return sizes;
}

static void append(std::vector<Dim> &shape, const std::vector<Dim> &more) {
  shape.insert(shape.end(), more.begin(), more.end());
}
static Labels joined(Labels a, const Labels &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The product, summed over what only the operands share: one batched matrix
/// product.
static Labelled contract(const Labelled &a, const Labelled &b,
                         const Labels &result) {
  Labels batch, inner, rows, columns;
  for (Label label : a.labels)
    (!holds(b.labels, label) ? rows
     : holds(result, label)  ? batch
                             : inner)
        .push_back(label);
  for (Label label : b.labels)
    if (!holds(a.labels, label))
      columns.push_back(label);
  std::vector<Dim> batchSizes = sizesOf(a, batch), rowSizes = sizesOf(a, rows),
                   columnSizes = sizesOf(b, columns);
  Dim innerSize = product(sizesOf(a, inner));
  auto matrices = [&](const Tensor &tensor, const Dim &first,
                      const Dim &second) {
    std::vector<Dim> shape = batchSizes;
    append(shape, {first, second});
    return reshape(tensor, shape);
  };
  Tensor left = matrices(arranged(a, joined(joined(batch, rows), inner)),
                         product(rowSizes), innerSize);
  Tensor right = matrices(arranged(b, joined(joined(batch, inner), columns)),
                          innerSize, product(columnSizes));
  // Without a sum the product is element-wise.
  Tensor tensor = inner.empty() ? left * right : matmul(left, right);
  std::vector<Dim> shape = batchSizes;
  append(shape, rowSizes);
  append(shape, columnSizes);
  return {reshape(tensor, shape), joined(joined(batch, rows), columns)};
}

Tensor nnc::einsum(const std::string &text, const Operand &a,
                   const Operand &b) {
  Operands in("einsum", {&a, &b});
  if (!in.requireFloat(0) || !in.requireFloat(1) ||
      !in.requireSameElement(0, 1))
    return in.poison();
  std::optional<Equation> equation = parseEquation(text);
  if (!equation)
    return in.fail(ErrorCode::malformedSetting, "equation",
                   "letters as in \"bij,bjk->bik\"", '"' + text + '"');
  std::optional<int64_t> dotted[2];
  for (size_t i = 0; i < 2; ++i) {
    const std::string &term = i == 0 ? equation->a : equation->b;
    dotted[i] = dottedAxes(term, in.rank(i));
    if (!dotted[i])
      return in.fail(ErrorCode::tensorExpected, "einsum",
                     "a tensor of the axes '" + term + "'", in.tensor(i).str());
  }
  Labelled left{in.tensor(0), labelsOf(equation->a, *dotted[0])};
  Labelled right{in.tensor(1), labelsOf(equation->b, *dotted[1])};
  Labels result = resultLabels(*equation, left.labels, right.labels,
                               std::max(*dotted[0], *dotted[1]));
  for (size_t i = 0; i < result.size(); ++i)
    if ((!holds(left.labels, result[i]) && !holds(right.labels, result[i])) ||
        llvm::count(result, result[i]) > 1)
      return in.fail(ErrorCode::malformedSetting, "equation",
                     "each axis of the result once in it, and in an operand",
                     '"' + text + '"');
  // Axes of one label must agree, within an operand and between them.
  std::vector<std::pair<Label, Dim>> sizes;
  for (const Labelled *operand : {&left, &right})
    for (auto [label, size] :
         llvm::zip(operand->labels, operand->tensor.shape())) {
      auto found = llvm::find_if(
          sizes, [&](const auto &known) { return known.first == label; });
      if (found == sizes.end())
        sizes.emplace_back(label, size);
      else if (!(found->second == size))
        return in.fail(ErrorCode::shapesDiffer, "einsum", in.tensor(0).str(),
                       in.tensor(1).str(), found->second.str(), size.str());
    }
  for (Labelled *operand : {&left, &right})
    takeDiagonals(*in.graph(), *operand);
  sumAlone(left, right.labels, result);
  sumAlone(right, left.labels, result);
  return arranged(contract(left, right, result), result);
}
