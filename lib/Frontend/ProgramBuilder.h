//===- ProgramBuilder.h - One program of one model --------------*- C++ -*-===//
//
// Loads the file, chooses the model and its fn, reads the settings of a
// training step, and builds the graph of a program.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_LIB_FRONTEND_PROGRAMBUILDER_H
#define NNC_LIB_FRONTEND_PROGRAMBUILDER_H

#include "Elaborator.h"
#include "nnc/Language/Parser.h"
#include "nnc/Language/Program.h"
#include "nnc/Runtime/Compiler.h"

namespace nnc::frontend {

/// The errors of \p diagnostics as one: the first, with the others.
Error joinErrors(const Diagnostics &diagnostics);
void appendWarnings(const Diagnostics &diagnostics,
                    std::vector<Error> &warnings);

class ProgramBuilder {
public:
  ProgramBuilder(mlir::MLIRContext &context, const ModelSource &source,
                 const CompileOptions &options)
      : context(context), source(source), options(options) {}

  /// Loads the file and chooses the model. False if an error was reported.
  bool load();
  /// A graph with the program of the options' kind.
  std::optional<Graph> build();
  /// A graph of the forward pass of \p function alone.
  std::optional<Graph> buildForward(const ast::Function &function,
                                    GraphMode mode);

  /// Checks what no program runs, if all else is right. False if there is an
  /// error.
  bool checkRest();

  /// All fns of the model, or its function.
  std::vector<const ast::Function *> functions() const;
  /// The one that prediction runs.
  const ast::Function *defaultFunction();
  const ast::ModelDecl &model() const { return *decl; }

  Diagnostics diagnostics;

private:
  bool readPrecision();
  /// The value of \p text, an option, as a setting of \p kinds.
  std::optional<SettingValue> readOption(const std::string &text,
                                         const char *name, KindSet kinds);
  /// Where the train block or one of its steps gives \p setting the value
  /// \p text, alone or in a list; else where it gives it any; else nothing.
  SourceRange settingRange(const char *setting, const std::string &text) const;
  /// Reports globs of parameters that match none.
  void checkGlobs(Graph &graph);
  const ast::Function *findFunction(const std::string &name) const;
  bool isLossName(const std::string &name) const;

  std::optional<std::vector<ModelResult>>
  elaborate(Elaborator &elaborator, const ast::Function &function);
  std::optional<Graph> buildObjective();
  std::optional<Graph> buildWithLoss();
  /// Whether the optimiser's settings go together; else reports it.
  bool checkOptimizer();
  /// A graph with the sum of the first output as "loss".
  std::optional<Graph> buildFirstOutput();
  /// The loss of the batch: of each sample where the loss is built in.
  struct LossValue {
    Tensor perSample;
    Tensor objective;
  };
  std::optional<LossValue> builtinLoss(Elaborator &elaborator, Graph &graph,
                                       const std::vector<ModelResult> &results);
  std::optional<LossValue> fnLoss(Graph &graph, const ast::Function &function,
                                  const std::vector<ModelResult> &results);
  Tensor targetFor(Elaborator &elaborator, Graph &graph, const Tensor &result);
  bool finishLoss(Graph &graph, const LossValue &loss);
  /// The size of the first input's first axis, or 1 without inputs.
  Dim batchSize(const Graph &graph) const;
  /// True if the graph and the diagnostics hold no error.
  bool good(Graph &graph);

  mlir::MLIRContext &context;
  const ModelSource &source;
  const CompileOptions &options;
  std::unique_ptr<SourceProgram> program;
  const LoadedFile *file = nullptr;
  const ast::ModelDecl *decl = nullptr;
  ElementType floatType = ElementType::f32;
  SettingValue loss, optimizer;
  /// The texts that ranges of options point into.
  std::vector<std::shared_ptr<const SourceFile>> optionSources;
};

} // namespace nnc::frontend

#endif // NNC_LIB_FRONTEND_PROGRAMBUILDER_H
