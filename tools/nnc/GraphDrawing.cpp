//===- GraphDrawing.cpp - Pictures of graphs ------------------------------===//

#include "GraphDrawing.h"
#include "Markup.h"
#include <algorithm>
#include <cstdint>

using namespace nnc;
using namespace nnc::tool;

static std::string quoted(const std::string &text) {
  std::string safe = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      safe += '\\';
    safe += c;
  }
  return safe + "\"";
}

static bool isArgument(const GraphInfo::Node &node) {
  return node.kind == "input" || node.kind == "parameter" ||
         node.kind == "state" || node.kind == "scalar" ||
         node.kind == "optimizer";
}

static const char *colorOf(const GraphInfo::Node &node) {
  if (node.kind == "input")
    return "#cfe8ff";
  if (node.kind == "parameter")
    return "#ffe3c2";
  if (node.kind == "output")
    return "#d3f2d3";
  return isArgument(node) ? "#eeeeee" : "#ffffff";
}

/// What stands in the first line of a node's box.
static std::string titleOf(const GraphInfo::Node &node) {
  if (isArgument(node) || node.kind == "output")
    return node.name;
  return node.layer.empty() ? node.kind : node.layer + ": " + node.kind;
}

std::string nnc::tool::drawDot(const GraphInfo &graph,
                               const std::string &title) {
  std::string text = "digraph " + quoted(title) +
                     " {\n  rankdir=TB;\n"
                     "  node [shape=box, style=filled, fontname=Helvetica];\n";
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphInfo::Node &node = graph.nodes[i];
    text +=
        fmt::format("  n{} [label={}, fillcolor=\"{}\"];\n", i,
                    quoted(titleOf(node) + "\n" + node.type), colorOf(node));
  }
  for (const auto &[from, to] : graph.edges)
    text += fmt::format("  n{} -> n{};\n", from, to);
  return text + "}\n";
}

namespace {
/// Places boxes in layers.
class Layout {
public:
  explicit Layout(const GraphInfo &graph);

  static constexpr double boxHeight = 36, rowGap = 40, columnGap = 20,
                          margin = 20;
  struct Box {
    double x = 0, y = 0, width = 0;
  };
  std::vector<Box> boxes;
  double width = 0, height = 0;

private:
  void assignLayers();
  void orderLayers();
  void placeBoxes();
  /// Sorts \p layer by the mean place of each node's neighbours in \p links.
  void sortByNeighbours(std::vector<int> &layer,
                        const std::vector<std::vector<int>> &links);

  const GraphInfo &graph;
  std::vector<std::vector<int>> sources, targets;
  std::vector<int> depth;
  std::vector<std::vector<int>> layers;
  std::vector<double> place;
};
} // namespace

Layout::Layout(const GraphInfo &graph)
    : boxes(graph.nodes.size()), graph(graph), sources(graph.nodes.size()),
      targets(graph.nodes.size()), depth(graph.nodes.size()),
      place(graph.nodes.size()) {
  for (const auto &[from, to] : graph.edges) {
    targets[from].push_back(to);
    sources[to].push_back(from);
  }
  assignLayers();
  orderLayers();
  placeBoxes();
}

void Layout::assignLayers() {
  // Nodes are in topological order.
  for (size_t i = 0; i < depth.size(); ++i)
    for (int source : sources[i])
      depth[i] = std::max(depth[i], depth[source] + 1);
  // An argument stands just above what first reads it.
  for (size_t i = 0; i < depth.size(); ++i)
    if (sources[i].empty() && !targets[i].empty()) {
      int nearest = INT32_MAX;
      for (int target : targets[i])
        nearest = std::min(nearest, depth[target]);
      depth[i] = std::max(0, nearest - 1);
    }
  for (size_t i = 0; i < depth.size(); ++i) {
    if (layers.size() <= static_cast<size_t>(depth[i]))
      layers.resize(depth[i] + 1);
    layers[depth[i]].push_back(static_cast<int>(i));
  }
}

void Layout::sortByNeighbours(std::vector<int> &layer,
                              const std::vector<std::vector<int>> &links) {
  std::vector<std::pair<double, int>> keys;
  for (int node : layer) {
    double sum = 0;
    for (int other : links[node])
      sum += place[other];
    keys.emplace_back(links[node].empty()
                          ? place[node]
                          : sum / static_cast<double>(links[node].size()),
                      node);
  }
  // Pairs of a key and a number that is used once: equal keys keep order.
  std::sort(keys.begin(), keys.end());
  for (size_t i = 0; i < layer.size(); ++i) {
    layer[i] = keys[i].second;
    place[layer[i]] =
        static_cast<double>(i) + 0.5 - static_cast<double>(layer.size()) / 2;
  }
}

void Layout::orderLayers() {
  for (auto &layer : layers)
    for (size_t i = 0; i < layer.size(); ++i)
      place[layer[i]] = static_cast<double>(i);
  constexpr int sweeps = 4;
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    for (auto &layer : layers)
      sortByNeighbours(layer, sources);
    for (size_t i = layers.size(); i-- > 0;)
      sortByNeighbours(layers[i], targets);
  }
}

void Layout::placeBoxes() {
  for (size_t i = 0; i < boxes.size(); ++i) {
    size_t letters =
        std::max(titleOf(graph.nodes[i]).size(), graph.nodes[i].type.size());
    boxes[i].width = std::max(60.0, 7.0 * static_cast<double>(letters) + 16);
  }
  std::vector<double> widths;
  for (const auto &layer : layers) {
    double sum = 0;
    for (int node : layer)
      sum += boxes[node].width + columnGap;
    widths.push_back(sum);
    width = std::max(width, sum);
  }
  width += 2 * margin;
  for (size_t row = 0; row < layers.size(); ++row) {
    double x = (width - widths[row] + columnGap) / 2;
    for (int node : layers[row]) {
      boxes[node].x = x;
      boxes[node].y = margin + static_cast<double>(row) * (boxHeight + rowGap);
      x += boxes[node].width + columnGap;
    }
  }
  height = 2 * margin +
           static_cast<double>(layers.size()) * (boxHeight + rowGap) - rowGap;
}

std::string nnc::tool::drawSvg(const GraphInfo &graph,
                               const std::string &title) {
  Layout layout(graph);
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} "
      "{:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\" "
      "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n"
      "<title>{}</title>\n"
      "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
      "markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
      "<path d=\"M0,0 L8,4 L0,8 z\" fill=\"#555\"/></marker></defs>\n",
      layout.width, layout.height, layout.width, layout.height,
      escapeMarkup(title));
  for (const auto &[from, to] : graph.edges) {
    const Layout::Box &a = layout.boxes[from], &b = layout.boxes[to];
    double x1 = a.x + a.width / 2, y1 = a.y + Layout::boxHeight;
    double x2 = b.x + b.width / 2, y2 = b.y;
    double bend = (y2 - y1) / 2;
    text += fmt::format("<path d=\"M{:.1f},{:.1f} C{:.1f},{:.1f} {:.1f},{:.1f} "
                        "{:.1f},{:.1f}\" fill=\"none\" stroke=\"#555\" "
                        "marker-end=\"url(#arrow)\"/>\n",
                        x1, y1, x1, y1 + bend, x2, y2 - bend, x2, y2);
  }
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    const GraphInfo::Node &node = graph.nodes[i];
    const Layout::Box &box = layout.boxes[i];
    double middle = box.x + box.width / 2;
    text += fmt::format(
        "<g><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.0f}\" "
        "rx=\"4\" fill=\"{}\" stroke=\"#333\"/>"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" "
        "fill=\"#666\">{}</text></g>\n",
        box.x, box.y, box.width, Layout::boxHeight, colorOf(node), middle,
        box.y + 15, escapeMarkup(titleOf(node)), middle, box.y + 30,
        escapeMarkup(node.type));
  }
  return text + "</svg>\n";
}

std::string nnc::tool::drawHtml(const GraphInfo &graph,
                                const std::string &title) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta "
         "charset=\"utf-8\"><title>" +
         escapeMarkup(title) + "</title></head>\n<body>\n<h1>" +
         escapeMarkup(title) + "</h1>\n" + drawSvg(graph, title) +
         "</body>\n</html>\n";
}
