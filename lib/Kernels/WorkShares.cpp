//===- WorkShares.cpp - Which part of the work a thread does --------------===//

#include "KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

std::pair<Value, Value> KernelBuilder::share(Value total, int64_t capacity,
                                             int64_t granule, int64_t atLeast) {
  int64_t most =
      std::max<int64_t>(1, std::min(capacity / std::max<int64_t>(1, atLeast),
                                    (capacity + granule - 1) / granule));
  if (most == 1) {
    Value first = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                        index, constant(0));
    return {constant(0), select(first, total, constant(0))};
  }
  Value parts = min(count, constant(most));
  Value granules = ceilDiv(total, constant(granule));
  auto edge = [&](Value part) {
    Value at = div(mul(granules, min(part, parts)), parts);
    return granule == 1 ? at : min(mul(at, granule), total);
  };
  return {edge(index), edge(add(index, 1))};
}

/// Writes to its first argument where this thread's rows begin and end, then
/// its columns. Numbers: rows, columns, threads, the thread's number, and 1 for
/// more rows on a tie.
static func::FuncOp gridHelper(ModuleOp module,
                               const TargetDescription &target) {
  constexpr const char *name = "share_grid";
  if (auto found = module.lookupSymbol<func::FuncOp>(name))
    return found;
  KernelBuilder kernel(module, target, name, /*pointers=*/1, /*numbers=*/5);
  auto number = [&](unsigned i) { return kernel.function.getArgument(1 + i); };
  Value rows = number(0), columns = number(1), threads = number(2);
  Value index = number(3), moreRows = number(4);
  SmallVector<Value> best =
      kernel.loop(kernel.constant(1), kernel.add(threads, 1), 1,
                  {kernel.constant(INT64_MAX - 1), kernel.constant(1)},
                  [&](Value down, ValueRange carried) -> SmallVector<Value> {
                    Value across = kernel.div(threads, down);
                    Value cost = kernel.mul(kernel.ceilDiv(rows, down),
                                            kernel.ceilDiv(columns, across));
                    Value better =
                        kernel.less(cost, kernel.add(carried[0], moreRows));
                    return {kernel.select(better, cost, carried[0]),
                            kernel.select(better, down, carried[1])};
                  });
  Value down = best[1], across = kernel.div(threads, down);
  Value row = kernel.div(index, across), column = kernel.rem(index, across);
  Type type = kernel.builder.getI64Type();
  auto put = [&](int64_t place, Value total, Value part, Value parts) {
    Value edge = kernel.div(kernel.mul(total, kernel.min(part, parts)), parts);
    LLVM::StoreOp::create(kernel.builder, kernel.loc, edge,
                          kernel.pointer(kernel.function.getArgument(0), type,
                                         kernel.constant(place)));
  };
  put(0, rows, row, down);
  put(1, rows, kernel.add(row, 1), down);
  put(2, columns, column, across);
  put(3, columns, kernel.add(column, 1), across);
  // Arithmetic of numbers cannot fail.
  (void)kernel.finish();
  return kernel.function;
}

GridShare KernelBuilder::shareGrid(Value rows, Value columns, int64_t most,
                                   bool moreRows) {
  Type type = builder.getI64Type();
  Value edges = stack(type, 4);
  call(gridHelper(function->getParentOfType<ModuleOp>(), target),
       {edges, rows, columns, min(count, constant(most)), index,
        constant(moreRows ? 1 : 0)});
  auto edge = [&](int64_t place) -> Value {
    return LLVM::LoadOp::create(builder, loc, type,
                                pointer(edges, type, constant(place)));
  };
  return {{edge(0), edge(1)}, {edge(2), edge(3)}};
}
