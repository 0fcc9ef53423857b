// libtorch without Python: the same operators as torch_peer.py, called from C++. Answers the same requests (task "time").
// Built by bench/peers/run against the headers and libraries of the Python package.
#include <torch/torch.h>

#include <cstdint>
#include <ctime>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

using Json = nlohmann::json;
namespace nn = torch::nn;

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// The data of an NPY file of version 1.0, as bench/jets.cpp writes them.
std::vector<char> read_npy(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  char prefix[10];
  if (!in.read(prefix, sizeof prefix)) throw std::runtime_error("cannot read " + path);
  in.ignore(static_cast<unsigned char>(prefix[8]) + 256 * static_cast<unsigned char>(prefix[9]));
  return {std::istreambuf_iterator<char>(in), {}};
}

nn::Sequential build(const Json& job, int inputs, int classes) {
  nn::Sequential model;
  const auto add_linear = [&](int width, int units, bool he) {
    nn::Linear layer(width, units);
    if (he) {
      nn::init::kaiming_uniform_(layer->weight, 0, torch::kFanIn, torch::kReLU);
    } else {
      nn::init::xavier_uniform_(layer->weight);
    }
    nn::init::zeros_(layer->bias);
    model->push_back(layer);
  };
  int width = inputs;
  const auto activation = job["activation"].get<std::string>();
  for (const int units : job["hidden"]) {
    add_linear(width, units, activation == "relu");
    if (job["batch_norm"].get<bool>()) model->push_back(nn::BatchNorm1d(nn::BatchNorm1dOptions(units).eps(1e-3).momentum(0.01)));
    if (activation == "relu") model->push_back(nn::ReLU());
    if (activation == "tanh") model->push_back(nn::Tanh());
    if (activation == "sigmoid") model->push_back(nn::Sigmoid());
    if (job["dropout"].get<double>() > 0) model->push_back(nn::Dropout(job["dropout"].get<double>()));
    width = units;
  }
  add_linear(width, classes, false);
  return model;
}

void train(nn::Sequential& model, const Json& job, const torch::Tensor& x, const torch::Tensor& y, const torch::Tensor& rows) {
  torch::optim::Adam optimizer(model->parameters(), torch::optim::AdamOptions(job["learning_rate"].get<double>()).eps(1e-7));
  const nn::CrossEntropyLoss loss_of;
  std::vector<torch::Tensor> kernels;
  for (const auto& module : *model) {
    if (const auto* linear = dynamic_cast<nn::LinearImpl*>(module.ptr().get())) kernels.push_back(linear->weight);
  }
  const auto batch = job["batch"].get<std::int64_t>();
  const double l1 = job["l1"].get<double>();
  model->train();
  const torch::Tensor order = rows.index_select(0, torch::randperm(rows.size(0)));
  for (std::int64_t begin = 0; begin < order.size(0); begin += batch) {
    const torch::Tensor index = order.slice(0, begin, std::min(begin + batch, order.size(0)));
    optimizer.zero_grad();
    torch::Tensor loss = nn::functional::cross_entropy(model->forward(x.index_select(0, index)), y.index_select(0, index));
    if (l1 > 0) {
      for (const torch::Tensor& weight : kernels) loss = loss + l1 * weight.abs().sum();
    }
    loss.backward();
    optimizer.step();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  torch::set_num_threads(1);
  const std::string folder = argv[1];
  std::vector<char> x_bytes = read_npy(folder + "/x_train.npy"), y_bytes = read_npy(folder + "/y_train.npy");
  const auto count = static_cast<std::int64_t>(y_bytes.size());
  const auto inputs = static_cast<std::int64_t>(x_bytes.size() / sizeof(float)) / count;
  const torch::Tensor x = torch::from_blob(x_bytes.data(), {count, inputs}, torch::kFloat32);
  const torch::Tensor y = torch::from_blob(y_bytes.data(), {count}, torch::kUInt8).to(torch::kInt64);
  const int classes = y.max().item<int>() + 1;
  std::cout << Json{{"ready", "libtorch"}, {"version", TORCH_VERSION}}.dump() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const Json request = Json::parse(line);
    const Json& job = request["job"];
    torch::manual_seed(job["seed"].get<std::uint64_t>());
    nn::Sequential model = build(job, static_cast<int>(inputs), classes);
    const torch::Tensor rows = torch::randperm(count).slice(0, 0, request["samples"].get<std::int64_t>());
    const double start = cpu_seconds();
    train(model, job, x, y, rows);
    std::cout << Json{{"cpu_seconds", cpu_seconds() - start}, {"samples", rows.size(0)}}.dump() << std::endl;
  }
}
