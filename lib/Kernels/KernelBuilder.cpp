//===- KernelBuilder.cpp - Emits loops, loads and shares ------------------===//

#include "KernelBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace nnc;
using namespace nnc::kernels;

Type kernels::storageType(Type element) {
  if (element.isInteger(1))
    return IntegerType::get(element.getContext(), 8);
  if (element.isBF16())
    return IntegerType::get(element.getContext(), 16);
  return element;
}

int64_t kernels::storageBytes(Type element) {
  return storageType(element).getIntOrFloatBitWidth() / 8;
}

Type Reduction::resultType() const {
  if (kind == ReduceKind::argmax || kind == ReduceKind::argmin)
    return IntegerType::get(element.getContext(), 64);
  return element;
}

KernelBuilder::KernelBuilder(ModuleOp module, const TargetDescription &target,
                             StringRef name, ArrayRef<Buffer> buffers,
                             bool hasScratch)
    : builder(module.getContext()), loc(module.getLoc()), target(target),
      buffers(buffers) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  SmallVector<Type> types(buffers.size() + hasScratch + 1, pointer);
  types.append(2, builder.getI64Type());
  open(module, name, types);
  Block &entry = function.getBody().front();
  if (hasScratch)
    scratch = entry.getArgument(buffers.size());
  extents = entry.getArgument(buffers.size() + hasScratch);
  index = entry.getArgument(buffers.size() + hasScratch + 1);
  count = entry.getArgument(buffers.size() + hasScratch + 2);
}

KernelBuilder::KernelBuilder(ModuleOp module, const TargetDescription &target,
                             StringRef name, unsigned pointers,
                             unsigned numbers)
    : builder(module.getContext()), loc(module.getLoc()), target(target) {
  SmallVector<Type> types(pointers,
                          LLVM::LLVMPointerType::get(builder.getContext()));
  types.append(numbers, builder.getI64Type());
  open(module, name, types);
}

void KernelBuilder::open(ModuleOp module, StringRef name,
                         ArrayRef<Type> types) {
  builder.setInsertionPointToEnd(module.getBody());
  function = func::FuncOp::create(builder, loc, name,
                                  builder.getFunctionType(types, {}));
  builder.setInsertionPointToStart(function.addEntryBlock());
}

Expected<void> KernelBuilder::finish() {
  // Stores past the caches come in no order, and a barrier may count on one.
  if (streams)
    LLVM::FenceOp::create(builder, loc, LLVM::AtomicOrdering::seq_cst);
  func::ReturnOp::create(builder, loc);
  if (!failure.empty())
    return fail(ErrorCode::internal,
                "kernel '" + function.getName().str() + "': " + failure);
  return {};
}

void KernelBuilder::expectResults(size_t found, size_t expected) {
  if (found != expected && failure.empty())
    failure =
        fmt::format("a body gave {} values, expected {}", found, expected);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value KernelBuilder::constant(TypedAttr attribute) {
  Value &value = constants[attribute];
  if (!value) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    value = arith::ConstantOp::create(builder, loc, attribute);
  }
  return value;
}

Value KernelBuilder::constant(int64_t value) {
  return constant(builder.getI64IntegerAttr(value));
}

std::optional<int64_t> KernelBuilder::constantOf(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSExtValue();
  return std::nullopt;
}

Value KernelBuilder::add(Value a, Value b) {
  auto ca = constantOf(a), cb = constantOf(b);
  if (ca && cb)
    return constant(*ca + *cb);
  if (ca == 0)
    return b;
  if (cb == 0)
    return a;
  return arith::AddIOp::create(builder, loc, a, b,
                               arith::IntegerOverflowFlags::nsw);
}

Value KernelBuilder::sub(Value a, Value b) {
  auto ca = constantOf(a), cb = constantOf(b);
  if (ca && cb)
    return constant(*ca - *cb);
  if (cb == 0)
    return a;
  if (a == b)
    return constant(0);
  return arith::SubIOp::create(builder, loc, a, b,
                               arith::IntegerOverflowFlags::nsw);
}

Value KernelBuilder::mul(Value a, Value b) {
  auto ca = constantOf(a), cb = constantOf(b);
  if (ca && cb)
    return constant(*ca * *cb);
  if (ca == 0 || cb == 0)
    return constant(0);
  if (ca == 1)
    return b;
  if (cb == 1)
    return a;
  return arith::MulIOp::create(builder, loc, a, b,
                               arith::IntegerOverflowFlags::nsw);
}

Value KernelBuilder::div(Value a, Value b) {
  auto ca = constantOf(a), cb = constantOf(b);
  if (ca && cb && *cb != 0)
    return constant(*ca / *cb);
  if (cb == 1)
    return a;
  return arith::DivUIOp::create(builder, loc, a, b);
}

Value KernelBuilder::rem(Value a, Value b) {
  auto ca = constantOf(a), cb = constantOf(b);
  if (ca && cb && *cb != 0)
    return constant(*ca % *cb);
  if (cb == 1)
    return constant(0);
  return arith::RemUIOp::create(builder, loc, a, b);
}

Value KernelBuilder::ceilDiv(Value a, Value b) {
  return div(add(a, sub(b, constant(1))), b);
}

Value KernelBuilder::min(Value a, Value b) {
  auto ca = constantOf(a), cb = constantOf(b);
  if (ca && cb)
    return constant(std::min(*ca, *cb));
  return arith::MinSIOp::create(builder, loc, a, b);
}

Value KernelBuilder::less(Value a, Value b) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b);
}

Value KernelBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(builder, loc, condition, a, b);
}

Value KernelBuilder::batch() {
  if (!batchValue) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getBody().front());
    batchValue =
        LLVM::LoadOp::create(builder, loc, builder.getI64Type(), extents, 8);
  }
  return batchValue;
}

Value KernelBuilder::bound(const Extent &extent) {
  if (extent.isStatic())
    return constant(extent.capacity);
  return ceilDiv(mul(batch(), *extent.perBatch), constant(extent.run));
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void KernelBuilder::loop(Value low, Value high, int64_t step,
                         llvm::function_ref<void(Value)> body) {
  loop(low, high, step, {}, [&](Value at, ValueRange) {
    body(at);
    return SmallVector<Value>();
  });
}

SmallVector<Value> KernelBuilder::loop(
    Value low, Value high, int64_t step, ValueRange carried,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto cl = constantOf(low), ch = constantOf(high);
  if (cl && ch && *cl >= *ch)
    return SmallVector<Value>(carried);
  if (cl && ch && *cl + step >= *ch)
    return body(low, carried);
  auto forOp =
      scf::ForOp::create(builder, loc, low, high, constant(step), carried);
  OpBuilder::InsertionGuard guard(builder);
  if (carried.empty())
    builder.setInsertionPoint(forOp.getBody()->getTerminator());
  else
    builder.setInsertionPointToStart(forOp.getBody());
  SmallVector<Value> next =
      body(forOp.getInductionVar(), forOp.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(builder, loc, next);
  return forOp.getResults();
}

void KernelBuilder::ifThen(Value condition, llvm::function_ref<void()> body) {
  auto ifOp = scf::IfOp::create(builder, loc, condition);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(ifOp.thenBlock());
  body();
}

void KernelBuilder::ifElse(Value condition, llvm::function_ref<void()> body,
                           llvm::function_ref<void()> otherwise) {
  auto ifOp =
      scf::IfOp::create(builder, loc, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(ifOp.thenBlock());
  body();
  builder.setInsertionPointToStart(ifOp.elseBlock());
  otherwise();
}

void KernelBuilder::call(func::FuncOp helper, ValueRange operands) {
  func::CallOp::create(builder, loc, helper, operands);
}

SmallVector<Value> KernelBuilder::delinearize(Value linear,
                                              ArrayRef<Extent> domain) {
  SmallVector<Value> indices(domain.size());
  for (size_t d = domain.size(); d-- > 0;) {
    if (d == 0) {
      indices[d] = linear;
      break;
    }
    Value size = bound(domain[d]);
    indices[d] = rem(linear, size);
    linear = div(linear, size);
  }
  return indices;
}

Value KernelBuilder::volume(ArrayRef<Extent> domain) {
  Value total = constant(1);
  for (const Extent &extent : domain)
    total = mul(total, bound(extent));
  return total;
}

//===----------------------------------------------------------------------===//
// Vectors and memory
//===----------------------------------------------------------------------===//

Value KernelBuilder::splatConstant(Type element, int64_t width, double value) {
  TypedAttr scalar =
      isa<FloatType>(element)
          ? TypedAttr(builder.getFloatAttr(element, value))
          : TypedAttr(builder.getIntegerAttr(element, (int64_t)value));
  return constant(
      DenseElementsAttr::get(vectorType(width, element), Attribute(scalar)));
}

Value KernelBuilder::splat(Value scalar, int64_t width) {
  return vector::BroadcastOp::create(
      builder, loc, vectorType(width, scalar.getType()), scalar);
}

Value KernelBuilder::extract(Value vector, int64_t lane) {
  return vector::ExtractOp::create(builder, loc, vector, lane);
}

Value KernelBuilder::shuffle(Value a, Value b, ArrayRef<int64_t> lanes) {
  return vector::ShuffleOp::create(builder, loc, a, b, lanes);
}

Value KernelBuilder::fma(Value a, Value b, Value c) {
  return math::FmaOp::create(builder, loc, a, b, c);
}

Value KernelBuilder::dotPairs(Value a, Value b, Value c) {
  auto type = cast<VectorType>(c.getType());
  auto pairs = vectorType(2 * type.getNumElements(), builder.getBF16Type());
  StringRef intrinsic = StringRef(target.triple).starts_with("aarch64")
                            ? "llvm.aarch64.neon.bfdot.v4f32.v8bf16"
                            : "llvm.x86.avx512bf16.dpbf16ps.512";
  auto asPairs = [&](Value value) -> Value {
    return vector::BitCastOp::create(builder, loc, pairs, value);
  };
  return LLVM::CallIntrinsicOp::create(builder, loc, type,
                                       builder.getStringAttr(intrinsic),
                                       ValueRange{c, asPairs(a), asPairs(b)})
      .getResult(0);
}

Value KernelBuilder::pairUp(Value first, Value second) {
  int64_t width = cast<VectorType>(first.getType()).getNumElements();
  Type half = builder.getIntegerType(16), word = builder.getI32Type();
  auto asWords = [&](Value value) -> Value {
    Value bits =
        arith::BitcastOp::create(builder, loc, vectorType(width, half), value);
    return arith::ExtUIOp::create(builder, loc, vectorType(width, word), bits);
  };
  Value upper = arith::ShLIOp::create(builder, loc, asWords(second),
                                      splatConstant(word, width, 16));
  Value pairs = arith::OrIOp::create(builder, loc, asWords(first), upper);
  return arith::BitcastOp::create(
      builder, loc, vectorType(width, builder.getF32Type()), pairs);
}

Value KernelBuilder::widen(Value value) {
  if (!getElementTypeOrSelf(value.getType()).isBF16())
    return value;
  Type type = builder.getF32Type();
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(type);
  return arith::ExtFOp::create(builder, loc, type, value);
}

Value KernelBuilder::iota(Value base, int64_t width) {
  SmallVector<int64_t> steps(width);
  for (int64_t lane = 0; lane < width; ++lane)
    steps[lane] = lane;
  Value iota = constant(builder.getI64VectorAttr(steps));
  if (constantOf(base) == 0)
    return iota;
  return arith::AddIOp::create(builder, loc, splat(base, width), iota);
}

Lanes KernelBuilder::firstLanes(Value live, int64_t width) {
  if (auto known = constantOf(live)) {
    if (*known >= width)
      return {width};
    SmallVector<bool> bits(width, false);
    std::fill_n(bits.begin(), std::max<int64_t>(*known, 0), true);
    return {width, constant(builder.getBoolVectorAttr(bits))};
  }
  SmallVector<int32_t> steps(width);
  for (int64_t lane = 0; lane < width; ++lane)
    steps[lane] = lane;
  Value narrow = arith::TruncIOp::create(builder, loc, builder.getI32Type(),
                                         min(live, constant(width)));
  return {width,
          arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                constant(builder.getI32VectorAttr(steps)),
                                splat(narrow, width))};
}

Value KernelBuilder::stack(Type element, int64_t count) {
  OpBuilder::InsertionGuard guard(builder);
  Value size = constant(count);
  builder.setInsertionPointAfterValue(size);
  return LLVM::AllocaOp::create(
      builder, loc, LLVM::LLVMPointerType::get(element.getContext()), element,
      size, 64);
}

Value KernelBuilder::pointer(Value base, Type element, Value at) {
  if (constantOf(at) == 0)
    return base;
  Type storage = storageType(element);
  // The constant part apart, so that it becomes a displacement.
  if (auto sum = at.getDefiningOp<arith::AddIOp>())
    if (auto offset = constantOf(sum.getRhs());
        offset && llvm::isInt<31>(*offset)) {
      Value inner = LLVM::GEPOp::create(builder, loc, base.getType(), storage,
                                        base, ValueRange{sum.getLhs()});
      return LLVM::GEPOp::create(
          builder, loc, base.getType(), storage, inner,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(*offset)});
    }
  if (auto offset = constantOf(at); offset && llvm::isInt<31>(*offset))
    return LLVM::GEPOp::create(
        builder, loc, base.getType(), storage, base,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(*offset)});
  return LLVM::GEPOp::create(builder, loc, base.getType(), storage, base,
                             ValueRange{at});
}

/// A stored byte as i1, two as bf16, other types as they are.
static Value fromStorage(OpBuilder &builder, Location loc, Value stored,
                         Type element) {
  if (storageType(element) == element)
    return stored;
  Type type = element;
  if (auto vector = dyn_cast<VectorType>(stored.getType()))
    type = vector.clone(element);
  if (element.isBF16())
    return arith::BitcastOp::create(builder, loc, type, stored);
  return arith::TruncIOp::create(builder, loc, type, stored);
}

static Value toStorage(OpBuilder &builder, Location loc, Value value) {
  auto vector = cast<VectorType>(value.getType());
  Type element = vector.getElementType(), storage = storageType(element);
  if (storage == element)
    return value;
  if (element.isBF16())
    return arith::BitcastOp::create(builder, loc, vector.clone(storage), value);
  return arith::ExtUIOp::create(builder, loc, vector.clone(storage), value);
}

Value KernelBuilder::loadScalar(Value base, Type element, Value at) {
  Value stored =
      LLVM::LoadOp::create(builder, loc, storageType(element),
                           pointer(base, element, at), storageBytes(element));
  return fromStorage(builder, loc, stored, element);
}

void KernelBuilder::storeAddress(Value address, Value list, Value at) {
  LLVM::StoreOp::create(builder, loc, address,
                        pointer(list, builder.getI64Type(), at), 8);
}

Value KernelBuilder::loadAddress(Value list, Value at) {
  return LLVM::LoadOp::create(builder, loc, list.getType(),
                              pointer(list, builder.getI64Type(), at), 8);
}

void KernelBuilder::prefetch(Value base, Type element, int64_t ahead,
                             int64_t count, Prefetch use) {
  constexpr int allLevels = 3, fromSecondLevel = 2, data = 1;
  for (int64_t at = 0; at < count; at += lineBytes / storageBytes(element))
    LLVM::Prefetch::create(
        builder, loc, pointer(base, element, constant(ahead + at)),
        /*rw=*/false, use == Prefetch::later ? fromSecondLevel : allLevels,
        data);
}

/// The addresses of lanes \p stride elements apart.
static Value lanePointers(KernelBuilder &kernel, Value base, Type element,
                          Value at, int64_t width, int64_t stride) {
  OpBuilder &builder = kernel.builder;
  SmallVector<int64_t> steps(width);
  for (int64_t lane = 0; lane < width; ++lane)
    steps[lane] = lane * stride;
  Value first = kernel.pointer(base, element, at);
  Value offsets = arith::ConstantOp::create(builder, kernel.loc,
                                            builder.getI64VectorAttr(steps));
  return LLVM::GEPOp::create(builder, kernel.loc,
                             VectorType::get({width}, first.getType()),
                             storageType(element), first, ValueRange{offsets});
}

Value KernelBuilder::loadEverySecond(Value base, Type storage, Value at,
                                     int64_t width, DenseElementsAttr live) {
  SmallVector<bool> lanes(width, true);
  if (live)
    llvm::copy(live.getValues<bool>(), lanes.begin());
  // The second vector ends with the last lane's element: nothing behind it is
  // read, and between lanes only what lies between two that count.
  auto half = [&](int64_t first) -> Value {
    SmallVector<bool> bits;
    for (int64_t place = first; place < first + width; ++place)
      bits.push_back(lanes[place / 2] && lanes[(place + 1) / 2]);
    Lanes part{width};
    if (llvm::is_contained(bits, false))
      part.mask = constant(builder.getBoolVectorAttr(bits));
    return load(base, storage, add(at, first), part);
  };
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < width; ++lane)
    order.push_back(2 * lane < width ? 2 * lane : 2 * lane + 1);
  return shuffle(half(0), half(width - 1), order);
}

Value KernelBuilder::load(Value base, Type element, Value at,
                          const Lanes &lanes, int64_t stride) {
  Type storage = storageType(element);
  VectorType type = vectorType(lanes.width, storage);
  int64_t bytes = storageBytes(element);
  if (stride == 0)
    return splat(loadScalar(base, element, at), lanes.width);
  if (lanes.width == 1)
    stride = 1;
  if (stride == 1) {
    Value address = pointer(base, element, at);
    Value stored =
        lanes.mask
            ? LLVM::MaskedLoadOp::create(
                  builder, loc, type, address, lanes.mask,
                  splatConstant(storage, lanes.width, 0), bytes)
                  .getRes()
            : LLVM::LoadOp::create(builder, loc, type, address, bytes).getRes();
    return fromStorage(builder, loc, stored, element);
  }
  DenseElementsAttr live;
  if (stride == 2 &&
      (!lanes.mask || matchPattern(lanes.mask, m_Constant(&live))))
    return fromStorage(builder, loc,
                       loadEverySecond(base, storage, at, lanes.width, live),
                       element);
  if (lanes.mask) {
    Value addresses =
        lanePointers(*this, base, element, at, lanes.width, stride);
    Value stored = LLVM::masked_gather::create(
        builder, loc, type, addresses, lanes.mask,
        ValueRange{splatConstant(storage, lanes.width, 0)},
        builder.getI32IntegerAttr(bytes));
    return fromStorage(builder, loc, stored, element);
  }
  Value stored = splatConstant(storage, lanes.width, 0);
  for (int64_t lane = 0; lane < lanes.width; ++lane) {
    Value scalar = LLVM::LoadOp::create(
        builder, loc, storage, pointer(base, element, add(at, lane * stride)),
        bytes);
    stored = vector::InsertOp::create(builder, loc, scalar, stored, lane);
  }
  return fromStorage(builder, loc, stored, element);
}

void KernelBuilder::store(Value vector, Value base, Value at,
                          const Lanes &lanes, int64_t stride) {
  Value stored = toStorage(builder, loc, vector);
  Type storage = cast<VectorType>(stored.getType()).getElementType();
  int64_t bytes = storageBytes(storage);
  if (lanes.width == 1 || stride == 1) {
    Value address = pointer(base, storage, at);
    if (lanes.mask)
      LLVM::MaskedStoreOp::create(builder, loc, stored, address, lanes.mask,
                                  bytes);
    else
      LLVM::StoreOp::create(builder, loc, stored, address, bytes);
    return;
  }
  if (lanes.mask) {
    Value addresses =
        lanePointers(*this, base, storage, at, lanes.width, stride);
    LLVM::masked_scatter::create(builder, loc, stored, addresses, lanes.mask,
                                 builder.getI32IntegerAttr(bytes));
    return;
  }
  for (int64_t lane = 0; lane < lanes.width; ++lane)
    LLVM::StoreOp::create(builder, loc, extract(stored, lane),
                          pointer(base, storage, add(at, lane * stride)),
                          bytes);
}

void KernelBuilder::storeFar(Value vector, Value base, Value at) {
  auto type = cast<VectorType>(vector.getType());
  Type element = type.getElementType();
  if (type.getNumElements() * storageBytes(element) != lineBytes)
    return store(vector, base, at, Lanes{type.getNumElements()});
  LLVM::StoreOp::create(builder, loc, vector, pointer(base, element, at),
                        lineBytes, /*isVolatile=*/false,
                        /*isNonTemporal=*/true);
  streams = true;
}

void KernelBuilder::store(Value vector, const Access &access, Value at,
                          const Lanes &lanes) {
  if (cast<VectorType>(vector.getType()).getElementType() != elementOf(access))
    failure = fmt::format("a value for buffer {} has another type than it",
                          access.buffer);
  store(vector, pointerOf(access), at, lanes,
        access.strides.empty() ? 1 : access.strides.back());
}

Value KernelBuilder::element(const Access &access, ValueRange indices) {
  Value at = constant(0);
  for (auto [stride, index] : llvm::zip(access.strides, indices))
    at = add(at, mul(index, stride));
  return add(at, access.offset);
}

//===----------------------------------------------------------------------===//
// Accesses of a row
//===----------------------------------------------------------------------===//

static int64_t columnStride(const Access &access) {
  return access.strides.empty() ? 0 : access.strides.back();
}

RowAccesses::RowAccesses(KernelBuilder &kernel, ArrayRef<Access> accesses,
                         ValueRange indices, bool hoist)
    : accesses(accesses) {
  for (const Access &access : accesses) {
    bases.push_back(kernel.element(access, indices));
    scalars.push_back(hoist && columnStride(access) == 0
                          ? kernel.loadScalar(kernel.pointerOf(access),
                                              kernel.elementOf(access),
                                              bases.back())
                          : Value());
  }
}

Value RowAccesses::at(KernelBuilder &kernel, unsigned number,
                      Value column) const {
  return kernel.add(kernel.mul(column, columnStride(accesses[number])),
                    bases[number]);
}

Value RowAccesses::load(KernelBuilder &kernel, unsigned number, Value column,
                        const Lanes &lanes) const {
  if (scalars[number])
    return kernel.splat(scalars[number], lanes.width);
  return kernel.load(accesses[number], at(kernel, number, column), lanes);
}

void RowAccesses::store(KernelBuilder &kernel, unsigned number, Value value,
                        Value column, const Lanes &lanes) const {
  kernel.store(value, accesses[number], at(kernel, number, column), lanes);
}

//===----------------------------------------------------------------------===//
// Shared decisions
//===----------------------------------------------------------------------===//

int64_t kernels::vectorWidth(const TargetDescription &target,
                             ArrayRef<Buffer> buffers) {
  for (const Buffer &buffer : buffers)
    if (buffer.element.isF64())
      return target.lanes(8);
  return target.lanes(4);
}

bool kernels::canMask(const TargetDescription &target, ArrayRef<Buffer> buffers,
                      ArrayRef<Access> loads, ArrayRef<Access> stores) {
  auto maskable = [&](const Access &access, bool isStore) {
    int64_t stride = access.strides.empty() ? 0 : access.strides.back();
    if (stride == 0)
      return !isStore;
    if (storageBytes(buffers[access.buffer].element) < 4)
      return target.maskedBytes && stride == 1;
    // Gathers and scatters come with byte masks (AVX-512).
    return stride == 1 ? target.maskedWords : target.maskedBytes;
  };
  return llvm::all_of(loads, [&](auto &a) { return maskable(a, false); }) &&
         llvm::all_of(stores, [&](auto &a) { return maskable(a, true); });
}

Expected<void> kernels::checkAccesses(StringRef kernel, ArrayRef<Extent> domain,
                                      ArrayRef<Buffer> buffers,
                                      ArrayRef<Access> accesses) {
  auto wrong = [&](const std::string &what) {
    return fail(ErrorCode::internal, "kernel '" + kernel.str() + "': " + what);
  };
  for (const Buffer &buffer : buffers)
    if (!buffer.element.isF32() && !buffer.element.isF64() &&
        !buffer.element.isBF16() && !buffer.element.isInteger(1) &&
        !buffer.element.isInteger(8) && !buffer.element.isInteger(16) &&
        !buffer.element.isInteger(32) && !buffer.element.isInteger(64))
      return wrong("a buffer has an element type that kernels do not know");
  for (const Extent &extent : domain)
    if (extent.capacity < 0 || (extent.perBatch && *extent.perBatch < 0))
      return wrong("an extent is negative");
  bool empty =
      llvm::any_of(domain, [](const Extent &e) { return e.capacity == 0; });
  for (const auto &[number, access] : llvm::enumerate(accesses)) {
    if (access.buffer >= buffers.size())
      return wrong(fmt::format("access {} names no buffer", number));
    if (access.strides.size() != domain.size())
      return wrong(fmt::format("access {} has {} strides, expected {}", number,
                               access.strides.size(), domain.size()));
    if (empty)
      continue;
    int64_t low = access.offset, high = access.offset;
    for (auto [stride, extent] : llvm::zip(access.strides, domain))
      (stride < 0 ? low : high) += stride * (extent.capacity - 1);
    if (low < 0 || high >= buffers[access.buffer].elements)
      return wrong(
          fmt::format("access {} touches elements {} to {} of a buffer of {}",
                      number, low, high, buffers[access.buffer].elements));
  }
  return {};
}

void kernels::vectorLoop(KernelBuilder &kernel, Value low, Value high,
                         int64_t width, bool masked, bool full, bool rest,
                         llvm::function_ref<void(Value, const Lanes &)> emit) {
  Value middle = low;
  if (full) {
    middle = high;
    if (rest) {
      Value span = kernel.sub(high, low);
      middle = kernel.sub(high, kernel.rem(span, kernel.constant(width)));
    }
    kernel.loop(low, middle, width, [&](Value at) { emit(at, Lanes{width}); });
  }
  if (!rest)
    return;
  if (!masked) {
    kernel.loop(middle, high, 1, [&](Value at) { emit(at, Lanes{1}); });
    return;
  }
  auto rem = kernel.constantOf(kernel.sub(high, middle));
  if (rem == 0)
    return;
  auto tail = [&] {
    emit(middle, kernel.firstLanes(kernel.sub(high, middle), width));
  };
  if (rem)
    tail();
  else
    kernel.ifThen(kernel.less(middle, high), tail);
}
