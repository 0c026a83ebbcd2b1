//===- ProfileReport.cpp - Kernels' times as a table and a picture --------===//

#include "ProfileReport.h"
#include "Markup.h"
#include <algorithm>
#include <fmt/format.h>

using namespace nnc;
using namespace nnc::tool;

/// The first layer, or "" for kernels of none.
static std::string layerOf(const KernelTime &kernel) {
  return kernel.info.layers.empty() ? "" : kernel.info.layers.front();
}

static std::string machineLine(const Profile &profile) {
  return fmt::format(
      "{} {}, batch {}, {} thread{}: {:.1f} us a step; at most {:.0f} GFLOP/s, "
      "and {:.0f} GB/s for {:.1f} MB",
      profile.model, profile.mode, profile.batch, profile.threads,
      profile.threads == 1 ? "" : "s", profile.microseconds, profile.peakGflops,
      profile.peakGigabytes, static_cast<double>(profile.workingSet) * 1e-6);
}

static std::vector<KernelTime> slowestFirst(const Profile &profile) {
  std::vector<KernelTime> sorted = profile.kernels;
  std::sort(sorted.begin(), sorted.end(),
            [](const KernelTime &a, const KernelTime &b) {
              return std::tie(b.microseconds, a.info.name) <
                     std::tie(a.microseconds, b.info.name);
            });
  return sorted;
}

std::string tool::profileTable(const Profile &profile) {
  std::string text = machineLine(profile) + "\n";
  text += fmt::format("{:>10} {:>6} {:>9} {:>7} {:>9}  {:<20} {}\n", "us",
                      "share", "GFLOP/s", "GB/s", "roofline", "layer", "work");
  for (const KernelTime &kernel : slowestFirst(profile)) {
    std::string work = kernel.info.work;
    if (work.size() > 72)
      work = work.substr(0, 69) + "...";
    text += fmt::format(
        "{:>10.2f} {:>5.1f}% {:>9.1f} {:>7.1f} {:>8.0f}%  {:<20} {}\n",
        kernel.microseconds, kernel.share * 100, kernel.gflops,
        kernel.gigabytes, kernel.roofline * 100, layerOf(kernel), work);
  }
  return text;
}

nlohmann::ordered_json tool::profileJson(const Profile &profile) {
  nlohmann::ordered_json kernels = nlohmann::ordered_json::array();
  for (const KernelTime &kernel : profile.kernels)
    kernels.push_back({{"name", kernel.info.name},
                       {"work", kernel.info.work},
                       {"layers", kernel.info.layers},
                       {"us", kernel.microseconds},
                       {"share", kernel.share},
                       {"flop", kernel.info.flop},
                       {"bytes", kernel.info.bytes},
                       {"gflops", kernel.gflops},
                       {"gb_per_s", kernel.gigabytes},
                       {"roofline", kernel.roofline}});
  return {{"model", profile.model},
          {"mode", profile.mode},
          {"batch", profile.batch},
          {"threads", profile.threads},
          {"step_us", profile.microseconds},
          {"peak_gflops", profile.peakGflops},
          {"peak_gb_per_s", profile.peakGigabytes},
          {"working_set_bytes", profile.workingSet},
          {"kernels", std::move(kernels)}};
}

//===----------------------------------------------------------------------===//
// The picture
//===----------------------------------------------------------------------===//

namespace {
/// A box over a stretch of the step, both in microseconds.
struct Box {
  double start, length;
  std::string label, title, fill;
};
} // namespace

static constexpr double pictureWidth = 1200, rowHeight = 26;

static void drawRow(std::string &svg, const std::vector<Box> &boxes, int row,
                    double microseconds) {
  for (const Box &box : boxes) {
    double x = box.start / microseconds * pictureWidth;
    double width = box.length / microseconds * pictureWidth;
    svg += fmt::format("<g><title>{}</title><rect x=\"{:.2f}\" y=\"{:.0f}\" "
                       "width=\"{:.2f}\" height=\"{:.0f}\" fill=\"{}\" "
                       "stroke=\"white\"/>",
                       escapeMarkup(box.title), x, row * rowHeight, width,
                       rowHeight, box.fill);
    auto letters = static_cast<size_t>(width / 7.5);
    if (letters >= 3)
      svg += fmt::format("<text x=\"{:.2f}\" y=\"{:.0f}\">{}</text>", x + 3,
                         row * rowHeight + 17,
                         escapeMarkup(box.label.substr(0, letters)));
    svg += "</g>\n";
  }
}

/// From red (none of what the machine could do) to green (all).
static std::string colourOf(double roofline) {
  double part = std::clamp(roofline, 0.0, 1.0);
  return fmt::format("rgb({:.0f},{:.0f},150)", 235 - 85 * part,
                     150 + 70 * part);
}

static std::string picture(const Profile &profile) {
  std::vector<Box> layers, kernels;
  double start = 0;
  for (const KernelTime &kernel : profile.kernels) {
    std::string layer = layerOf(kernel);
    kernels.push_back({start, kernel.microseconds, kernel.info.work,
                       fmt::format("{}: {:.2f} us, {:.0f}% of the roofline\n{}",
                                   kernel.info.name, kernel.microseconds,
                                   kernel.roofline * 100, kernel.info.work),
                       colourOf(kernel.roofline)});
    if (layers.empty() || layers.back().label != layer)
      layers.push_back({start, 0, layer, layer, "#c9d9e8"});
    layers.back().length += kernel.microseconds;
    start += kernel.microseconds;
  }
  std::string svg =
      fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} "
                  "{}\" font-family=\"sans-serif\" font-size=\"12\">\n",
                  pictureWidth, 3 * rowHeight);
  drawRow(svg, {{0, start, profile.model, machineLine(profile), "#e0e0e0"}}, 0,
          start);
  drawRow(svg, layers, 1, start);
  drawRow(svg, kernels, 2, start);
  return svg + "</svg>\n";
}

std::string tool::profileHtml(const Profile &profile) {
  std::string title = escapeMarkup("Profile of " + profile.model);
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
      "charset=\"utf-8\"><title>" +
      title +
      "</title><style>body{font-family:sans-serif}td,th{padding:2px 10px;"
      "text-align:right}td:last-child,th:last-child{text-align:left}</style>"
      "</head>\n<body>\n<h1>" +
      title + "</h1>\n<p>" + escapeMarkup(machineLine(profile)) + "</p>\n" +
      picture(profile) +
      "<table>\n<tr><th>us</th><th>share</th><th>GFLOP/s</th><th>GB/s</th>"
      "<th>roofline</th><th>kernel</th><th>layer</th><th>work</th></tr>\n";
  for (const KernelTime &kernel : slowestFirst(profile))
    page += fmt::format(
        "<tr><td>{:.2f}</td><td>{:.1f}%</td><td>{:.1f}</td><td>{:.1f}</td>"
        "<td>{:.0f}%</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        kernel.microseconds, kernel.share * 100, kernel.gflops,
        kernel.gigabytes, kernel.roofline * 100, escapeMarkup(kernel.info.name),
        escapeMarkup(layerOf(kernel)), escapeMarkup(kernel.info.work));
  return page + "</table>\n</body></html>\n";
}
