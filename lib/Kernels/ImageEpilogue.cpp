//===- ImageEpilogue.cpp - What follows the sums of images ----------------===//

#include "ImageEpilogue.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

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

PooledValue
kernels::emitPooled(KernelBuilder &kernel, int64_t width,
                    const ImageEpilogue &epilogue, const PooledImages &pool,
                    const RowAccesses &inputs, Value row, Value column,
                    int64_t columnStep,
                    llvm::function_ref<Value(int64_t, int64_t)> sumOf) {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Type i32 = builder.getI32Type();
  Lanes lanes{width};
  SmallVector<Value> operands{nullptr};
  for (unsigned i = 0; i < epilogue.inputs.size(); ++i)
    operands.push_back(inputs.load(kernel, i, kernel.constant(0), lanes));
  auto placesAt = [&](int64_t p, int64_t q) -> Value {
    Value at =
        kernel.add(kernel.mul(kernel.add(kernel.mul(row, pool.rows.stride), p),
                              pool.columns.source),
                   kernel.add(kernel.mul(column, pool.columns.stride), q));
    SmallVector<int32_t> steps(width);
    for (int64_t lane = 0; lane < width; ++lane)
      steps[lane] = lane * columnStep * pool.columns.stride;
    Value first = arith::TruncIOp::create(builder, loc, i32, at);
    return arith::AddIOp::create(
        builder, loc, kernel.splat(first, width),
        arith::ConstantOp::create(builder, loc,
                                  builder.getI32VectorAttr(steps)));
  };
  auto indexOf = [&](unsigned) -> Value { return nullptr; };
  auto batchOf = [&] { return kernel.batch(); };
  // Larger or NaN, unless the one before is NaN already.
  auto largerOf = [&](const PooledValue &a, const PooledValue &b) {
    Value larger = arith::CmpFOp::create(
        builder, loc, arith::CmpFPredicate::UGT, b.largest, a.largest);
    Value known = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::ORD,
                                        a.largest, a.largest);
    Value wins = arith::AndIOp::create(builder, loc, larger, known);
    return PooledValue{kernel.select(wins, b.largest, a.largest),
                       a.index ? kernel.select(wins, b.index, a.index)
                               : nullptr};
  };
  SmallVector<PooledValue> taps;
  for (int64_t p = 0; p < pool.rows.taps; ++p)
    for (int64_t q = 0; q < pool.columns.taps; ++q) {
      operands[0] = sumOf(p, q);
      SmallVector<Value> values{operands[0]};
      if (epilogue.body) {
        BodyContext context(builder, loc, width, operands, indexOf, batchOf);
        values = epilogue.body(context);
      }
      kernel.expectResults(values.size(), 1);
      taps.push_back({values[0], pool.withIndex ? placesAt(p, q) : Value()});
    }
  // By pairs of neighbours, which depend on few others.
  while (taps.size() > 1) {
    SmallVector<PooledValue> next;
    for (size_t i = 0; i + 1 < taps.size(); i += 2)
      next.push_back(largerOf(taps[i], taps[i + 1]));
    if (taps.size() % 2 != 0)
      next.push_back(taps.back());
    taps = std::move(next);
  }
  return taps.front();
}
