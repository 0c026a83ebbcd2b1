//===- PrinterImpl.h - The printer's state ----------------------*- C++ -*-===//
//
// Writes items (declarations, statements, settings) line by line and, between
// them, the comments that stand between them in the source. The text inside an
// item is made first, so that its width is known.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_LANGUAGE_PRINTERIMPL_H
#define NNC_LIB_LANGUAGE_PRINTERIMPL_H

#include "nnc/Language/AST.h"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nnc {

class Printer {
public:
  /// \p file is null where an expression is printed alone.
  explicit Printer(const ast::File *file);

  std::string printFile();
  std::string exprText(const ast::Expr &expr, unsigned indent);
  std::string typeText(const ast::Type &type);

private:
  /// What stands on lines of its own.
  struct Item {
    SourceRange range;
    /// Blocks in it, which print the comments that stand in them.
    std::vector<SourceRange> blocks;
    /// Its lines, without the newline after the last. What stands before its
    /// `=` is filled up to so many columns.
    std::function<std::string(size_t width)> text;
    /// Items of one group in adjacent lines have their `=` below each other;
    /// 0 for those that have none.
    unsigned group = 0;
    /// The columns before its `=`.
    size_t headWidth = 0;
    /// A blank line stands before it in any case.
    bool separate = false;
  };

  // Items and comments.
  void printItems(const std::vector<Item> &items, unsigned indent,
                  uint32_t end);
  /// The width to which each item fills up what stands before its `=`.
  std::vector<size_t> alignedWidths(const std::vector<Item> &items) const;
  /// True if \p item stands on the line below \p before and both on one line.
  bool isAdjacent(const Item &before, const Item &item) const;
  bool hasCommentInside(const Item &item) const;
  void printComment(size_t index, uint32_t offset, unsigned indent,
                    bool &first);
  void printCommentsBefore(uint32_t offset, unsigned indent, bool &first);
  void printCommentsInside(const Item &item, unsigned indent, bool &first);
  void printTrailing(uint32_t after, uint32_t before);
  bool hasComment(SourceRange range) const;
  void blankLineIfAsked(uint32_t offset, bool first);
  unsigned lineOf(uint32_t offset) const;
  /// `head {`, the items and `}`.
  std::string bodyText(const std::string &head, SourceRange range,
                       const std::vector<Item> &items, unsigned indent);

  // Declarations and statements.
  Item itemOf(const ast::Statement &statement, unsigned indent);
  Item itemOf(const ast::Setting &setting, unsigned indent);
  Item itemOf(const ast::Step &step, unsigned indent);
  Item itemOf(const ast::Function &function, const char *word, unsigned indent);
  Item itemOf(const ast::Decl &decl);
  std::vector<Item> itemsOf(const ast::Block &block, unsigned indent);
  Item assignmentOf(SourceRange range, unsigned group, std::string head,
                    const ast::Expr &value, unsigned indent);
  std::string functionText(const ast::Function &function, const char *word,
                           unsigned indent);
  std::string modelText(const ast::ModelDecl &model);
  std::string trainText(const ast::TrainDecl &train);
  std::string signatureText(const ast::Signature &signature, size_t column,
                            unsigned indent);
  std::string formalText(const ast::Formal &formal);

  // Expressions.
  /// \p head and \p expr, over several lines if they do not fit on one.
  std::string fitted(const std::string &head, const ast::Expr &expr,
                     unsigned indent);
  std::string broken(const ast::Expr &expr, size_t column, unsigned indent);
  std::string brokenBinary(const ast::BinaryExpr &binary, size_t column,
                           unsigned indent);
  std::string brokenList(const ast::ListExpr &list, unsigned indent);
  std::string brokenCall(const ast::CallExpr &call, unsigned indent);
  std::string operandText(const ast::Expr &expr, unsigned precedence,
                          unsigned indent);
  std::string bareText(const ast::Expr &expr, unsigned indent);
  std::string binaryText(const ast::BinaryExpr &binary, unsigned indent);
  std::string callText(const ast::CallExpr &call, unsigned indent);
  std::string indexText(const ast::IndexExpr &index, unsigned indent);
  std::string ifText(const ast::IfExpr &branch, unsigned indent);
  std::string loopText(const ast::LoopExpr &loop, unsigned indent);
  std::string blockText(const ast::Block &block, unsigned indent);
  /// The block on one line, if it may stand so.
  std::optional<std::string> inlineText(const ast::Block &block);
  std::string endText(const ast::Block &block, unsigned indent);

  const ast::File *file;
  std::string out;
  /// Which comments of the file are printed, and the first that is not.
  std::vector<bool> printed;
  size_t firstComment = 0;
  /// The source line that the output has reached, 0 if not known.
  unsigned reached = 0;
  /// Blocks are printed over several lines even where one would do.
  bool expandBlocks = false;
};

/// How tightly the operator at the root of \p expr binds; atoms most.
unsigned precedenceOf(const ast::Expr &expr);

/// The ranges of the blocks in \p expr that are not inside another block.
void collectBlocks(const ast::Expr &expr, std::vector<SourceRange> &blocks);

} // namespace nnc

#endif // NNC_LIB_LANGUAGE_PRINTERIMPL_H
