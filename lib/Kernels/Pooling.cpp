//===- Pooling.cpp - Windows that slide over images -----------------------===//

#include "nnc/Kernels/Pooling.h"
#include "KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

/// Elements below which a further thread costs more than it gains.
static constexpr int64_t grain = 4096;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

namespace {
/// A range of taps at run time.
struct Taps {
  Value low, high;
};

class PoolingEmitter {
public:
  PoolingEmitter(ModuleOp module, const TargetDescription &target,
                 const PoolingSpec &spec, std::vector<Buffer> buffers)
      : spec(spec), element(spec.element),
        kernel(module, target, spec.name, buffers, false),
        lanes(target.lanes(storageBytes(spec.element))) {}

  void emitMax(bool withIndex);
  void emitMean();
  void emitSpread();
  void emitIndexed(Type index, bool gather);
  /// Whether emitApart() can do what emitIndexed() does.
  bool canEmitApart(Type index) const;
  void emitApart();
  Expected<Kernels> finish() {
    if (auto finished = kernel.finish(); !finished)
      return fail(finished.error());
    return Kernels{{kernel.function}, 0};
  }

private:
  /// Calls \p emit with this thread's channels of images.
  void forEachPlane(llvm::function_ref<void(Value)> emit);
  /// Calls \p emit for the windows of a row, in vectors where all taps of the
  /// columns lie inside the image, else one by one.
  void forEachWindow(
      llvm::function_ref<void(Value column, const Lanes &, Taps)> emit);
  /// The taps that lie inside at position \p at.
  Taps tapsInside(const Sliding &sliding, Value at);
  /// The first element of the tap 0 of a row or column.
  Value start(const Sliding &sliding, Value at) {
    return kernel.add(kernel.mul(at, sliding.stride), -sliding.low);
  }
  /// A loop over taps, unrolled where their number is known and small.
  SmallVector<Value>
  tapLoop(const Taps &taps, ValueRange carried,
          llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body);
  Value elementsOf(const Taps &rows, const Taps &columns);
  void fillZero(Value at, int64_t count, Value memory);

  int64_t sourceSize() const { return spec.rows.source * spec.columns.source; }
  int64_t resultSize() const { return spec.rows.result * spec.columns.result; }

  const PoolingSpec &spec;
  Type element;
  KernelBuilder kernel;
  int64_t lanes;
};
} // namespace

void PoolingEmitter::forEachPlane(llvm::function_ref<void(Value)> emit) {
  int64_t size = std::max<int64_t>(1, std::max(sourceSize(), resultSize()));
  auto [low, high] =
      kernel.share(kernel.mul(kernel.bound(spec.images), spec.channels),
                   spec.images.capacity * spec.channels, 1,
                   std::max<int64_t>(1, grain / size));
  kernel.loop(low, high, 1, emit);
}

Taps PoolingEmitter::tapsInside(const Sliding &sliding, Value at) {
  if (sliding.low == 0 &&
      (sliding.result - 1) * sliding.stride + sliding.taps <= sliding.source)
    return {kernel.constant(0), kernel.constant(sliding.taps)};
  Value first = start(sliding, at), zero = kernel.constant(0);
  Value before = kernel.sub(zero, first);
  return {kernel.select(kernel.less(before, zero), zero, before),
          kernel.min(kernel.constant(sliding.taps),
                     kernel.sub(kernel.constant(sliding.source), first))};
}

void PoolingEmitter::forEachWindow(
    llvm::function_ref<void(Value, const Lanes &, Taps)> emit) {
  const Sliding &columns = spec.columns;
  int64_t low = std::min(ceilDiv(columns.low, columns.stride), columns.result);
  int64_t room = columns.source - columns.taps + columns.low;
  int64_t high =
      room < 0 ? low
               : std::clamp(room / columns.stride + 1, low, columns.result);
  auto edge = [&](int64_t from, int64_t to) {
    kernel.loop(kernel.constant(from), kernel.constant(to), 1,
                [&](Value column) {
                  emit(column, Lanes{1}, tapsInside(columns, column));
                });
  };
  edge(0, low);
  // Two loads and a shuffle for a stride of 2, else a gather.
  bool masked = columns.stride <= 2 ? kernel.target.maskedWords
                                    : kernel.target.maskedBytes;
  int64_t count = high - low;
  vectorLoop(
      kernel, kernel.constant(low), kernel.constant(high), lanes, masked,
      count >= lanes, count % lanes != 0, [&](Value column, const Lanes &live) {
        emit(column, live, {kernel.constant(0), kernel.constant(columns.taps)});
      });
  edge(high, columns.result);
}

SmallVector<Value> PoolingEmitter::tapLoop(
    const Taps &taps, ValueRange carried,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto low = kernel.constantOf(taps.low), high = kernel.constantOf(taps.high);
  if (!low || !high || *high - *low > 4)
    return kernel.loop(taps.low, taps.high, 1, carried, body);
  SmallVector<Value> values(carried);
  for (int64_t tap = *low; tap < *high; ++tap)
    values = body(kernel.constant(tap), values);
  return values;
}

//===----------------------------------------------------------------------===//
// Largest
//===----------------------------------------------------------------------===//

void PoolingEmitter::emitMax(bool withIndex) {
  Type i32 = kernel.builder.getI32Type();
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Value source = kernel.function.getArgument(0);
  auto narrow = [&](Value value) -> Value {
    return arith::TruncIOp::create(builder, loc, i32, value);
  };
  forEachPlane([&](Value plane) {
    Value from = kernel.mul(plane, sourceSize());
    Value to = kernel.mul(plane, resultSize());
    kernel.loop(
        kernel.constant(0), kernel.constant(spec.rows.result), 1,
        [&](Value row) {
          Taps rowTaps = tapsInside(spec.rows, row);
          Value firstRow = start(spec.rows, row);
          forEachWindow([&](Value column, const Lanes &live, Taps columnTaps) {
            Value firstColumn = start(spec.columns, column);
            // Places of the lanes' windows within a row of the image.
            SmallVector<int32_t> steps(live.width);
            for (int64_t lane = 0; lane < live.width; ++lane)
              steps[lane] = lane * spec.columns.stride;
            Value lanePlaces = arith::ConstantOp::create(
                builder, loc, builder.getI32VectorAttr(steps));
            auto placesAt = [&](Value p, Value q) -> Value {
              Value at = kernel.add(
                  kernel.mul(kernel.add(firstRow, p), spec.columns.source),
                  kernel.add(firstColumn, q));
              return arith::AddIOp::create(builder, loc,
                                           kernel.splat(narrow(at), live.width),
                                           lanePlaces);
            };
            SmallVector<Value> best{kernel.splatConstant(
                element, live.width, -std::numeric_limits<double>::infinity())};
            if (withIndex)
              best.push_back(placesAt(rowTaps.low, columnTaps.low));
            best = tapLoop(rowTaps, best, [&](Value p, ValueRange outer) {
              Value rowStart =
                  kernel.add(from, kernel.mul(kernel.add(firstRow, p),
                                              spec.columns.source));
              return tapLoop(
                  columnTaps, outer,
                  [&](Value q, ValueRange carried) -> SmallVector<Value> {
                    Value value = kernel.load(
                        source, element,
                        kernel.add(rowStart, kernel.add(firstColumn, q)), live,
                        spec.columns.stride);
                    // Larger or NaN, unless the best is NaN already.
                    Value larger = arith::CmpFOp::create(
                        builder, loc, arith::CmpFPredicate::UGT, value,
                        carried[0]);
                    Value known = arith::CmpFOp::create(
                        builder, loc, arith::CmpFPredicate::ORD, carried[0],
                        carried[0]);
                    Value wins =
                        arith::AndIOp::create(builder, loc, larger, known);
                    SmallVector<Value> next{
                        kernel.select(wins, value, carried[0])};
                    if (withIndex)
                      next.push_back(
                          kernel.select(wins, placesAt(p, q), carried[1]));
                    return next;
                  });
            });
            Value at = kernel.add(
                to, kernel.add(kernel.mul(row, spec.columns.result), column));
            kernel.store(best[0], kernel.function.getArgument(1), at, live);
            if (withIndex)
              kernel.store(best[1], kernel.function.getArgument(2), at, live);
          });
        });
  });
}

//===----------------------------------------------------------------------===//
// Means
//===----------------------------------------------------------------------===//

/// What a window's sum is divided by, as a scalar of the element type.
Value PoolingEmitter::elementsOf(const Taps &rows, const Taps &columns) {
  Value count = spec.countPadding
                    ? kernel.constant(spec.rows.taps * spec.columns.taps)
                    : kernel.mul(kernel.sub(rows.high, rows.low),
                                 kernel.sub(columns.high, columns.low));
  return arith::SIToFPOp::create(kernel.builder, kernel.loc, element, count);
}

void PoolingEmitter::emitMean() {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Value source = kernel.function.getArgument(0);
  forEachPlane([&](Value plane) {
    Value from = kernel.mul(plane, sourceSize());
    Value to = kernel.mul(plane, resultSize());
    kernel.loop(
        kernel.constant(0), kernel.constant(spec.rows.result), 1,
        [&](Value row) {
          Taps rowTaps = tapsInside(spec.rows, row);
          Value firstRow = start(spec.rows, row);
          forEachWindow([&](Value column, const Lanes &live, Taps columnTaps) {
            Value firstColumn = start(spec.columns, column);
            SmallVector<Value> sum{
                kernel.splatConstant(element, live.width, 0)};
            sum = tapLoop(rowTaps, sum, [&](Value p, ValueRange outer) {
              Value rowStart =
                  kernel.add(from, kernel.mul(kernel.add(firstRow, p),
                                              spec.columns.source));
              return tapLoop(
                  columnTaps, outer,
                  [&](Value q, ValueRange carried) -> SmallVector<Value> {
                    Value value = kernel.load(
                        source, element,
                        kernel.add(rowStart, kernel.add(firstColumn, q)), live,
                        spec.columns.stride);
                    return {
                        arith::AddFOp::create(builder, loc, carried[0], value)};
                  });
            });
            Value count =
                kernel.splat(elementsOf(rowTaps, columnTaps), live.width);
            kernel.store(
                arith::DivFOp::create(builder, loc, sum[0], count),
                kernel.function.getArgument(1),
                kernel.add(to, kernel.add(kernel.mul(row, spec.columns.result),
                                          column)),
                live);
          });
        });
  });
}

void PoolingEmitter::fillZero(Value at, int64_t count, Value memory) {
  vectorLoop(kernel, kernel.constant(0), kernel.constant(count), lanes,
             kernel.target.maskedWords, count >= lanes, count % lanes != 0,
             [&](Value place, const Lanes &live) {
               kernel.store(kernel.splatConstant(element, live.width, 0),
                            memory, kernel.add(place, at), live);
             });
}

void PoolingEmitter::emitSpread() {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Value source = kernel.function.getArgument(0);
  Value result = kernel.function.getArgument(1);
  Lanes one{1};
  forEachPlane([&](Value plane) {
    Value from = kernel.mul(plane, resultSize());
    Value to = kernel.mul(plane, sourceSize());
    fillZero(to, sourceSize(), result);
    auto forEach = [&](int64_t count, llvm::function_ref<void(Value)> emit) {
      kernel.loop(kernel.constant(0), kernel.constant(count), 1, emit);
    };
    forEach(spec.rows.result, [&](Value row) {
      Taps rowTaps = tapsInside(spec.rows, row);
      forEach(spec.columns.result, [&](Value column) {
        Taps columnTaps = tapsInside(spec.columns, column);
        Value value = kernel.load(
            source, element,
            kernel.add(
                from, kernel.add(kernel.mul(row, spec.columns.result), column)),
            one);
        Value share = arith::DivFOp::create(
            builder, loc, value,
            kernel.splat(elementsOf(rowTaps, columnTaps), 1));
        kernel.loop(rowTaps.low, rowTaps.high, 1, [&](Value p) {
          Value rowStart =
              kernel.add(kernel.mul(kernel.add(start(spec.rows, row), p),
                                    spec.columns.source),
                         kernel.add(to, start(spec.columns, column)));
          kernel.loop(columnTaps.low, columnTaps.high, 1, [&](Value q) {
            Value at = kernel.add(rowStart, q);
            Value old = kernel.load(result, element, at, one);
            kernel.store(arith::AddFOp::create(builder, loc, old, share),
                         result, at, one);
          });
        });
      });
    });
  });
}

//===----------------------------------------------------------------------===//
// Indexed
//===----------------------------------------------------------------------===//

void PoolingEmitter::emitIndexed(Type index, bool gather) {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Lanes one{1};
  Value zero = kernel.constant(0), last = kernel.constant(sourceSize() - 1);
  forEachPlane([&](Value plane) {
    Value images = kernel.mul(plane, sourceSize());
    Value windows = kernel.mul(plane, resultSize());
    if (!gather)
      fillZero(images, sourceSize(), kernel.function.getArgument(2));
    kernel.loop(zero, kernel.constant(resultSize()), 1, [&](Value inPlane) {
      Value window = kernel.add(windows, inPlane);
      Value place =
          kernel.loadScalar(kernel.function.getArgument(1), index, window);
      if (!index.isInteger(64))
        place =
            arith::ExtSIOp::create(builder, loc, builder.getI64Type(), place);
      place = kernel.select(kernel.less(place, zero), zero, place);
      place = kernel.add(images, kernel.min(place, last));
      Value value = kernel.load(kernel.function.getArgument(0), element,
                                gather ? place : window, one);
      Value result = kernel.function.getArgument(2);
      if (!gather) {
        Value old = kernel.load(result, element, place, one);
        value = arith::AddFOp::create(builder, loc, old, value);
      }
      kernel.store(value, result, gather ? window : place, one);
    });
  });
}

//===----------------------------------------------------------------------===//
// Windows apart
//===----------------------------------------------------------------------===//

bool PoolingEmitter::canEmitApart(Type index) const {
  auto isApart = [](const Sliding &sliding) {
    return sliding.low == 0 && sliding.taps <= sliding.stride &&
           sliding.result * sliding.stride <= sliding.source;
  };
  return spec.insideWindows && index.isInteger(32) && isApart(spec.rows) &&
         isApart(spec.columns) && lanes % spec.columns.stride == 0;
}

/// Each element belongs to one window at most and is its value if the index
/// names it, so that images are written once, in order.
void PoolingEmitter::emitApart() {
  OpBuilder &builder = kernel.builder;
  Location loc = kernel.loc;
  Type i32 = builder.getI32Type();
  Value values = kernel.function.getArgument(0);
  Value index = kernel.function.getArgument(1);
  Value result = kernel.function.getArgument(2);
  int64_t stride = spec.columns.stride, width = spec.columns.source;
  int64_t covered = spec.columns.result * stride;
  int64_t coveredRows = spec.rows.result * spec.rows.stride;
  forEachPlane([&](Value plane) {
    Value from = kernel.mul(plane, resultSize());
    Value to = kernel.mul(plane, sourceSize());
    auto spread = [&](Value row, Value column, const Lanes &live) {
      Value window = kernel.div(column, kernel.constant(stride));
      Lanes windows{std::max<int64_t>(1, live.width / stride)};
      if (live.mask)
        windows = kernel.firstLanes(
            kernel.sub(kernel.constant(spec.columns.result), window),
            windows.width);
      SmallVector<int64_t> owners;
      for (int64_t lane = 0; lane < live.width; ++lane)
        owners.push_back(lane / stride);
      auto ofWindows = [&](Value memory, Type type) {
        Value at = kernel.add(
            from, kernel.add(kernel.mul(row, spec.columns.result), window));
        Value loaded = kernel.load(memory, type, at, windows);
        return live.width == 1 ? loaded
                               : kernel.shuffle(loaded, loaded, owners);
      };
      Value value = ofWindows(values, element), named = ofWindows(index, i32);
      Value none = kernel.splatConstant(element, live.width, 0);
      Value lanePlaces =
          arith::ConstantOp::create(builder, loc,
                                    builder.getI32VectorAttr(llvm::to_vector(
                                        llvm::seq<int32_t>(0, live.width))));
      auto emitRow = [&](Value tap) {
        Value at = kernel.add(
            kernel.mul(kernel.add(kernel.mul(row, spec.rows.stride), tap),
                       width),
            column);
        Value first = arith::TruncIOp::create(builder, loc, i32, at);
        Value places = arith::AddIOp::create(
            builder, loc, kernel.splat(first, live.width), lanePlaces);
        Value isNamed = arith::CmpIOp::create(
            builder, loc, arith::CmpIPredicate::eq, named, places);
        kernel.store(kernel.select(isNamed, value, none), result,
                     kernel.add(to, at), live);
      };
      if (spec.rows.stride > 4)
        return kernel.loop(kernel.constant(0),
                           kernel.constant(spec.rows.stride), 1, emitRow);
      for (int64_t tap = 0; tap < spec.rows.stride; ++tap)
        emitRow(kernel.constant(tap));
    };
    kernel.loop(
        kernel.constant(0), kernel.constant(spec.rows.result), 1,
        [&](Value row) {
          vectorLoop(kernel, kernel.constant(0), kernel.constant(covered),
                     lanes, kernel.target.maskedWords, covered >= lanes,
                     covered % lanes != 0,
                     [&](Value column, const Lanes &live) {
                       spread(row, column, live);
                     });
          if (covered < width)
            kernel.loop(
                kernel.constant(0), kernel.constant(spec.rows.stride), 1,
                [&](Value tap) {
                  Value at = kernel.add(kernel.mul(row, spec.rows.stride), tap);
                  fillZero(kernel.add(
                               to, kernel.add(kernel.mul(at, width), covered)),
                           width - covered, result);
                });
        });
    fillZero(kernel.add(to, coveredRows * width),
             sourceSize() - coveredRows * width, result);
  });
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

/// The sizes of the images and of the windows' values.
static std::pair<int64_t, int64_t> elementsOf(const PoolingSpec &spec) {
  int64_t planes = spec.images.capacity * spec.channels;
  return {planes * spec.rows.source * spec.columns.source,
          planes * spec.rows.result * spec.columns.result};
}

static Expected<void> check(const PoolingSpec &spec) {
  if (!spec.element.isF32() && !spec.element.isF64())
    return fail(ErrorCode::unsupported,
                "pooling of elements other than f32 and f64");
  return {};
}

Expected<Kernels> kernels::emitMaxPool(ModuleOp module,
                                       const TargetDescription &target,
                                       const PoolingSpec &spec,
                                       bool withIndex) {
  if (auto checked = check(spec); !checked)
    return fail(checked.error());
  auto [images, windows] = elementsOf(spec);
  std::vector<Buffer> buffers{{spec.element, images}, {spec.element, windows}};
  if (withIndex)
    buffers.push_back({IntegerType::get(module.getContext(), 32), windows});
  PoolingEmitter emitter(module, target, spec, buffers);
  emitter.emitMax(withIndex);
  return emitter.finish();
}

Expected<Kernels> kernels::emitAvgPool(ModuleOp module,
                                       const TargetDescription &target,
                                       const PoolingSpec &spec) {
  if (auto checked = check(spec); !checked)
    return fail(checked.error());
  auto [images, windows] = elementsOf(spec);
  PoolingEmitter emitter(module, target, spec,
                         {{spec.element, images}, {spec.element, windows}});
  emitter.emitMean();
  return emitter.finish();
}

Expected<Kernels> kernels::emitAvgUnpool(ModuleOp module,
                                         const TargetDescription &target,
                                         const PoolingSpec &spec) {
  if (auto checked = check(spec); !checked)
    return fail(checked.error());
  auto [images, windows] = elementsOf(spec);
  PoolingEmitter emitter(module, target, spec,
                         {{spec.element, windows}, {spec.element, images}});
  emitter.emitSpread();
  return emitter.finish();
}

Expected<Kernels> kernels::emitIndexedPool(ModuleOp module,
                                           const TargetDescription &target,
                                           const PoolingSpec &spec, Type index,
                                           bool gather) {
  if (auto checked = check(spec); !checked)
    return fail(checked.error());
  auto [images, windows] = elementsOf(spec);
  if (gather)
    std::swap(images, windows);
  PoolingEmitter emitter(module, target, spec,
                         {{spec.element, windows},
                          {index, gather ? images : windows},
                          {spec.element, images}});
  if (!gather && emitter.canEmitApart(index))
    emitter.emitApart();
  else
    emitter.emitIndexed(index, gather);
  return emitter.finish();
}
