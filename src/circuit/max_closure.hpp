// The heaviest closed set of a directed graph, by a minimum cut (Picard 1976): private to the scheduler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace snac::circuit {

class MaxClosure {
 public:
  /// Who may be chosen, what each is worth.
  explicit MaxClosure(const std::vector<std::int64_t>& weight);
  /// Who chooses `from` must choose `to`.
  void require(std::size_t from, std::size_t to);
  /// The smallest of the heaviest closed sets; all false if no set is worth more than nothing.
  std::vector<char> solve();

 private:
  struct Edge {
    std::uint32_t to, reverse;  ///< node; index of the edge back in `edges_`
    std::int64_t capacity;
  };
  void add_edge(std::size_t from, std::size_t to, std::int64_t capacity);
  void link();
  bool find_levels();
  std::int64_t push(std::uint32_t node, std::int64_t limit);

  struct Arc {
    std::uint32_t from, to;
    std::int64_t capacity;
  };
  std::size_t source_, sink_;
  std::vector<Arc> arcs_;
  std::vector<Edge> edges_;           ///< by node
  std::vector<std::uint32_t> first_;  ///< (nodes + 1)
  std::vector<std::uint32_t> next_;   ///< edge to try next
  std::vector<std::int32_t> level_;
};

}  // namespace snac::circuit
