//===- ContractionPairs.h - Products of bf16, two steps at once -*- C++ -*-===//

#ifndef NNC_LIB_KERNELS_CONTRACTIONPAIRS_H
#define NNC_LIB_KERNELS_CONTRACTIONPAIRS_H

#include "nnc/Kernels/Contraction.h"

namespace nnc::kernels {

/// How a product of bf16 runs over pairs of steps, which are four bytes each.
struct Pairing {
  /// The product of pairs: k and the operands count in pairs, but a right one
  /// in rows.
  ContractionSpec spec;
  /// Steps of the product; an odd one is a pair with 0.
  Extent steps;
  /// A first kernel puts the pairs of the left operand into scratch.
  bool leftInScratch = false;
  int64_t scratchBytes = 0;
  /// Two rows of the right operand become pairs where they are read.
  bool rightInRows = false;
  /// By the tiles of ContractionAMX.h: the right operand is in scratch too, and
  /// a left one there has whole tiles of `tileRows` rows.
  bool byTiles = false;
  int64_t tileRows = 0;

  bool rightInScratch() const { return byTiles; }
  bool padsRows() const { return byTiles && leftInScratch; }

  /// Nothing for other types, for targets without such instructions, and where
  /// an operand's steps lie side by side but not in whole pairs.
  static std::optional<Pairing> of(const ContractionSpec &spec,
                                   const TargetDescription &target);
};

/// Adds the kernel that makes the pairs of the left operand of \p spec.
mlir::func::FuncOp emitLeftPairs(mlir::ModuleOp module,
                                 const TargetDescription &target,
                                 const ContractionSpec &spec,
                                 const Pairing &pairing);

} // namespace nnc::kernels

#endif // NNC_LIB_KERNELS_CONTRACTIONPAIRS_H
