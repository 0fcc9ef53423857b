#include "max_closure.hpp"

#include <algorithm>
#include <limits>

namespace snac::circuit {
namespace {

constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max() / 4;

}  // namespace

MaxClosure::MaxClosure(const std::vector<std::int64_t>& weight) : source_(weight.size()), sink_(weight.size() + 1) {
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (weight[i] > 0) add_edge(source_, i, weight[i]);
    if (weight[i] < 0) add_edge(i, sink_, -weight[i]);
  }
}

void MaxClosure::require(std::size_t from, std::size_t to) { add_edge(from, to, kUnlimited); }

void MaxClosure::add_edge(std::size_t from, std::size_t to, std::int64_t capacity) {
  arcs_.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to), capacity});
}

void MaxClosure::link() {
  first_.assign(sink_ + 2, 0);
  for (const Arc& arc : arcs_) {
    ++first_[arc.from + 1];
    ++first_[arc.to + 1];
  }
  for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
  edges_.resize(2 * arcs_.size());
  std::vector<std::uint32_t> slot(first_.begin(), first_.end() - 1);
  for (const Arc& arc : arcs_) {
    const std::uint32_t forth = slot[arc.from]++, back = slot[arc.to]++;
    edges_[forth] = {arc.to, back, arc.capacity};
    edges_[back] = {arc.from, forth, 0};
  }
}

bool MaxClosure::find_levels() {
  level_.assign(sink_ + 1, -1);
  std::vector<std::uint32_t> queue{static_cast<std::uint32_t>(source_)};
  level_[source_] = 0;
  for (std::size_t k = 0; k < queue.size(); ++k) {
    for (std::uint32_t e = first_[queue[k]]; e < first_[queue[k] + 1]; ++e) {
      const Edge& edge = edges_[e];
      if (edge.capacity == 0 || level_[edge.to] >= 0) continue;
      level_[edge.to] = level_[queue[k]] + 1;
      queue.push_back(edge.to);
    }
  }
  return level_[sink_] >= 0;
}

/// Dinic's blocking flow. The depth of the recursion is the number of levels: the circuit's depth times a small factor.
std::int64_t MaxClosure::push(std::uint32_t node, std::int64_t limit) {
  if (node == sink_) return limit;
  std::int64_t pushed = 0;
  for (std::uint32_t& e = next_[node]; e < first_[node + 1]; ++e) {
    Edge& edge = edges_[e];
    if (edge.capacity == 0 || level_[edge.to] != level_[node] + 1) continue;
    const std::int64_t flow = push(edge.to, std::min(limit - pushed, edge.capacity));
    edge.capacity -= flow;
    edges_[edge.reverse].capacity += flow;
    pushed += flow;
    if (pushed == limit) break;
  }
  return pushed;
}

std::vector<char> MaxClosure::solve() {
  link();
  while (find_levels()) {
    next_.assign(first_.begin(), first_.end() - 1);
    push(static_cast<std::uint32_t>(source_), kUnlimited);
  }
  std::vector<char> chosen(source_, 0);
  for (std::size_t i = 0; i < source_; ++i) chosen[i] = level_[i] >= 0;
  return chosen;
}

}  // namespace snac::circuit
