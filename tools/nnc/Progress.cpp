//===- Progress.cpp - What a person sees of a training --------------------===//

#include "Progress.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

using namespace nnc;
using namespace nnc::tool;
using Clock = std::chrono::steady_clock;

std::string nnc::tool::figuresText(
    const std::vector<std::pair<std::string, double>> &values) {
  std::string text;
  for (const auto &[key, value] : values)
    text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ", key, value);
  return text;
}

std::string nnc::tool::durationText(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0)
    return "?";
  auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60,
                       whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

void ProgressReporter::clearBar() {
  if (isDrawn)
    std::fputs("\r\033[K", stderr);
  isDrawn = false;
}

void ProgressReporter::note(const std::string &text) {
  clearBar();
  context.say(text);
}

bool ProgressReporter::wantsProgress() {
  return hasBar && Clock::now() - lastDrawn > std::chrono::milliseconds(100);
}

void ProgressReporter::progress(const Progress &progress) {
  lastDrawn = Clock::now();
  struct winsize window = {};
  int columns =
      ::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0
          ? window.ws_col
          : 80;
  double share = static_cast<double>(progress.batch) /
                 static_cast<double>(std::max<int64_t>(1, progress.batches));
  // What is left: of this epoch, and all further ones at the same pace.
  double perBatch =
      std::chrono::duration<double>(Clock::now() - epochBegan).count() /
      static_cast<double>(std::max<int64_t>(1, progress.batch - batchBegan));
  double left =
      perBatch * static_cast<double>((progress.batches - progress.batch) +
                                     (progress.epochs - progress.epoch) *
                                         progress.batches);
  std::string head =
      fmt::format("epoch {}/{} ", progress.epoch, progress.epochs);
  std::string place = fmt::format(" {}/{}", progress.batch, progress.batches);
  std::string figures = figuresText(*progress.values);
  std::string rest = fmt::format("  {:.0f} samples/s  {} left",
                                 progress.samplesPerSecond, durationText(left));
  // The bar takes what the rest leaves. Where that is too little it goes, and
  // of more figures than fit the last are cut.
  auto room = columns - 5 -
              static_cast<int64_t>(head.size() + place.size() + figures.size() +
                                   rest.size());
  std::string line;
  if (room >= 4) {
    auto width = static_cast<size_t>(std::min<int64_t>(room, 20));
    auto filled = static_cast<size_t>(share * static_cast<double>(width));
    line = head + "[" + std::string(filled, '=') +
           std::string(width - filled, ' ') + "]" + place + "  " + figures +
           rest;
  } else {
    room = columns - 2 - static_cast<int64_t>(head.size() + rest.size());
    figures.resize(
        std::min<size_t>(figures.size(), std::max<int64_t>(0, room)));
    line = head + " " + figures + rest;
  }
  line.resize(std::min<size_t>(line.size(), columns - 1));
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
  std::fflush(stderr);
  isDrawn = true;
}

void ProgressReporter::epoch(const EpochRecord &record) {
  records.push_back(record);
  clearBar();
  epochBegan = Clock::now();
  batchBegan = 0;
  if (context.isJson()) {
    context.print(toJson(record));
    if (!hasBar)
      return;
  }
  std::string head = epochs ? fmt::format("epoch {}/{}", record.epoch, epochs)
                            : fmt::format("epoch {}", record.epoch);
  context.say(fmt::format(
      "{}  {}  {}{:.2f} s", head, figuresText(record.values),
      std::isfinite(record.samplesPerSecond)
          ? fmt::format("{:.0f} samples/s  ", record.samplesPerSecond)
          : "",
      record.seconds));
}
