//===- KernelHarness.h - Compiles and runs kernels in tests -----*- C++ -*-===//
//
// A harness compiles what a template emits for this host and runs it for each
// thread of a team in turn, phase by phase.
//
//===----------------------------------------------------------------------===//

#ifndef NNC_TEST_UNIT_KERNELS_KERNELHARNESS_H
#define NNC_TEST_UNIT_KERNELS_KERNELHARNESS_H

#include "TileInterpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "nnc/Execution/JITSession.h"
#include "nnc/Execution/ObjectEmitter.h"
#include "nnc/Kernels/Kernel.h"
#include "nnc/Kernels/ProgramEntry.h"
#include "nnc/Pipelines/KernelsToLLVM.h"
#include "nnc/Runtime/ABI.h"
#include "nnc/Support/HalfFloat.h"
#include <gtest/gtest.h>
#include <random>

namespace nnc::test {

/// 64-byte aligned memory with a guard of known bytes behind it.
template <typename T> class Array {
public:
  explicit Array(size_t size, T value = T()) : count(size) {
    size_t bytes = (size * sizeof(T) + 63) / 64 * 64 + guard;
    memory = static_cast<char *>(std::aligned_alloc(64, bytes));
    std::memset(memory, 0xa5, bytes);
    std::fill_n(data(), size, value);
  }
  Array(const Array &other) : Array(other.count) {
    std::memcpy(memory, other.memory, count * sizeof(T));
  }
  ~Array() {
    for (char *at = memory + count * sizeof(T), *end = at + guard; at != end;
         ++at)
      if (*at != char(0xa5)) {
        ADD_FAILURE() << "memory behind the buffer was written";
        break;
      }
    std::free(memory);
  }
  T *data() { return reinterpret_cast<T *>(memory); }
  const T *data() const { return reinterpret_cast<const T *>(memory); }
  T &operator[](size_t i) { return data()[i]; }
  const T &operator[](size_t i) const { return data()[i]; }
  size_t size() const { return count; }
  T *begin() { return data(); }
  T *end() { return data() + count; }
  bool sameBits(const Array &other) const {
    return count == other.count &&
           std::memcmp(memory, other.memory, count * sizeof(T)) == 0;
  }

private:
  static constexpr size_t guard = 64;
  char *memory;
  size_t count;
};

/// A number of bf16 as it lies in memory.
struct BFloat16 {
  BFloat16() = default;
  explicit BFloat16(double value)
      : bits(floatToBf16(static_cast<float>(value))) {}
  operator double() const { return bf16ToFloat(bits); }
  uint16_t bits = 0;
};

/// Random numbers of a fixed seed in [-1, 1).
template <typename T> Array<T> randomArray(size_t size, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  Array<T> array(size);
  for (T &value : array)
    value = static_cast<T>(uniform(generator));
  return array;
}

/// The ways to make code for this host: as it is, with AVX2 only, and without
/// masked loads and stores; and with tiles of AMX, which are interpreted.
enum class Variant : uint8_t { host, avx2, unmasked, tiles };

inline TargetDescription targetOf(Variant variant) {
  TargetDescription host = TargetDescription::host().value();
  if (variant == Variant::avx2 && host.triple.starts_with("x86_64"))
    return TargetDescription::named("x86-64-v3").value();
  if (variant == Variant::unmasked)
    host.maskedWords = host.maskedBytes = false;
  host.amx = variant == Variant::tiles;
  return host;
}

/// Tests that run for every variant.
class ForEachVariant : public testing::TestWithParam<Variant> {};
#define NNC_FOR_EACH_VARIANT(NAME)                                             \
  INSTANTIATE_TEST_SUITE_P(                                                    \
      Target, NAME,                                                            \
      testing::Values(Variant::host, Variant::avx2, Variant::unmasked),        \
      [](const auto &info) {                                                   \
        return info.param == Variant::host   ? "Host"                          \
               : info.param == Variant::avx2 ? "AVX2"                          \
                                             : "Unmasked";                     \
      })

class Harness {
public:
  explicit Harness(Variant variant = Variant::host)
      : context(mlir::MLIRContext::Threading::DISABLED),
        target(targetOf(variant)) {
    loadKernelDialects(context);
    module = mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  }

  /// Adds the kernels of a template, under a number for run().
  unsigned add(Expected<kernels::Kernels> emitted) {
    if (!emitted) {
      ADD_FAILURE() << emitted.error().message;
      return 0;
    }
    unsigned number = programs.size();
    Program program;
    program.scratchBytes = emitted->scratchBytes;
    for (auto [phase, kernel] : llvm::enumerate(emitted->phases)) {
      kernels::ProgramSpec spec;
      spec.name = "run." + std::to_string(number) + "." + std::to_string(phase);
      kernels::ProgramCall call{kernel, {}};
      for (unsigned i = 0; i + 3 < kernel.getNumArguments(); ++i)
        call.operands.push_back(
            {kernels::ProgramOperand::Kind::argument, i, 0});
      spec.calls.push_back(call);
      emitProgramEntry(*module, spec);
      program.phases.push_back(spec.name);
    }
    programs.push_back(program);
    return number;
  }

  mlir::OpBuilder at() {
    return mlir::OpBuilder::atBlockEnd(module->getBody());
  }
  mlir::Type f32() { return mlir::Float32Type::get(&context); }
  mlir::Type f64() { return mlir::Float64Type::get(&context); }
  mlir::Type bf16() { return mlir::BFloat16Type::get(&context); }
  template <typename T> mlir::Type typeOf() {
    if constexpr (std::is_same_v<T, BFloat16>)
      return bf16();
    return std::is_same_v<T, float> ? f32() : f64();
  }
  mlir::Type integer(unsigned bits) {
    return mlir::IntegerType::get(&context, bits);
  }

  void compile() {
    if (target.amx)
      interpretTiles(*module);
    auto objects = emitObjects(*module, target);
    ASSERT_TRUE(objects.has_value()) << objects.error().message;
    auto created = JITSession::create();
    ASSERT_TRUE(created.has_value()) << created.error().message;
    session = std::move(*created);
    for (const ObjectBytes &object : *objects) {
      auto added = session->add(object);
      ASSERT_TRUE(added.has_value()) << added.error().message;
    }
  }

  /// Runs program \p number on a team of \p count, one thread after another.
  void run(unsigned number, std::vector<void *> arguments, int64_t count = 1,
           int64_t batch = 0) {
    Program &program = programs[number];
    Array<char> scratch(program.scratchBytes, char(0x7f));
    if (program.scratchBytes)
      arguments.push_back(scratch.data());
    int64_t extents[1] = {batch};
    for (const std::string &phase : program.phases) {
      auto entry =
          session->lookupAs<std::remove_pointer_t<nnc_rt_entry>>(phase);
      ASSERT_TRUE(entry.has_value()) << entry.error().message;
      for (int64_t index = 0; index < count; ++index)
        (*entry)(arguments.data(), nullptr, extents, index, count, nullptr);
    }
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  TargetDescription target;

private:
  struct Program {
    std::vector<std::string> phases;
    int64_t scratchBytes;
  };
  std::vector<Program> programs;
  std::unique_ptr<JITSession> session;
};

} // namespace nnc::test

#endif // NNC_TEST_UNIT_KERNELS_KERNELHARNESS_H
