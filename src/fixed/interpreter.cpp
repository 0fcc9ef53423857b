#include "snac/fixed/interpreter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <type_traits>

#include "snac/core/thread_pool.hpp"
#include "snac/fixed/caster.hpp"

namespace snac::fixed {
namespace {

/// Rows that run together. A value of n elements is n runs of kBlock rows, so that the inner loops are over rows.
constexpr std::size_t kBlock = 64;
/// Rows whose accumulators stay in registers.
constexpr std::size_t kLanes = 8;

struct Term {
  std::uint32_t input;
  std::int64_t factor;  ///< weight on the accumulator's grid: fits, since factor * input does
};

struct DenseStep {
  std::vector<Term> terms;         ///< of all outputs, one after the other
  std::vector<std::size_t> first;  ///< (outputs + 1) where the terms of each output begin
  std::vector<std::int64_t> bias;
};
struct CastStep {
  bool relu = false;
};
struct TableStep {
  std::vector<std::int64_t> table;
  std::int64_t lowest = 0;
};

struct ArgmaxStep {
  std::vector<std::int64_t> scale;  ///< per element: onto the finest grid
};
struct SoftmaxStep {
  std::vector<std::int64_t> scale;
  Caster difference, sum;
  std::vector<std::int64_t> exponential, inverse;
};

struct Step {
  std::variant<DenseStep, CastStep, TableStep, ArgmaxStep, SoftmaxStep> work;
  std::size_t from = 0, to = 0;  ///< first element of the value read and written
  std::size_t size = 0;          ///< elements written
  std::vector<Caster> casts;     ///< one per element written, or one for all; none for a table or an index
  const Caster& cast(std::size_t element) const { return casts.size() == 1 ? casts.front() : casts[element]; }
};

DenseStep prepare(const DenseOp& op, const TensorType& input) {
  DenseStep step;
  step.bias = op.bias;
  step.first.push_back(0);
  const std::size_t inputs = input.size();
  for (std::size_t o = 0; o < op.bias.size(); ++o) {
    for (std::size_t i = 0; i < inputs; ++i) {
      const std::int64_t weight = op.weights[o * inputs + i];
      if (weight == 0) continue;
      const int shift = op.bias_fraction_bits - op.weight_fraction_bits - input.type(i).fraction_bits();
      step.terms.push_back({static_cast<std::uint32_t>(i), weight << shift});
    }
    step.first.push_back(step.terms.size());
  }
  return step;
}
CastStep prepare(const CastOp&, const TensorType&) { return {}; }
CastStep prepare(const ReluOp&, const TensorType&) { return {.relu = true}; }
TableStep prepare(const TableOp& op, const TensorType& input) { return {op.table, input.type(0).min_raw()}; }

int finest_fraction(const TensorType& tensor) {
  int finest = tensor.type(0).fraction_bits();
  for (const FixedType& type : tensor.types) finest = std::max(finest, type.fraction_bits());
  return finest;
}
std::vector<std::int64_t> scales(const TensorType& input) {
  std::vector<std::int64_t> factors;
  for (std::size_t i = 0; i < input.size(); ++i)
    factors.push_back(std::int64_t{1} << (finest_fraction(input) - input.type(i).fraction_bits()));
  return factors;
}
ArgmaxStep prepare(const ArgmaxOp&, const TensorType& input) { return {scales(input)}; }
SoftmaxStep prepare(const SoftmaxOp& op, const TensorType& input) {
  return {scales(input), Caster(finest_fraction(input), op.difference), Caster(op.exponential_fraction_bits, op.sum), op.exponential,
          op.inverse};
}

/// Fraction bits of what a node casts into its output's type, before the cast.
int fraction_bits_before_cast(const DenseOp& op, const TensorType&, std::size_t) { return op.bias_fraction_bits; }
int fraction_bits_before_cast(const CastOp&, const TensorType& input, std::size_t element) { return input.type(element).fraction_bits(); }
int fraction_bits_before_cast(const ReluOp&, const TensorType& input, std::size_t element) { return input.type(element).fraction_bits(); }
int fraction_bits_before_cast(const SoftmaxOp& op, const TensorType&, std::size_t) {
  return op.exponential_fraction_bits + op.inverse_fraction_bits;
}

template <class Op>
Step prepare_step(const Op& op, const TensorType& input, const TensorType& output) {
  Step step{.work = prepare(op, input), .from = 0, .to = 0, .size = output.size(), .casts = {}};
  if constexpr (!std::is_same_v<Op, TableOp> && !std::is_same_v<Op, ArgmaxOp>) {
    constexpr bool kOneGrid = std::is_same_v<Op, DenseOp> || std::is_same_v<Op, SoftmaxOp>;
    const bool one_for_all = output.types.size() == 1 && (kOneGrid || input.types.size() == 1);
    for (std::size_t i = 0; i < (one_for_all ? 1 : step.size); ++i)
      step.casts.emplace_back(fraction_bits_before_cast(op, input, i), output.type(i));
  }
  return step;
}

void execute(const DenseStep& dense, const Step& step, std::int64_t* values) {
  const std::int64_t* x = values + step.from * kBlock;
  std::int64_t* y = values + step.to * kBlock;
  for (std::size_t o = 0; o < dense.bias.size(); ++o) {
    const Caster& cast = step.cast(o);
    const std::span<const Term> terms(dense.terms.data() + dense.first[o], dense.first[o + 1] - dense.first[o]);
    for (std::size_t row = 0; row < kBlock; row += kLanes) {
      std::array<std::int64_t, kLanes> sum;
      sum.fill(dense.bias[o]);
      for (const Term& term : terms) {
        const std::int64_t* lane = x + term.input * kBlock + row;
        for (std::size_t r = 0; r < kLanes; ++r) sum[r] += term.factor * lane[r];
      }
      for (std::size_t r = 0; r < kLanes; ++r) y[o * kBlock + row + r] = cast(sum[r]);
    }
  }
}

void execute(const CastStep& work, const Step& step, std::int64_t* values) {
  const std::int64_t* x = values + step.from * kBlock;
  std::int64_t* y = values + step.to * kBlock;
  for (std::size_t i = 0; i < step.size; ++i) {
    const Caster& cast = step.cast(i);
    for (std::size_t r = i * kBlock; r < (i + 1) * kBlock; ++r) y[r] = cast(work.relu ? std::max<std::int64_t>(x[r], 0) : x[r]);
  }
}

void execute(const TableStep& table, const Step& step, std::int64_t* values) {
  const std::int64_t* x = values + step.from * kBlock;
  std::int64_t* y = values + step.to * kBlock;
  for (std::size_t r = 0; r < step.size * kBlock; ++r) y[r] = table.table[static_cast<std::size_t>(x[r] - table.lowest)];
}

void execute(const ArgmaxStep& work, const Step& step, std::int64_t* values) {
  const std::int64_t* x = values + step.from * kBlock;
  std::int64_t* y = values + step.to * kBlock;
  for (std::size_t r = 0; r < kBlock; ++r) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < work.scale.size(); ++i) {
      if (x[i * kBlock + r] * work.scale[i] > x[best * kBlock + r] * work.scale[best]) best = i;
    }
    y[r] = static_cast<std::int64_t>(best);
  }
}

void execute(const SoftmaxStep& work, const Step& step, std::int64_t* values) {
  const std::int64_t* x = values + step.from * kBlock;
  std::int64_t* y = values + step.to * kBlock;
  for (std::size_t r = 0; r < kBlock; ++r) {
    std::int64_t largest = x[r] * work.scale[0], sum = 0;
    for (std::size_t i = 1; i < step.size; ++i) largest = std::max(largest, x[i * kBlock + r] * work.scale[i]);
    for (std::size_t i = 0; i < step.size; ++i) {
      const std::int64_t index = work.difference(largest - x[i * kBlock + r] * work.scale[i]);
      y[i * kBlock + r] = work.exponential[static_cast<std::size_t>(index)];
      sum += y[i * kBlock + r];
    }
    const std::int64_t inverse = work.inverse[static_cast<std::size_t>(work.sum(sum))];
    for (std::size_t i = 0; i < step.size; ++i) y[i * kBlock + r] = step.cast(i)(y[i * kBlock + r] * inverse);
  }
}

std::size_t rows_of(std::size_t size, std::size_t width, const char* what) {
  if (width == 0 || size % width != 0) throw std::invalid_argument(fmt::format("{} {} do not make rows of {}", size, what, width));
  return size / width;
}

}  // namespace

struct Interpreter::Program {
  TensorType input;
  std::vector<std::size_t> begins;  ///< (values + 1) first element of each value
  std::vector<Step> steps;

  std::size_t num_inputs() const { return begins[1]; }
  std::size_t num_outputs() const { return begins.back() - begins[begins.size() - 2]; }

  /// Runs up to kBlock rows; the rest of the block runs on zeros, which every type holds.
  void run_block(std::span<const std::int64_t> inputs, std::vector<std::int64_t>& values) const {
    const std::size_t width = num_inputs(), rows = inputs.size() / width;
    values.assign(begins.back() * kBlock, 0);
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t r = 0; r < rows; ++r) values[i * kBlock + r] = inputs[r * width + i];
    }
    for (const Step& step : steps) {
      std::visit([&](const auto& work) { execute(work, step, values.data()); }, step.work);
    }
  }

  void check(std::span<const std::int64_t> inputs) const {
    const std::size_t width = num_inputs();
    rows_of(inputs.size(), width, "inputs");
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const FixedType& type = input.type(k % width);
      if (inputs[k] < type.min_raw() || inputs[k] > type.max_raw()) {
        throw std::invalid_argument(
            fmt::format("row {}, input {}: {} is not an integer of {}", k / width, k % width, inputs[k], to_string(type)));
      }
    }
  }
};

Interpreter::Interpreter(const FixedNet& net) {
  net.validate();
  auto program = std::make_shared<Program>();
  program->input = net.input;
  program->begins = {0, net.input.size()};
  for (const Node& node : net.nodes) {
    const int source = node.inputs.front();
    const TensorType& input = net.value(source);
    Step step = std::visit([&](const auto& op) { return prepare_step(op, input, node.output); }, node.op);
    step.from = program->begins[static_cast<std::size_t>(source)];
    step.to = program->begins.back();
    program->steps.push_back(std::move(step));
    program->begins.push_back(program->begins.back() + node.output.size());
  }
  program_ = std::move(program);
}

std::size_t Interpreter::num_inputs() const noexcept { return program_->num_inputs(); }
std::size_t Interpreter::num_outputs() const noexcept { return program_->num_outputs(); }

std::vector<std::int64_t> Interpreter::run(std::span<const std::int64_t> inputs, int threads) const {
  const Program& program = *program_;
  program.check(inputs);
  const std::size_t width = num_inputs(), outputs = num_outputs(), rows = inputs.size() / width;
  const std::size_t output_begin = program.begins[program.begins.size() - 2];
  std::vector<std::int64_t> results(rows * outputs);
  const std::size_t blocks = (rows + kBlock - 1) / kBlock;
  std::vector<std::vector<std::int64_t>> scratch(std::clamp<std::size_t>(blocks, 1, static_cast<std::size_t>(std::max(1, threads))));
  parallel_for(blocks, threads, [&](std::size_t block, int worker) {
    std::vector<std::int64_t>& values = scratch[static_cast<std::size_t>(worker)];
    const std::size_t first = block * kBlock, count = std::min(kBlock, rows - first);
    program.run_block(inputs.subspan(first * width, count * width), values);
    for (std::size_t r = 0; r < count; ++r) {
      for (std::size_t o = 0; o < outputs; ++o) results[(first + r) * outputs + o] = values[(output_begin + o) * kBlock + r];
    }
  });
  return results;
}

std::vector<std::vector<std::int64_t>> Interpreter::trace(std::span<const std::int64_t> input) const {
  const Program& program = *program_;
  if (input.size() != num_inputs()) throw std::invalid_argument(fmt::format("{} inputs for a row of {}", input.size(), num_inputs()));
  program.check(input);
  std::vector<std::int64_t> block;
  program.run_block(input, block);
  std::vector<std::vector<std::int64_t>> values(program.begins.size() - 1);
  for (std::size_t v = 0; v < values.size(); ++v) {
    for (std::size_t i = program.begins[v]; i < program.begins[v + 1]; ++i) values[v].push_back(block[i * kBlock]);
  }
  return values;
}

std::vector<std::int64_t> quantize_inputs(const FixedNet& net, std::span<const float> features) {
  const std::size_t width = net.input.size();
  const std::size_t rows = rows_of(features.size(), width, "features");
  std::vector<std::int64_t> raw(features.size());
  for (std::size_t i = 0; i < width; ++i) {
    const FixedType& type = net.input.type(i);
    for (std::size_t r = 0; r < rows; ++r) raw[r * width + i] = cast_real(static_cast<double>(features[r * width + i]), type);
  }
  return raw;
}

std::vector<std::int64_t> run(const FixedNet& net, std::span<const std::int64_t> inputs, int threads) {
  return Interpreter(net).run(inputs, threads);
}

std::vector<int> argmax(std::span<const std::int64_t> logits, std::size_t num_outputs) {
  const std::size_t rows = rows_of(logits.size(), num_outputs, "logits");
  std::vector<int> classes(rows);
  for (std::size_t r = 0; r < rows; ++r) {
    const auto row = logits.subspan(r * num_outputs, num_outputs);
    classes[r] = static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());  // the first of equals
  }
  return classes;
}

std::vector<int> classify(const FixedNet& net, std::span<const std::int64_t> logits) {
  const TensorType& output = net.output();
  const std::size_t width = output.size(), rows = rows_of(logits.size(), width, "logits");
  if (net.gives_index()) return {logits.begin(), logits.end()};
  const int fraction = output.type(0).fraction_bits();
  if (std::all_of(output.types.begin(), output.types.end(), [&](const FixedType& type) { return type.fraction_bits() == fraction; })) {
    return argmax(logits, width);
  }
  // value_a < value_b, exact: the one with fewer fraction bits is shifted up; 64 places decide, since |raw| < 2^63.
  __extension__ using Wide = __int128;
  const auto less = [&](std::int64_t a, int a_bits, std::int64_t b, int b_bits) {
    const int up_a = std::min(std::max(b_bits - a_bits, 0), 63), up_b = std::min(std::max(a_bits - b_bits, 0), 63);
    return (Wide{a} << up_a) < (Wide{b} << up_b);
  };
  std::vector<int> classes(rows);
  for (std::size_t r = 0; r < rows; ++r) {
    std::size_t best = 0;
    for (std::size_t o = 1; o < width; ++o) {
      if (less(logits[r * width + best], output.type(best).fraction_bits(), logits[r * width + o], output.type(o).fraction_bits()))
        best = o;
    }
    classes[r] = static_cast<int>(best);
  }
  return classes;
}

}  // namespace snac::fixed
