#include "snac/flow/config.hpp"

#include <gtest/gtest.h>

#include "snac/core/files.hpp"
#include "snac/flow/study.hpp"

namespace snac::flow {
namespace {

const std::string kMinimal = "study: x\ndata: {train: a.h5}\nspace: {family: mlp, layers: [2], width: [8]}\n";

class Config : public testing::Test {
 protected:
  StudyConfig load(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
    const auto path = folder_.path() / "s.yaml";
    write_file_atomically(path, yaml);
    return load_config(path.string(), overrides);
  }
  std::string message(const std::string& more, const std::vector<std::string>& overrides = {}) {
    try {
      load(kMinimal + more, overrides);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }
  TemporaryDirectory folder_;
};

TEST_F(Config, minimal_file_is_enough) {
  const StudyConfig config = load(kMinimal);
  EXPECT_EQ(config.output_folder(), "runs/x");
  EXPECT_EQ(config.search.nsga2.evaluations, config.search.trials);
  EXPECT_EQ(config.resolve("a.h5"), (std::filesystem::absolute(folder_.path()) / "a.h5").lexically_normal().string());
  EXPECT_EQ(config.resolve("/b/x.npy,y.npy"),
            "/b/x.npy," + (std::filesystem::absolute(folder_.path()) / "y.npy").lexically_normal().string());
}

TEST_F(Config, effective_configuration_reads_back_to_itself) {
  const StudyConfig config =
      load(kMinimal, {"target.clock=2.5 ns", "search.objectives={accuracy: max, lut: min}", "select.where=[accuracy >= 0.5]"});
  const std::string text = YAML::Dump(config.to_yaml());
  EXPECT_EQ(YAML::Dump(load(text).to_yaml()), text);
  EXPECT_EQ(load(text).target.clock_ns, 2.5);
}

TEST_F(Config, shipped_configurations_load) {
  for (const char* name : {"jets_quick.yaml", "jets_paper.yaml", "jets_pruning.yaml"}) {
    const StudyConfig config = load_config(std::string(SNAC_SOURCE_DIR "/configs/") + name);
    EXPECT_TRUE(std::filesystem::exists(config.resolve(config.data.train))) << name;
    EXPECT_TRUE(std::filesystem::exists(config.resolve(config.data.test))) << name;
  }
}

TEST_F(Config, settings_of_vendor_tools_do_not_touch_studies_without_them) {
  const auto stage = [&](const std::string& tools, const std::string& limit) {
    return stage_key(load(kMinimal, {"synth.tools=" + tools, "synth.vendor.time_limit=" + limit}), "hardware", {"compress", "synth"});
  };
  EXPECT_EQ(stage("[yosys]", "10 s"), stage("[yosys]", "20 s"));
  EXPECT_NE(stage("[yosys, vivado]", "10 s"), stage("[yosys, vivado]", "20 s"));
}

TEST_F(Config, every_wrong_value_is_named) {
  EXPECT_NE(message("synth: {tools: [vivadoo]}").find("vivado"), std::string::npos);
  EXPECT_NE(message("synth: {vendor: {hls_steps: [csim]}}").find("csynth among the steps"), std::string::npos);
  EXPECT_NE(message("synth: {vendor: {hls_steps: [csynth, cosym]}}").find("cosim"), std::string::npos);
  EXPECT_NE(message("target: {reuse_factor: 0}").find("reuse_factor"), std::string::npos);
  EXPECT_NE(message("target: {reuse_factor: 65537}").find("65536"), std::string::npos);
  EXPECT_NE(message("target: {multiplier: dps}").find("dsp"), std::string::npos);
  EXPECT_NE(message("target: {reuse_factor: 4, pipelining: clock}").find("pipelining: levels"), std::string::npos);
  EXPECT_NE(message("target: {precision: {input: 'fixed<8,2,RND_CONV>'}}").find("RND, SAT"), std::string::npos);
  EXPECT_NE(message("target: {precision: {input: 'fixed<24,8>'}}").find("23 bits"), std::string::npos);
  EXPECT_NE(message("target: {precision: {input: 'fixed<1,1>'}}").find("at least 2 bits"), std::string::npos);
  EXPECT_NE(message("target: {precision: {input: 'fixed<12,-30>'}}").find("scale the features"), std::string::npos);
  EXPECT_NE(message("target: {precision: {input: 'fixed<12,40>'}}").find("2^28"), std::string::npos);
  EXPECT_NE(message("search: {objectives: {accuracy: min}}").find("'max'"), std::string::npos);
  EXPECT_NE(message("search: {objectives: {sparsity: max}}").find("before compression"), std::string::npos);
  EXPECT_NE(message("search: {objectives: {}}").find("nothing to optimise"), std::string::npos);
  EXPECT_NE(message("search: {constraints: {lut: '<= best + 1'}}").find("fixed number"), std::string::npos);
  EXPECT_NE(message("search: {constraints: {sparsity: '>= 0.5'}}").find("before compression"), std::string::npos);
  EXPECT_NE(message("search: {constraints: {lut: 'about 5'}}").find("malformed"), std::string::npos);
  EXPECT_NE(message("search: {constraints: {accuracy: '>= 64'}}").find("0.60"), std::string::npos);
  EXPECT_NE(message("compress: {precisions: []}").find("no precision"), std::string::npos);
  EXPECT_NE(message("compress: {precisions: [8, w8a8]}").find("twice"), std::string::npos);
  EXPECT_NE(message("compress: {precisions: [1]}").find("ternary"), std::string::npos);
  EXPECT_NE(message("compress: {folds: 1}").find("compress.folds"), std::string::npos);
  EXPECT_NE(message("compress: {order: both}").find("prune_then_quantise"), std::string::npos);
  EXPECT_NE(message("compress: {logits_bits: 24}").find("23"), std::string::npos);
  EXPECT_NE(message("synth: {tools: [vivadoo]}").find("unknown tool"), std::string::npos);
  EXPECT_NE(message("data: {validation: {folds: 1}}").find("twice"), std::string::npos);
  EXPECT_NE(message("", {"data.validation.folds=1"}).find("one fold"), std::string::npos);
  EXPECT_NE(message("", {"study=../x"}).find("study"), std::string::npos);
}

TEST_F(Config, hls_is_a_tool_with_choices_that_go_together) {
  const StudyConfig config = load(kMinimal + "synth: {tools: [hls], hls: {strategy: resource, reuse_factor: 8, interface: stream}}");
  const HlsJob job = hls_job(config.synth.hls, config.target.device, config.target.clock_ns);
  EXPECT_EQ(job.params.part, "xcvu13p-flga2577-2-e");
  EXPECT_EQ(job.params.reuse_factor, 8);
  EXPECT_EQ(job.params.interface, codegen::HlsInterface::stream);
  EXPECT_NE(message("synth: {hls: {reuse_factor: 8}}").find("strategy resource"), std::string::npos);
  EXPECT_NE(message("synth: {hls: {strategy: fast}}").find("latency"), std::string::npos);
  EXPECT_NE(message("synth: {hls: {include: /nowhere}}").find("no ap_fixed.h"), std::string::npos);
}

TEST_F(Config, reference_documents_every_key) {
  for (const auto& entry : config_reference()) {
    EXPECT_FALSE(entry.help.empty()) << entry.path;
    EXPECT_FALSE(entry.type.empty()) << entry.path;
  }
}

}  // namespace
}  // namespace snac::flow
