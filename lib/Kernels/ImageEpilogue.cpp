//===- ImageEpilogue.cpp - What follows the sums of images ----------------===//

#include "ImageEpilogue.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

void kernels::emitImageEpilogue(KernelBuilder &kernel, Type element,
                                int64_t lanes, const ImageEpilogue &epilogue,
                                const SumsOfRow &sums) {
  bool masked =
      canMask(kernel.target, kernel.buffers, epilogue.inputs, epilogue.results);
  SmallVector<Value> indices{sums.image, sums.channel, sums.row};
  RowAccesses inputs(kernel, epilogue.inputs, indices, true);
  RowAccesses outputs(kernel, epilogue.results, indices, false);
  vectorLoop(kernel, sums.from, sums.to, lanes, masked, sums.full, sums.rest,
             [&](Value column, const Lanes &live) {
               SmallVector<Value> operands{
                   kernel.load(sums.base, element, kernel.add(sums.at, column),
                               Lanes{live.width})};
               for (unsigned i = 0; i < epilogue.inputs.size(); ++i)
                 operands.push_back(inputs.load(kernel, i, column, live));
               auto indexOf = [&](unsigned dimension) {
                 return dimension < 3
                            ? kernel.splat(indices[dimension], live.width)
                            : kernel.iota(column, live.width);
               };
               auto batchOf = [&] { return kernel.batch(); };
               SmallVector<Value> values{operands[0]};
               if (epilogue.body) {
                 BodyContext context(kernel.builder, kernel.loc, live.width,
                                     operands, indexOf, batchOf);
                 values = epilogue.body(context);
               }
               kernel.expectResults(values.size(), epilogue.results.size());
               for (auto [i, value] : llvm::enumerate(values))
                 outputs.store(kernel, i, value, column, live);
             });
}
