//===- VectorTranspose.cpp - Matrices turned by tiles in registers --------===//
//
// One helper of a module turns for all of its kernels, so that its shuffles are
// compiled once. A step takes the 16 bytes of some columns out of every row:
// parts of rows that are `group` apart stand side by side in a vector, and
// shuffles inside of 16 bytes then give one vector for each column.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <numeric>

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

namespace {

/// Emits the helper (from, to, fromStride, toStride, columns, rows, written).
class Turning {
public:
  /// Elements of type \p source become those of type \p element.
  Turning(KernelBuilder &kernel, Type source, Type element, int64_t lanes)
      : kernel(kernel), source(source), element(element), lanes(lanes),
        group(std::min<int64_t>(lanes, 16 / storageBytes(element))) {
    auto argument = [&](unsigned number) {
      return kernel.function.getArgument(number);
    };
    from = argument(0), to = argument(1);
    fromStride = argument(2), toStride = argument(3);
    columns = argument(4), rows = argument(5), written = argument(6);
  }

  void emit() {
    Value spare = kernel.min(kernel.sub(columns, kernel.constant(group)),
                             kernel.sub(written, kernel.constant(lanes)));
    kernel.ifElse(
        kernel.less(spare, kernel.constant(0)), [&] { emitElements(); },
        [&] {
          kernel.ifElse(
              kernel.less(rows, kernel.constant(lanes)),
              [&] { emitRepeating(); }, [&] { emitRows(); });
        });
  }

private:
  /// Turns all columns in steps; \p rowAt gives the first element of row r.
  void emitSteps(llvm::function_ref<Value(Value column, int64_t row)> rowAt) {
    // The last step may share columns with the one before.
    Value last = kernel.sub(columns, kernel.constant(group));
    kernel.loop(kernel.constant(0), columns, group, [&](Value at) {
      Value column = kernel.min(at, last);
      SmallVector<SmallVector<Value>> parts(group);
      for (int64_t row = 0; row < lanes; ++row)
        parts[row % group].push_back(
            load(rowAt(column, row), kernel.constant(0), Lanes{group}));
      SmallVector<Value> squares;
      for (SmallVector<Value> &side : parts)
        squares.push_back(concatenate(std::move(side)));
      Value place = kernel.pointer(to, element, kernel.mul(column, toStride));
      for (Value vector : turned(std::move(squares))) {
        kernel.store(vector, place, kernel.constant(0), Lanes{lanes});
        place = kernel.pointer(place, element, toStride);
      }
    });
  }

  void emitRows() {
    Value begin;
    emitSteps([&](Value column, int64_t row) {
      begin = row == 0 ? kernel.pointer(from, source, column)
                       : kernel.pointer(begin, source, fromStride);
      return begin;
    });
  }

  /// Rows behind the last one repeat it.
  void emitRepeating() {
    Value offsets = kernel.stack(kernel.builder.getI64Type(), lanes);
    Value last = kernel.sub(rows, kernel.constant(1));
    kernel.loop(kernel.constant(0), kernel.constant(lanes), 1, [&](Value row) {
      Value offset = kernel.mul(kernel.min(row, last), fromStride);
      kernel.store(kernel.splat(offset, 1), offsets, row, Lanes{1});
    });
    emitSteps([&](Value column, int64_t row) {
      Value offset = kernel.loadScalar(offsets, kernel.builder.getI64Type(),
                                       kernel.constant(row));
      return kernel.pointer(kernel.pointer(from, source, offset), source,
                            column);
    });
  }

  /// Copies one by one.
  void emitElements() {
    Value zero = kernel.constant(0), all = kernel.constant(lanes);
    Value last = kernel.sub(rows, kernel.constant(1));
    kernel.loop(zero, columns, 1, [&](Value column) {
      Value target = kernel.mul(column, toStride);
      kernel.loop(zero, kernel.min(written, all), 1, [&](Value lane) {
        Value at =
            kernel.add(kernel.mul(kernel.min(lane, last), fromStride), column);
        kernel.store(load(from, at, Lanes{1}), to, kernel.add(target, lane),
                     Lanes{1});
      });
    });
  }

  Value load(Value base, Value at, const Lanes &live) {
    Value read = kernel.load(base, source, at, live);
    return source == element ? read : kernel.widen(read);
  }

  /// One vector of all \p parts, as many as a power of 2.
  Value concatenate(SmallVector<Value> parts) {
    for (int64_t width = group; parts.size() > 1; width *= 2) {
      SmallVector<int64_t> order(2 * width);
      std::iota(order.begin(), order.end(), 0);
      for (size_t at = 0; at < parts.size() / 2; ++at)
        parts[at] = kernel.shuffle(parts[2 * at], parts[2 * at + 1], order);
      parts.truncate(parts.size() / 2);
    }
    return parts.front();
  }

  /// Transposes the square that \p parts have in each 16 bytes.
  SmallVector<Value> turned(SmallVector<Value> parts) {
    // Interleaves halves of each 16 bytes, in units of some lanes.
    auto interleave = [&](Value a, Value b, int64_t unit, bool high) {
      SmallVector<int64_t> order;
      for (int64_t first = 0; first < lanes; first += group)
        for (int64_t at = 0; at < group / 2; at += unit)
          for (int64_t side : {int64_t(0), lanes})
            for (int64_t lane = 0; lane < unit; ++lane)
              order.push_back(side + first + at + lane +
                              (high ? group / 2 : 0));
      return kernel.shuffle(a, b, order);
    };
    for (int64_t unit = 1; unit < group; unit *= 2) {
      SmallVector<Value> next;
      for (int64_t at = 0; at < group; at += 2 * unit)
        for (int64_t in = 0; in < unit; ++in)
          for (bool high : {false, true})
            next.push_back(
                interleave(parts[at + in], parts[at + in + unit], unit, high));
      parts = next;
    }
    return parts;
  }

  KernelBuilder &kernel;
  Type source, element;
  int64_t lanes, group;
  Value from, to, fromStride, toStride, columns, rows, written;
};

} // namespace

void KernelBuilder::turn(Type element, int64_t lanes, const Turn &turn,
                         bool widens) {
  auto module = function->getParentOfType<ModuleOp>();
  widens &= element.isBF16();
  std::string name =
      fmt::format("turn_f{}x{}{}", element.getIntOrFloatBitWidth(), lanes,
                  widens ? "_wide" : "");
  auto helper = module.lookupSymbol<func::FuncOp>(name);
  if (!helper) {
    KernelBuilder kernel(module, target, name, /*pointers=*/2, /*numbers=*/5);
    Type written = widens ? Type(builder.getF32Type()) : element;
    Turning(kernel, element, written, lanes).emit();
    if (auto finished = kernel.finish(); !finished)
      failure = finished.error().message;
    helper = kernel.function;
  }
  Value all = constant(lanes);
  call(helper,
       {turn.from, turn.to, turn.fromStride, turn.toStride, turn.columns,
        turn.rows ? turn.rows : all, turn.written ? turn.written : all});
}
