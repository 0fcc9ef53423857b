// Adder graphs of constant matrices: cost and time of plain trees and of the CMVM optimiser, as JSON.
// Matrices: random 8-bit squares, and the dense layers of networks given as fixed_net.json files. bench/peers/cmvm/compare.py
// runs da4ml on the same matrices (--matrices writes them) and prints the ratios.
#include "snac/circuit/cmvm.hpp"

#include <fmt/format.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <variant>

#include "snac/core/files.hpp"
#include "snac/core/json.hpp"
#include "snac/core/rng.hpp"
#include "snac/fixed/fixed_net.hpp"

namespace {

using namespace snac;
using namespace snac::circuit;

struct Matrix {
  std::string name;
  int inputs = 0, outputs = 0;
  std::vector<std::int64_t> weights;  ///< (outputs, inputs)
  std::vector<fixed::FixedType> types;
};

double thread_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// 8-bit weights; `zeros` is the chance of a pruned one.
Matrix random_matrix(int inputs, int outputs, std::uint64_t seed, double zeros = 0) {
  Rng rng = Rng::stream(seed, "random matrix", static_cast<std::uint64_t>(inputs));
  Matrix matrix{fmt::format("random {}x{} #{}", inputs, outputs, seed),
                inputs,
                outputs,
                {},
                std::vector<fixed::FixedType>(static_cast<std::size_t>(inputs), {8, 8, true})};
  for (int k = 0; k < inputs * outputs; ++k) {
    const std::int64_t weight = static_cast<std::int64_t>(rng.below(256)) - 128;
    matrix.weights.push_back(zeros > 0 && rng.chance(zeros) ? 0 : weight);
  }
  return matrix;
}

std::vector<Matrix> layers_of(const std::string& path) {
  const fixed::FixedNet net = fixed::load_fixed_net(path);
  std::vector<Matrix> layers;
  for (const fixed::Node& node : net.nodes) {
    const auto* dense = std::get_if<fixed::DenseOp>(&node.op);
    if (dense == nullptr) continue;
    Matrix matrix{fmt::format("trained {} {}x{}", node.name, dense->inputs, dense->outputs),
                  dense->inputs,
                  dense->outputs,
                  {dense->weights.begin(), dense->weights.end()},
                  {}};
    for (std::size_t i = 0; i < static_cast<std::size_t>(dense->inputs); ++i)
      matrix.types.push_back(net.value(node.inputs.front()).type(i));
    layers.push_back(std::move(matrix));
  }
  return layers;
}

struct Interval {
  double low = 0, high = 0, step = 0;
};

/// da4ml's cost_add for a carry chain of one bit per LUT, written from its published description: bits from the coarser step to the
/// larger end, and a sign if either operand can be negative. Bits that only join are charged as well, as da4ml charges them.
double published_cost(const Circuit& circuit) {
  double total = 0;
  for (const Node& node : circuit.nodes()) {
    if (node.kind != Kind::add) continue;
    const auto interval = [&](std::size_t k, int shift, bool negated) {
      const Range& range = circuit.node(node.args[k]).range;
      const double low = std::ldexp(static_cast<double>(range.low), shift), high = std::ldexp(static_cast<double>(range.high), shift);
      return negated ? Interval{-high, -low, std::ldexp(1.0, shift)} : Interval{low, high, std::ldexp(1.0, shift)};
    };
    const Interval a = interval(0, node.shift_a, false), b = interval(1, node.shift_b, node.subtract);
    const double end = std::max({std::abs(a.low), std::abs(a.high + a.step), std::abs(b.low), std::abs(b.high + b.step)});
    total += std::ceil(std::log2(end)) - std::log2(std::max(a.step, b.step)) + (a.low < 0 || b.low < 0 ? 1 : 0);
  }
  return total;
}

Json measure(const Matrix& matrix, const CmvmParams& params, int repeats) {
  std::vector<double> seconds;
  Json result;
  for (int r = 0; r < repeats; ++r) {
    Circuit circuit;
    std::vector<Id> inputs;
    for (const auto& type : matrix.types) inputs.push_back(circuit.input(type));
    std::vector<LinearForm> rows(static_cast<std::size_t>(matrix.outputs));
    for (std::size_t o = 0; o < rows.size(); ++o) {
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::int64_t weight = matrix.weights[o * inputs.size() + i];
        if (weight != 0) rows[o].products.push_back({inputs[i], weight, 0});
      }
    }
    CmvmStats stats;
    const double start = thread_cpu_seconds();
    multiply(circuit, rows, params, &stats);
    seconds.push_back(thread_cpu_seconds() - start);
    result = {{"cost", published_cost(circuit)},
              {"adders", stats.adders},
              {"depth", stats.depth},
              {"minimal_depth", stats.minimal_depth},
              {"digits", stats.digits}};
  }
  std::sort(seconds.begin(), seconds.end());
  result["cpu_ms"] = {{"median", 1e3 * seconds[seconds.size() / 2]}, {"min", 1e3 * seconds.front()}, {"max", 1e3 * seconds.back()}};
  return result;
}

/// A network of about 25,000 weights, layer by layer on one core.
Json measure_network(double zeros, int repeats) {
  Json result{{"layers", "64-128-100-40-5"}, {"share_of_zeros", zeros}};
  double milliseconds = 0, cost = 0;
  std::int64_t nonzero = 0, weights = 0;
  std::uint64_t seed = 0;
  for (const auto& [inputs, outputs] : {std::pair{64, 128}, {128, 100}, {100, 40}, {40, 5}}) {
    const Matrix matrix = random_matrix(inputs, outputs, ++seed, zeros);
    const Json one = measure(matrix, {}, repeats);
    milliseconds += one["cpu_ms"]["median"].get<double>();
    cost += one["cost"].get<double>();
    weights += inputs * outputs;
    nonzero += static_cast<std::int64_t>(matrix.weights.size()) - std::count(matrix.weights.begin(), matrix.weights.end(), 0);
  }
  result.update({{"weights", weights}, {"nonzero", nonzero}, {"cost", cost}, {"cpu_ms", milliseconds}});
  return result;
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app("Adder graphs of constant matrices: cost (published adder-bit formula) and CPU time, as JSON on stdout");
  std::vector<std::string> nets;
  std::string matrices_path;
  int seeds = 3, repeats = 5, extra_depth = 2;
  bool with_high = true;
  app.add_option("--net", nets, "fixed_net.json files whose dense layers are measured as well");
  app.add_option("--matrices", matrices_path, "write the matrices here, for the peer");
  app.add_option("--seeds", seeds, "random matrices of each size")->check(CLI::Range(1, 100));
  app.add_option("--repeats", repeats, "timings of each")->check(CLI::Range(1, 1000));
  app.add_option("--extra-depth", extra_depth, "levels above the least possible; -1 = no limit")->check(CLI::Range(-1, 1000));
  app.add_flag("--high,!--no-high", with_high, "also at high effort (timed once)");
  CLI11_PARSE(app, argc, argv);

  std::vector<Matrix> matrices;
  for (const int size : {8, 16, 32, 64}) {
    for (int seed = 1; seed <= seeds; ++seed) matrices.push_back(random_matrix(size, size, static_cast<std::uint64_t>(seed)));
  }
  for (const auto& net : nets) {
    for (Matrix& layer : layers_of(net)) matrices.push_back(std::move(layer));
  }
  Json rows = Json::array(), exported = Json::array();
  for (const Matrix& matrix : matrices) {
    Json row{{"matrix", matrix.name}};
    row["csd"] = measure(matrix, {.strategy = Strategy::csd}, repeats);
    row["shared"] = measure(matrix, {.extra_depth = extra_depth}, repeats);
    row["shared_same_depth"] = measure(matrix, {.extra_depth = 0}, repeats);
    if (with_high) row["shared_high"] = measure(matrix, {.effort = Effort::high, .extra_depth = extra_depth}, 1);
    rows.push_back(std::move(row));
    Json intervals = Json::array();
    for (const auto& type : matrix.types) intervals.push_back({type.min_raw(), type.max_raw()});
    exported.push_back({{"matrix", matrix.name},
                        {"inputs", matrix.inputs},
                        {"outputs", matrix.outputs},
                        {"weights", matrix.weights},
                        {"intervals", intervals}});
  }
  if (!matrices_path.empty()) write_file_atomically(matrices_path, exported.dump() + "\n");
  const Json networks{measure_network(0, repeats), measure_network(0.5, repeats)};
  std::cout << Json{{"extra_depth", extra_depth}, {"results", rows}, {"networks", networks}}.dump(1) << "\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
