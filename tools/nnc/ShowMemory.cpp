//===- ShowMemory.cpp - nnc show --memory ---------------------------------===//

#include "ShowMemory.h"
#include "nnc/Support/ByteSize.h"
#include <algorithm>

using namespace nnc;
using namespace nnc::tool;

/// Lines of the table of values, unless --verbose asks for all.
static constexpr size_t mostLines = 16;

namespace {
/// What a program's arguments take, by what they are.
struct Share {
  const char *title, *key;
  int64_t bytes = 0;
};
} // namespace

static std::vector<Share> sharesOf(const Signature &signature) {
  std::vector<Share> shares = {{"parameters", "parameter_bytes"},
                               {"states", "state_bytes"},
                               {"optimiser state", "optimizer_bytes"},
                               {"inputs", "input_bytes"},
                               {"outputs", "output_bytes"}};
  for (const Argument &argument : signature.arguments) {
    size_t share = argument.role == Role::parameter   ? 0
                   : argument.role == Role::state     ? 1
                   : argument.role == Role::optimizer ? 2
                   : argument.role == Role::output    ? 4
                                                      : 3;
    shares[share].bytes += argument.byteCount();
  }
  shares.push_back({"arena", "arena_bytes", signature.arenaBytes});
  return shares;
}

static double ratioOf(const MemoryInfo &info) {
  return info.lowerBound > 0 ? static_cast<double>(info.signature.arenaBytes) /
                                   static_cast<double>(info.lowerBound)
                             : 1;
}

/// The buffers of \p info, the largest first.
static std::vector<const BufferInfo *> bySize(const MemoryInfo &info) {
  std::vector<const BufferInfo *> buffers;
  for (const BufferInfo &buffer : info.buffers)
    buffers.push_back(&buffer);
  std::sort(buffers.begin(), buffers.end(),
            [](const BufferInfo *a, const BufferInfo *b) {
              return std::tuple(b->bytes, a->first, a->offset) <
                     std::tuple(a->bytes, b->first, b->offset);
            });
  return buffers;
}

static bool isAtPeak(const MemoryInfo &info, const BufferInfo &buffer) {
  return buffer.stays ||
         (buffer.first <= info.peak && info.peak <= buffer.last);
}

/// What is computed again, ops of one kind together.
static std::string recomputedText(const MemoryInfo &info, bool everything) {
  if (info.recomputed.empty())
    return "";
  std::string text =
      fmt::format("  {} values are computed again, {:.4g} MFLOP a step:\n",
                  info.recomputed.size(),
                  static_cast<double>(info.signature.recomputedFlop) * 1e-6);
  std::vector<std::pair<std::string, int64_t>> kinds;
  for (const auto &[value, flop] : info.recomputed) {
    std::string kind = everything ? value : value.substr(0, value.find(' '));
    auto known = std::find_if(kinds.begin(), kinds.end(),
                              [&](auto &entry) { return entry.first == kind; });
    if (known == kinds.end())
      kinds.emplace_back(kind, 1);
    else
      ++known->second;
  }
  std::string line = "   ";
  for (const auto &[kind, count] : kinds)
    line += count > 1 ? fmt::format(" {} {},", count, kind)
                      : fmt::format(" {},", kind);
  line.back() = '\n';
  return text + line;
}

static void printTable(const Context &context, const char *program,
                       const MemoryInfo &info) {
  const Signature &signature = info.signature;
  std::string text = fmt::format("{} of {}, batch {}\n", program,
                                 signature.model, signature.batch);
  for (const Share &share : sharesOf(signature))
    if (share.bytes > 0)
      text += fmt::format("  {:<16} {:>10}\n", share.title,
                          byteSizeText(share.bytes));
  text += fmt::format("  {:<16} {:>10}\n", "in all",
                      byteSizeText(signature.memoryBytes()));
  text += recomputedText(info, context.isVerbose());
  if (info.buffers.empty()) {
    context.print(text);
    return;
  }
  text += fmt::format("  the arena is {:.3f} times the {} that live values "
                      "need\n",
                      ratioOf(info), byteSizeText(info.lowerBound));
  text += fmt::format("  most is alive in kernel {} of {}: {}\n", info.peak + 1,
                      info.kernels.size(), info.kernels[info.peak]);
  std::vector<const BufferInfo *> buffers = bySize(info);
  size_t lines = context.isVerbose() ? buffers.size()
                                     : std::min(buffers.size(), mostLines);
  text += fmt::format("  {:>10}  {:>11}  value (* alive at the peak)\n", "size",
                      "kernels");
  for (size_t i = 0; i < lines; ++i) {
    const BufferInfo &buffer = *buffers[i];
    std::string kernels =
        buffer.stays ? "all"
                     : fmt::format("{}-{}", buffer.first + 1, buffer.last + 1);
    text +=
        fmt::format("  {:>10}  {:>11} {} {}{}{}\n", byteSizeText(buffer.bytes),
                    kernels, isAtPeak(info, buffer) ? '*' : ' ', buffer.type,
                    buffer.type.empty() ? "" : " ", buffer.content);
  }
  if (lines < buffers.size())
    text += fmt::format("  and {} smaller ones\n", buffers.size() - lines);
  context.print(text);
}

static void printJson(const Context &context, const char *program,
                      const MemoryInfo &info) {
  nlohmann::ordered_json object = {{"program", program},
                                   {"batch", info.signature.batch}};
  for (const Share &share : sharesOf(info.signature))
    object[share.key] = share.bytes;
  object["memory_bytes"] = info.signature.memoryBytes();
  object["arena_lower_bound"] = info.lowerBound;
  object["arena_ratio"] = ratioOf(info);
  object["kernels"] = info.kernels.size();
  object["peak_kernel"] = info.peak;
  object["recomputed_flop"] = info.signature.recomputedFlop;
  nlohmann::ordered_json recomputed = nlohmann::ordered_json::array();
  for (const auto &[value, flop] : info.recomputed)
    recomputed.push_back({{"value", value}, {"flop", flop}});
  object["recomputed"] = std::move(recomputed);
  nlohmann::ordered_json values = nlohmann::ordered_json::array();
  for (const BufferInfo *buffer : bySize(info))
    values.push_back({{"value", buffer->content},
                      {"type", buffer->type},
                      {"bytes", buffer->bytes},
                      {"offset", buffer->offset},
                      {"first_kernel", buffer->first},
                      {"last_kernel", buffer->last},
                      {"stays", buffer->stays}});
  object["values"] = std::move(values);
  context.print(object);
}

int nnc::tool::showMemory(const Context &context, Inspection &inspection) {
  std::vector<std::pair<ProgramKind, const char *>> programs = {
      {ProgramKind::predict, "prediction"}};
  if (!inspection.options.train.loss.empty())
    programs.push_back({ProgramKind::trainStep, "training step"});
  int64_t bound = inspection.options.memory;
  for (auto [kind, name] : programs) {
    inspection.options.kind = kind;
    // The bound is that of what trains, if something does.
    inspection.options.memory = kind == programs.back().first ? bound : 0;
    Expected<MemoryInfo> info = inspection.compiler->memory(
        inspection.model.source, inspection.options);
    if (!info)
      return context.fail(info.error());
    if (context.isJson())
      printJson(context, name, *info);
    else
      printTable(context, name, *info);
  }
  return 0;
}
