// Runs the fuzz target on ONNX files changed as messages, not as bytes: most changed bytes are no protobuf any more.
//   exchange_graph_fuzz [--runs N] [--seconds S] [--seed N] [--save FILE] file.onnx...
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "../../proto.hpp"
#include "snac/core/files.hpp"
#include "snac/core/rng.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using snac::Rng;

constexpr std::int64_t kIntegers[] = {0, 1, -1, 2, 3, 7, 8, 10, 11, 127, 1 << 20, 1 << 28, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
constexpr double kReals[] = {0, 1, -1, 0.5, 0.1, 1e30, -1e30, 1e-30, 1e308, INFINITY, NAN};
constexpr const char* kOperations[] = {"Gemm",
                                       "MatMul",
                                       "Add",
                                       "Sub",
                                       "Mul",
                                       "Div",
                                       "Neg",
                                       "Relu",
                                       "Tanh",
                                       "Sigmoid",
                                       "LeakyRelu",
                                       "Softmax",
                                       "ArgMax",
                                       "Flatten",
                                       "Reshape",
                                       "Transpose",
                                       "Identity",
                                       "Dropout",
                                       "Cast",
                                       "Constant",
                                       "Quant",
                                       "BipolarQuant",
                                       "QuantizeLinear",
                                       "DequantizeLinear",
                                       "MultiThreshold",
                                       "BatchNormalization",
                                       "Scaler",
                                       "ZipMap"};

/// All messages below, and all texts, which are mostly names of values.
void collect(Message& message, std::vector<Message*>& messages, std::vector<std::string>& texts) {
  messages.push_back(&message);
  const Reflection& r = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  r.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? r.FieldSize(message, field) : 1;
    for (int k = 0; k < count; ++k) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
        collect(field->is_repeated() ? *r.MutableRepeatedMessage(&message, field, k) : *r.MutableMessage(&message, field), messages, texts);
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && field->type() == FieldDescriptor::TYPE_STRING)
        texts.push_back(field->is_repeated() ? r.GetRepeatedString(message, field, k) : r.GetString(message, field));
    }
  }
}

template <class T, std::size_t N>
T pick(const T (&values)[N], Rng& rng) {
  return values[rng.below(N)];
}

std::string other_text(std::string text, const FieldDescriptor& field, const std::vector<std::string>& texts, Rng& rng) {
  if (field.name() == "op_type") return pick(kOperations, rng);
  if (field.type() == FieldDescriptor::TYPE_STRING && !texts.empty() && rng.chance(0.8)) return texts[rng.below(texts.size())];
  if (text.empty()) return "x";
  if (rng.chance(0.3)) text.resize(rng.below(text.size()));
  if (!text.empty()) text[rng.below(text.size())] = static_cast<char>(rng.below(256));
  return text;
}

void set(Message& message, const FieldDescriptor& field, int index, const std::vector<std::string>& texts, Rng& rng) {
  const Reflection& r = *message.GetReflection();
  const bool repeated = field.is_repeated();
  const std::int64_t integer = rng.chance(0.5) ? pick(kIntegers, rng) : static_cast<std::int64_t>(rng.below(20));
  const double real = pick(kReals, rng);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return repeated ? r.SetRepeatedInt32(&message, &field, index, static_cast<int>(integer))
                      : r.SetInt32(&message, &field, static_cast<int>(integer));
    case FieldDescriptor::CPPTYPE_INT64:
      return repeated ? r.SetRepeatedInt64(&message, &field, index, integer) : r.SetInt64(&message, &field, integer);
    case FieldDescriptor::CPPTYPE_UINT64:
      return repeated ? r.SetRepeatedUInt64(&message, &field, index, static_cast<std::uint64_t>(integer))
                      : r.SetUInt64(&message, &field, static_cast<std::uint64_t>(integer));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return repeated ? r.SetRepeatedFloat(&message, &field, index, static_cast<float>(real))
                      : r.SetFloat(&message, &field, static_cast<float>(real));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return repeated ? r.SetRepeatedDouble(&message, &field, index, real) : r.SetDouble(&message, &field, real);
    case FieldDescriptor::CPPTYPE_STRING: {
      if (repeated)
        return r.SetRepeatedString(&message, &field, index, other_text(r.GetRepeatedString(message, &field, index), field, texts, rng));
      return r.SetString(&message, &field, other_text(r.GetString(message, &field), field, texts, rng));
    }
    default:
      return;
  }
}

void mutate(onnx::ModelProto& model, Rng& rng) {
  std::vector<Message*> messages;
  std::vector<std::string> texts;
  collect(model, messages, texts);
  Message& message = *messages[rng.below(messages.size())];
  const Reflection& r = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  r.ListFields(message, &fields);
  if (fields.empty()) return;
  const FieldDescriptor& field = *fields[rng.below(fields.size())];
  const std::uint64_t action = rng.below(10);
  if (!field.is_repeated()) {
    if (action == 0)
      r.ClearField(&message, &field);
    else
      set(message, field, 0, texts, rng);
    return;
  }
  const int count = r.FieldSize(message, &field), k = static_cast<int>(rng.below(static_cast<std::uint64_t>(count)));
  if (action <= 1) {
    r.SwapElements(&message, &field, k, count - 1);
    r.RemoveLast(&message, &field);
  } else if (action == 2) {
    r.SwapElements(&message, &field, k, static_cast<int>(rng.below(static_cast<std::uint64_t>(count))));
  } else if (action == 3 && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    r.AddMessage(&message, &field)->CopyFrom(r.GetRepeatedMessage(message, &field, k));
  } else {
    set(message, field, k, texts, rng);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t runs = 2000, seed = 1;
  double seconds = 0;
  std::string save;
  std::vector<onnx::ModelProto> corpus;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&] { return std::string(i + 1 < argc ? argv[++i] : "0"); };
    if (word == "--runs") {
      runs = std::stoull(value());
    } else if (word == "--seconds") {
      seconds = std::stod(value());
    } else if (word == "--seed") {
      seed = std::stoull(value());
    } else if (word == "--save") {
      save = value();
    } else if (!corpus.emplace_back().ParseFromString(snac::read_file(word))) {
      std::fprintf(stderr, "%s is no ONNX model\n", argv[i]);
      return 2;
    }
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus\n");
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto over = [&](std::uint64_t done) {
    return seconds > 0 ? std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > seconds : done >= runs;
  };
  std::uint64_t done = 0;
  for (; !over(done); ++done) {
    Rng rng = Rng::stream(seed, "graph fuzz", done);
    onnx::ModelProto model = corpus[rng.below(corpus.size())];
    for (std::uint64_t changes = 1 + rng.below(4); changes > 0; --changes) mutate(model, rng);
    const std::string bytes = model.SerializePartialAsString();
    if (!save.empty()) snac::write_file_atomically(save, bytes);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  std::printf("%llu inputs from %zu files, none of them a failure\n", static_cast<unsigned long long>(done), corpus.size());
  return 0;
}
