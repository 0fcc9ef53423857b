// The dense products of one training step alone: our kernels against LIBXSMM's generated code and oneDNN's sgemm, on the
// same shapes, layouts and padded strides. Theirs are bare products ("LIBXSMM+rest" does all that ours do); ours add the bias and apply
// ReLU in the forward product, apply its gradient in the input gradient, and sum the bias gradient in the weight gradient.
#include <dnnl.h>
#include <fmt/format.h>
#include <libxsmm.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "clock.hpp"
#include "fma_peak.hpp"
#include "machine.hpp"
#include "networks.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"
#include "snac/nn/kernels.hpp"

namespace snac::bench {
namespace {

using Xsmm = libxsmm_smmfunction;
constexpr int kRows = 128;

/// Random contents on a 64-byte boundary.
class Block {
 public:
  Block(int rows, int columns, Rng& rng) : values_(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns) + 16) {
    for (float& value : values_) value = static_cast<float>(rng.normal());
    void* start = values_.data();
    std::size_t space = values_.size() * sizeof(float);
    start_ = static_cast<float*>(std::align(64, sizeof(float), start, space));
  }
  float* data() const { return start_; }

 private:
  std::vector<float> values_;
  float* start_;
};

/// One layer with all its matrices; letters as in kernels.hpp.
struct Layer {
  nn::DenseShape shape;
  int padded_inputs, padded_outputs;
  bool first;
  std::shared_ptr<Block> x, w, bias, y, dy, wt, dx, dw, db;
  Xsmm forward, forward_onto, input_gradient, weight_gradient, bias_gradient;

  Layer(int inputs, int outputs, bool is_first, Rng& rng)
      : shape{kRows, inputs, outputs}, padded_inputs(nn::padded(inputs)), padded_outputs(nn::padded(outputs)), first(is_first) {
    const auto block = [&](int rows, int columns) { return std::make_shared<Block>(rows, columns, rng); };
    x = block(kRows, padded_inputs);
    w = block(inputs, padded_outputs);
    bias = block(1, padded_outputs);
    y = block(kRows, padded_outputs);
    dy = block(kRows, padded_outputs);
    wt = block(outputs, padded_inputs);
    dx = block(kRows, padded_inputs);
    dw = block(inputs, padded_outputs);
    db = block(1, padded_outputs);
    // LIBXSMM is column-major: its left factor is our right one.
    forward = generate(padded_outputs, kRows, inputs, padded_outputs, padded_inputs, padded_outputs, 0);
    forward_onto = generate(padded_outputs, kRows, inputs, padded_outputs, padded_inputs, padded_outputs, 0, 1);
    bias_gradient = generate(padded_outputs, 1, kRows, padded_outputs, kRows, padded_outputs, 0);
    input_gradient = generate(padded_inputs, kRows, outputs, padded_inputs, padded_outputs, padded_inputs, 0);
    weight_gradient = generate(padded_outputs, inputs, kRows, padded_outputs, padded_inputs, padded_outputs, LIBXSMM_GEMM_FLAG_TRANS_B);
  }

  static Xsmm generate(int m, int n, int k, int lda, int ldb, int ldc, int flags, float beta = 0) {
    const float alpha = 1;
    const Xsmm function = libxsmm_smmdispatch(m, n, k, &lda, &ldb, &ldc, &alpha, &beta, &flags, nullptr);
    if (function == nullptr) throw std::runtime_error(fmt::format("LIBXSMM makes no code for {} x {} x {}", m, n, k));
    return function;
  }
};

void run_ours(const std::vector<Layer>& layers) {
  const nn::Kernels& kernels = nn::kernels();
  for (const Layer& l : layers) {
    kernels.dense_forward(l.shape, l.x->data(), l.w->data(), l.bias->data(), true, l.y->data());
    if (!l.first) kernels.dense_input_gradient(l.shape, l.dy->data(), l.wt->data(), l.x->data(), l.dx->data());
    kernels.dense_weight_gradient(l.shape, l.x->data(), l.dy->data(), l.dw->data(), l.db->data());
  }
}

void run_xsmm(const std::vector<Layer>& layers) {
  for (const Layer& l : layers) {
    l.forward(l.w->data(), l.x->data(), l.y->data());
    if (!l.first) l.input_gradient(l.wt->data(), l.dy->data(), l.dx->data());
    l.weight_gradient(l.dy->data(), l.x->data(), l.dw->data());
  }
}

/// With what training needs around the products: rows begin as the bias, then ReLU and its gradient as passes of their
/// own, the bias gradient as a product with ones.
void run_xsmm_complete(const std::vector<Layer>& layers) {
  static const std::vector<float> ones(kRows, 1.0F);
  const nn::Kernels& kernels = nn::kernels();
  for (const Layer& l : layers) {
    const auto op = static_cast<std::size_t>(l.padded_outputs);
    for (std::size_t r = 0; r < kRows; ++r) std::copy_n(l.bias->data(), op, l.y->data() + r * op);
    l.forward_onto(l.w->data(), l.x->data(), l.y->data());
    kernels.relu(kRows * op, l.y->data());
    if (!l.first) {
      l.input_gradient(l.wt->data(), l.dy->data(), l.dx->data());
      kernels.relu_gradient(kRows * static_cast<std::size_t>(l.padded_inputs), l.x->data(), l.dx->data());
    }
    l.weight_gradient(l.dy->data(), l.x->data(), l.dw->data());
    l.bias_gradient(l.dy->data(), ones.data(), l.db->data());
  }
}

void run_dnnl(const std::vector<Layer>& layers) {
  for (const Layer& l : layers) {
    const auto [rows, inputs, outputs] = l.shape;
    const int ip = l.padded_inputs, op = l.padded_outputs;
    dnnl_sgemm('N', 'N', rows, op, inputs, 1, l.x->data(), ip, l.w->data(), op, 0, l.y->data(), op);
    if (!l.first) dnnl_sgemm('N', 'N', rows, ip, outputs, 1, l.dy->data(), op, l.wt->data(), ip, 0, l.dx->data(), ip);
    dnnl_sgemm('T', 'N', inputs, op, rows, 1, l.x->data(), ip, l.dy->data(), op, 0, l.dw->data(), op);
  }
}

/// The largest difference of the weight gradients of two ways, relative to the largest value.
double disagreement(const std::vector<Layer>& layers, void (*one)(const std::vector<Layer>&), void (*other)(const std::vector<Layer>&)) {
  double worst = 0, largest = 0;
  one(layers);
  std::vector<std::vector<float>> kept;
  const auto gradient = [](const Layer& l) {
    return std::vector<float>(l.dw->data(),
                              l.dw->data() + static_cast<std::size_t>(l.shape.inputs) * static_cast<std::size_t>(l.padded_outputs));
  };
  for (const Layer& l : layers) kept.push_back(gradient(l));
  other(layers);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto now = gradient(layers[i]);
    const int op = layers[i].padded_outputs;
    for (std::size_t v = 0; v < now.size(); ++v) {
      if (static_cast<int>(v % static_cast<std::size_t>(op)) >= layers[i].shape.outputs) continue;
      worst = std::max(worst, static_cast<double>(std::fabs(now[v] - kept[i][v])));
      largest = std::max(largest, static_cast<double>(std::fabs(now[v])));
    }
  }
  return worst / largest;
}

struct Way {
  const char* name;
  void (*run)(const std::vector<Layer>&);
  std::vector<double> nanoseconds = {};
};

Json measure(const Network& network, int rounds, int repeats, double peak) {
  Rng rng(5);
  std::vector<Layer> layers;
  std::vector<int> widths{kInputs};
  widths.insert(widths.end(), network.hidden.begin(), network.hidden.end());
  widths.push_back(kClasses);
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) layers.emplace_back(widths[i], widths[i + 1], i == 0, rng);
  std::vector<Way> ways{{"ours", run_ours}, {"LIBXSMM", run_xsmm}, {"LIBXSMM+rest", run_xsmm_complete}, {"oneDNN sgemm", run_dnnl}};
  for (const Way& way : ways) {
    const double error = disagreement(layers, run_ours, way.run);
    if (!(error < 1e-4)) throw std::runtime_error(fmt::format("{} disagrees with our kernels by {}", way.name, error));
  }
  for (int round = -1; round < rounds; ++round) {
    for (std::size_t i = 0; i < ways.size(); ++i) {
      Way& way = ways[(i + static_cast<std::size_t>(round + 1)) % ways.size()];
      const double start = thread_cpu_seconds();
      for (int r = 0; r < repeats; ++r) way.run(layers);
      if (round >= 0) way.nanoseconds.push_back(1e9 * (thread_cpu_seconds() - start) / repeats / kRows);
    }
  }
  double flops = 0;
  for (const Layer& l : layers) flops += (l.first ? 4.0 : 6.0) * l.shape.inputs * l.shape.outputs;
  Json rows = Json::array();
  for (const Way& way : ways) {
    const double time = median(way.nanoseconds);
    rows.push_back(Json{{"network", network.name},
                        {"way", way.name},
                        {"ns_per_sample", spread(way.nanoseconds)},
                        {"percent_of_peak_true_flops", peak > 0 ? 100 * flops / time / peak : 0.0}});
    std::printf("%-10s %-14s %8.1f ns/sample (%.1f to %.1f), %.1f %% of peak\n", network.name.c_str(), way.name, time,
                spread(way.nanoseconds)["min"].get<double>(), spread(way.nanoseconds)["max"].get<double>(), 100 * flops / time / peak);
  }
  return rows;
}

}  // namespace
}  // namespace snac::bench

int main(int argc, char** argv) {
  CLI::App app("Dense products alone: ours, LIBXSMM, oneDNN. Set OMP_NUM_THREADS=1.");
  int rounds = 15, repeats = 400;
  std::string json;
  app.add_option("--rounds", rounds, "Counted rounds")->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_option("--repeats", repeats, "Steps per round")->capture_default_str()->check(CLI::Range(1, 1000000));
  app.add_option("--json", json, "Write the report here");
  CLI11_PARSE(app, argc, argv);
  try {
    using namespace snac;
    std::vector<double> peaks;
    for (int i = 0; i < 5; ++i) peaks.push_back(bench::fma_peak(40).value_or(0));
    const dnnl_version_t* dnnl = dnnl_version();
    Json report{{"benchmark", "product_speed"},
                {"machine", bench::machine()},
                {"libxsmm", Json{{"version", LIBXSMM_VERSION}, {"target", libxsmm_get_target_arch()}}},
                {"onednn", fmt::format("{}.{}.{}", dnnl->major, dnnl->minor, dnnl->patch)},
                {"batch", 128},
                {"fma_peak_gflops", bench::spread(peaks)},
                {"rows", Json::array()}};
    for (const auto& network : {bench::network_a(), bench::network_b()}) {
      for (const Json& row : bench::measure(network, rounds, repeats, bench::median(peaks))) report["rows"].push_back(row);
    }
    if (!json.empty()) write_file_atomically(json, report.dump(1) + "\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
