//===- TrainReport.cpp - A page about a training --------------------------===//

#include "TrainReport.h"
#include "Markup.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace nnc;
using namespace nnc::tool;

static constexpr double chartWidth = 560, chartHeight = 260, margin = 56;
static constexpr std::string_view validationPrefix = "validation_";

namespace {
/// One figure over the epochs.
struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};
/// Curves over one scale.
struct Chart {
  std::string name;
  std::vector<Curve> curves;
};
} // namespace

/// Training and validation of one figure share a chart. Values that are not
/// finite have no point.
static std::vector<Chart> chartsOf(const std::vector<EpochRecord> &epochs) {
  std::vector<Chart> charts;
  for (const EpochRecord &record : epochs)
    for (const auto &[key, value] : record.values) {
      std::string name = key.starts_with(validationPrefix)
                             ? key.substr(validationPrefix.size())
                             : key;
      auto chart =
          std::find_if(charts.begin(), charts.end(),
                       [&](const Chart &other) { return other.name == name; });
      if (chart == charts.end())
        chart = charts.insert(charts.end(), {name, {}});
      auto curve =
          std::find_if(chart->curves.begin(), chart->curves.end(),
                       [&](const Curve &other) { return other.name == key; });
      if (curve == chart->curves.end())
        curve = chart->curves.insert(chart->curves.end(), {key, {}});
      if (std::isfinite(value))
        curve->points.emplace_back(static_cast<double>(record.epoch), value);
    }
  return charts;
}

static std::string draw(const Chart &chart) {
  double left = 1e300, right = -1e300, low = 1e300, high = -1e300;
  for (const Curve &curve : chart.curves)
    for (auto [x, y] : curve.points) {
      left = std::min(left, x);
      right = std::max(right, x);
      low = std::min(low, y);
      high = std::max(high, y);
    }
  if (left > right)
    return "";
  auto place = [](double value, double first, double last) {
    return last > first ? (value - first) / (last - first) : 0.5;
  };
  auto xOf = [&](double x) {
    return margin + place(x, left, right) * (chartWidth - 2 * margin);
  };
  auto yOf = [&](double y) {
    return chartHeight - margin -
           place(y, low, high) * (chartHeight - 2 * margin);
  };
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
      "<rect x=\"{2}\" y=\"{2}\" width=\"{3}\" height=\"{4}\" fill=\"none\" "
      "stroke=\"#bbb\"/>\n",
      chartWidth, chartHeight, margin, chartWidth - 2 * margin,
      chartHeight - 2 * margin);
  auto label = [&](double x, double y, std::string_view anchor,
                   const std::string &text, std::string_view fill) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" "
                       "fill=\"{}\">{}</text>\n",
                       x, y, anchor, fill, escapeMarkup(text));
  };
  double bottom = chartHeight - margin;
  label(margin - 6, margin + 10, "end", fmt::format("{:.4g}", high), "black");
  label(margin - 6, bottom, "end", fmt::format("{:.4g}", low), "black");
  label(margin, bottom + 16, "middle", fmt::format("{}", left), "black");
  label(chartWidth - margin, bottom + 16, "middle", fmt::format("{}", right),
        "black");
  label(chartWidth / 2, bottom + 32, "middle", "epoch", "black");
  constexpr std::string_view colours[] = {"#1f77b4", "#d95f02"};
  double captionX = margin;
  for (size_t i = 0; i < chart.curves.size(); ++i) {
    const Curve &curve = chart.curves[i];
    std::string_view colour = colours[i % std::size(colours)];
    label(captionX, margin - 10, "start", curve.name, colour);
    captionX += 9.0 * static_cast<double>(curve.name.size()) + 16;
    std::string points;
    for (auto [x, y] : curve.points) {
      points += fmt::format("{:.1f},{:.1f} ", xOf(x), yOf(y));
      svg += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2\" fill=\"{}\"><title>"
          "epoch {}: {} {:.6g}</title></circle>\n",
          xOf(x), yOf(y), colour, x, escapeMarkup(curve.name), y);
    }
    svg +=
        fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\"/>\n",
                    points, colour);
  }
  return svg + "</svg>\n";
}

std::string tool::trainReportHtml(const std::string &title,
                                  const std::string &text,
                                  const std::vector<EpochRecord> &epochs) {
  std::string safe = escapeMarkup(title);
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
      "charset=\"utf-8\"><title>" +
      safe +
      "</title><style>body{font-family:sans-serif}td,th{padding:2px 10px;"
      "text-align:right}</style></head>\n<body>\n<h1>" +
      safe + "</h1>\n<p>" + escapeMarkup(text) + "</p>\n";
  std::vector<std::string> keys;
  for (const Chart &chart : chartsOf(epochs)) {
    page += draw(chart);
    for (const Curve &curve : chart.curves)
      keys.push_back(curve.name);
  }
  page += "<table>\n<tr><th>epoch</th>";
  for (const std::string &key : keys)
    page += "<th>" + escapeMarkup(key) + "</th>";
  page += "<th>seconds</th></tr>\n";
  for (const EpochRecord &record : epochs) {
    page += fmt::format("<tr><td>{}</td>", record.epoch);
    for (const std::string &key : keys) {
      auto found = std::find_if(record.values.begin(), record.values.end(),
                                [&](const auto &v) { return v.first == key; });
      page += found == record.values.end()
                  ? "<td></td>"
                  : fmt::format("<td>{:.6g}</td>", found->second);
    }
    page += fmt::format("<td>{:.3f}</td></tr>\n", record.seconds);
  }
  return page + "</table>\n</body></html>\n";
}
