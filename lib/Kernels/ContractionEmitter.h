//===- ContractionEmitter.h - Emits one matrix product ----------*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_CONTRACTIONEMITTER_H
#define NNC_LIB_KERNELS_CONTRACTIONEMITTER_H

#include "ContractionLeft.h"
#include "ContractionPairs.h"
#include "ContractionPlan.h"

namespace nnc::kernels {

/// Steps of k that memory is asked for ahead.
inline constexpr int64_t prefetchSteps = 16;

/// Emits one kernel. Sums of a tile, or of a block of tiles if k needs several
/// panels, go through the stack to the epilogue, which is so emitted once and
/// sees whole rows of a panel.
class ContractionEmitter {
public:
  /// \p pairing, if there is one, is that of \p spec.
  ContractionEmitter(mlir::ModuleOp module, const TargetDescription &target,
                     const ContractionSpec &spec, const Pairing *pairing);
  Expected<Kernels> emit();

private:
  /// One panel of one batch entry.
  struct Panel {
    llvm::SmallVector<mlir::Value> batch;
    /// Element positions of the two matrices.
    mlir::Value lhs, rhs;
    /// First column and the number of columns.
    mlir::Value column, columns;
    /// What the sums' first column is: `column`, or before it where the last
    /// panel reaches back to stay inside the matrix.
    mlir::Value firstColumn;
    /// Where the panel's columns begin in the right operand.
    mlir::Value start;
  };
  struct Range {
    mlir::Value low, high;
  };

  /// This thread's tiles and panels (of all batch entries).
  std::pair<Range, Range> divideWork();
  Panel panelAt(mlir::Value number);
  void emitPanel(const Panel &panel, Range tiles);
  /// The sums of one tile over k in [from, from + steps), added to the stack
  /// if there are several chunks. \p first is the tile that packs.
  void emitTile(const Panel &panel, mlir::Value tile, mlir::Value first,
                mlir::Value slot, mlir::Value from, mlir::Value steps);
  /// Where a register tile reads the panel: in the operand, there with a copy
  /// to the stack, or on the stack.
  enum class Source : uint8_t { operand, copied, packed };
  /// A call of registerTile() for tile \p number. \p left is where its rows
  /// begin among those of the left matrix.
  void emitRegisterTile(const Panel &panel, mlir::Value number, int64_t rows,
                        Source source, mlir::Value firstRow, mlir::Value left,
                        mlir::Value slot, mlir::Value from, mlir::Value steps);
  /// The function (left, right, other, sums, steps) that adds up one tile;
  /// other is where it copies the panel, or what it asks memory for. It is the
  /// same for all products of a module for which it would read the same. It is
  /// apart so that nothing else asks for the registers.
  mlir::func::FuncOp registerTile(int64_t rows, Source source);
  class RegisterTile;
  /// Whether so much of the right operand is read that it comes from memory.
  bool isLarge() const;
  /// Cache lines of the panel behind that a register tile asks for at each
  /// step: 0 unless panels that lie apart come from memory. The tiles of a
  /// panel share them.
  int64_t linesAhead() const;
  /// Whether a tile asks for the left operand ahead: one that is transposed
  /// and comes from memory.
  bool asksForLeft() const;
  /// The same by tiles of AMX.
  mlir::func::FuncOp amxTile();
  /// What the names of a program's functions have in common.
  llvm::StringRef commonName() const;
  /// Elements from one row of the sums to the next.
  int64_t sumPitch() const;
  /// Whether the panel's last row may stand alone when \p source is read.
  bool endsWithOneRow(Source source) const;
  /// Where the output has \p row of the panel.
  mlir::Value outputAt(const Panel &panel, mlir::Value row);
  /// Elements from one row of a tile to the next in the left operand.
  int64_t leftRowStep() const {
    return spec.lhs.transposed ? 1 : spec.lhs.rowStride;
  }
  /// Elements from one step of k to the next.
  int64_t leftStep() const {
    if (plan.leftInTiles)
      return plan.tileRows;
    return spec.lhs.transposed ? spec.lhs.rowStride : 1;
  }
  int64_t rightStep(Source source) const;
  void emitDotTile(const Panel &panel, mlir::Value slot);
  /// How tiles ask for what the epilogue reads beside their sums: so many
  /// lines at each step of k, from a list of so many entries (a power of two)
  /// that is read again and again; 0: all of them before the first step.
  struct AskingPlan {
    int64_t perStep = 0, entries = 0;
  };
  AskingPlan askingPlan() const;
  /// The inputs of the epilogue that lie in rows, each once.
  llvm::SmallVector<const Access *> inputsInRows() const;
  /// Cache lines that a row of a panel takes in \p access.
  int64_t linesOf(const Access &access) const;
  /// The list, of lines that may be asked for.
  mlir::Value makeInputLines();
  /// Asks for what the epilogue will read, or makes the list of it.
  void askForInputs(const Panel &panel, mlir::Value firstRow);
  void emitEpilogue(const Panel &panel, mlir::Value firstTile,
                    mlir::Value lastTile);
  /// The sums of \p lanes columns from \p column of \p row.
  mlir::Value sumInline(const Panel &panel, mlir::Value row, mlir::Value column,
                        const Lanes &lanes);

  void packPanel(const Panel &panel, mlir::Value from, mlir::Value steps);
  void packTransposed(const Panel &panel, mlir::Value from, mlir::Value steps);
  void packElements(const Panel &panel, mlir::Value from, mlir::Value low,
                    mlir::Value high);

  /// What the operands are read as. Pairs are moved as if they were f32.
  mlir::Type lhsElement() const {
    return pairing || plan.leftInTiles ? element
                                       : spec.buffers[spec.lhs.buffer].element;
  }
  mlir::Type rhsElement() const {
    return pairing && !joinsRows() ? element
                                   : spec.buffers[spec.rhs.buffer].element;
  }
  /// Tiles reach behind the last row and not back: the left operand goes on.
  bool padsRows() const { return pairing && pairing->padsRows(); }
  bool joinsRows() const { return pairing && pairing->rightInRows; }
  /// \p sum plus the products of lanes, or of pairs in lanes.
  mlir::Value multiplyAdd(KernelBuilder &builder, mlir::Value a, mlir::Value b,
                          mlir::Value sum) const {
    return pairing ? builder.dotPairs(a, b, sum) : builder.fma(a, b, sum);
  }
  mlir::Value lhs() {
    return plan.leftInTiles || (pairing && pairing->leftInScratch)
               ? kernel.scratch
               : kernel.function.getArgument(spec.lhs.buffer);
  }
  mlir::Value rhs() {
    return pairing && pairing->rightInScratch()
               ? kernel.scratch
               : kernel.function.getArgument(spec.rhs.buffer);
  }

  mlir::ModuleOp module;
  const ContractionSpec &spec;
  const Pairing *pairing;
  ContractionPlan plan;
  KernelBuilder kernel;
  mlir::Type element;
  mlir::Value rows, depth;
  /// Rows of a tile in this call: fewer if there are fewer rows at run time.
  mlir::Value tileRows, tiles;
  /// Without an epilogue full tiles are written where they belong; what tiles
  /// that reach back repeat has the same bits.
  bool writesOutput = false;
  mlir::Value sums, packed;
  AskingPlan asks;
  mlir::Value inputLines;
};

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_CONTRACTIONEMITTER_H
