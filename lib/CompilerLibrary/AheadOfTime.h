//===- AheadOfTime.h - Objects that C programs link -------------*- C++ -*-===//

#ifndef NNC_LIB_COMPILERLIBRARY_AHEADOFTIME_H
#define NNC_LIB_COMPILERLIBRARY_AHEADOFTIME_H

#include "PreparedValues.h"
#include "nnc/Runtime/Compiler.h"
#include "llvm/ADT/StringSet.h"

namespace nnc {

/// A function of an object for C programs: "run" or "train_step".
struct ObjectFunction {
  std::string name;
  /// Its programs by rising batch size; all take the same arguments.
  std::vector<Signature> programs;

  const Signature &largest() const { return programs.back(); }
  /// Scratch memory that is enough for every program, in bytes.
  int64_t arenaBytes() const;
  /// Every input and output has samples as its rows.
  bool isBatched() const;
};

/// What an object holds.
struct ObjectContents {
  /// The prefix of all names, a C identifier.
  std::string name;
  std::vector<ObjectFunction> functions;
  /// Parameters, states and the state of optimisers are arguments of the
  /// functions and not data of the object.
  bool weightsApart = false;
  /// The weights never change: what they alone determine is data of the
  /// object, and weights that no program reads are not.
  bool preparesWeights = false;
  /// With preparesWeights: the names of the weights that a program reads.
  llvm::StringSet<> readWeights;
  /// Training changes the weights, which then have names for C programs.
  bool hasTraining() const { return functions.size() > 1; }
  /// A program asks for the tile registers.
  bool usesTiles() const;
};

/// Collects lowered programs in one module and adds what they are called by.
class ObjectBuilder {
public:
  /// \p values: those of parameters and states.
  ObjectBuilder(mlir::MLIRContext *context, ObjectContents &contents,
                const std::vector<BoundWeight> &values);

  /// Adds what \p preparation, that of \p program, computes on \p machine to
  /// the data of the object. Equal values are one. Fails as computePrepared.
  Expected<void> addPrepared(LoweredModule &program,
                             const TargetDescription &machine);

  /// Moves the kernels of \p program, a size of the function \p function, into
  /// the module.
  Expected<void> addProgram(LoweredModule program, const std::string &function);

  /// Adds the values of all weights that programs read: those given, and zeros
  /// or constants for the state of optimisers. Fails with `missingWeight`;
  /// `unsupported` for other initialisers.
  Expected<void> addWeights();

  /// Adds the functions that C programs call; \p isX86 or AArch64.
  void addFunctions(bool isX86);

  /// Adds what the run stub looks for; see StubModel.h.
  void addStubModel(const std::string &description);

  mlir::ModuleOp module() { return *built; }
  /// The symbols that others may call.
  const std::vector<std::string> &exports() const { return exported; }
  /// The names of the weights in the order of their data.
  const std::vector<std::string> &weights() const { return weightNames; }

private:
  mlir::OwningOpRef<mlir::ModuleOp> built;
  ObjectContents &contents;
  WeightBytes given;
  std::vector<std::string> exported, weightNames;
  /// The symbols of prepared data by their bytes.
  llvm::DenseMap<mlir::StringAttr, mlir::FlatSymbolRefAttr> prepared;
};

/// The name in C of each argument of \p signature.
std::vector<std::string> cNamesOf(const Signature &signature);

/// The symbol of a program, e.g. "digits_run_32_program".
std::string programSymbol(const ObjectContents &contents,
                          const std::string &function, int64_t batch);

/// The symbol of the data of \p weight, e.g. "digits_weight_hidden_weight".
std::string weightSymbol(const ObjectContents &contents,
                         const std::string &weight);

/// Whether \p argument is data of the object, and no argument of functions.
bool isBound(const ObjectContents &contents, const Argument &argument);

/// The C header of an object for \p target: sizes, names, functions.
std::string writeHeader(const ObjectContents &contents);

/// Fails with `codeGeneration` if \p object needs symbols of others.
Expected<void> checkFreestanding(const ObjectBytes &object);

} // namespace nnc

#endif // NNC_LIB_COMPILERLIBRARY_AHEADOFTIME_H
