#include "snac/cost/hls_reports.hpp"

#include <gtest/gtest.h>

#include "message.hpp"
#include "snac/core/json.hpp"
#include "snac/core/rng.hpp"

namespace snac::cost {
namespace {

const std::string kLayers =
    "source_repo,project,kind,n_in,n_out,n_zeros,weight_t,strategy,reuse,part,clock_ns,hls_lut,hls_ff,hls_dsp,hls_bram,hls_latency_max,"
    "hls_ii_max\n"
    "a/b,one/R1,dense_config,16,32,100,\"ap_fixed<8,2>\",latency,1,xc7z020clg400-1,3.33,9000,8000,20,0,5,1\n"
    "a/b,one/R1,activ_config,32,,,,,1,xc7z020clg400-1,3.33,300,200,0,0,1,1\n"
    "a/b,one/R1,dense_config,32,5,,\"ap_ufixed<6,0,AP_RND>\",latency,1,xc7z020clg400-1,3.33,900,,2,0,4,1\n"
    "a/b,one/R2,dense_config,32,5,60,\"ap_fixed<8,2>\",Resource,2,xcu250-figd2104-2L-e,5.00,800,700,2,0,4,2\n"
    "a/b,one/R2,dense_config,16,32,100,\"ap_fixed<8,2>\",resource,2,xcu250-figd2104-2L-e,5.00,8000,7000,2,0,4,2\n";

TEST(HlsReports, table_of_layers) {
  const HlsReports reports = parse_hls_reports(kLayers, "layers.csv");
  ASSERT_EQ(reports.samples.size(), 4u);
  const HlsSample& first = reports.samples[0];
  EXPECT_EQ(first.level, HlsLevel::layer);
  EXPECT_EQ(first.stage, HlsStage::c_synthesis);
  EXPECT_EQ(first.where, "layers.csv: line 2");
  ASSERT_EQ(first.design.layers.size(), 1u);
  EXPECT_EQ(first.design.layers[0].inputs, 16);
  EXPECT_EQ(first.design.layers[0].nonzeros, 16 * 32 - 100);
  EXPECT_EQ(first.design.layers[0].weight_bits, 8);
  EXPECT_EQ(first.design.strategy, HlsStrategy::latency);
  EXPECT_EQ(first.design.clock_ns, 3.33);
  EXPECT_EQ(first.design.series7, true);
  EXPECT_EQ(first.truth[0], 9000);
  EXPECT_EQ(first.truth[5], 1);
  const HlsSample& second = reports.samples[1];
  EXPECT_FALSE(second.design.layers[0].nonzeros.has_value());
  EXPECT_EQ(second.design.layers[0].weight_bits, 6);
  EXPECT_FALSE(second.truth[1].has_value());
  EXPECT_EQ(reports.samples[2].design.series7, false);
  EXPECT_EQ(reports.samples[2].design.strategy, HlsStrategy::resource);
  for (const HlsSample& sample : reports.samples) EXPECT_EQ(sample.network, first.network) << "projects of one shape are one network";
  ASSERT_EQ(reports.notes.size(), 1u);
  expect_parts(reports.notes[0], {"1 rows left out", "not dense"});
}

TEST(HlsReports, filters_keep_the_network_of_the_whole_project) {
  const HlsReports all = parse_hls_reports(kLayers, "l");
  const HlsReports some = parse_hls_reports(kLayers, "l", {{"project", "*/R2"}, {"n_in", "1?"}});
  ASSERT_EQ(some.samples.size(), 1u);
  EXPECT_EQ(some.samples[0].where, "l: line 6");
  EXPECT_EQ(some.samples[0].network, all.samples[0].network);
  expect_parts(message_of<ConfigError>([] { parse_hls_reports(kLayers, "l", {{"projct", "*"}}); }), {"'projct'", "did you mean 'project'"});
  expect_parts(message_of([] { parse_hls_reports(kLayers, "l", {{"project", "nothing"}}); }), {"no usable rows", "--where"});
}

TEST(HlsReports, table_of_networks_has_both_stages_apart) {
  const HlsReports reports = parse_hls_reports(
      "layers,weight_t,strategy,reuse,n_zeros_total,clock_ns,part,hls_lut,hls_latency_max,post_lut,post_bram18\n"
      "16-32-5,\"fixed<4,*> (QKeras)\",resource(likely),4,336,5,xczu9eg-ffvb1156-2-e,1000,30,600,2\n"
      "8-4,8 bit,,1,,5,,,20,300,\n"
      "CNN 3x3,,,1,,5,,5000,,,\n",
      "n.csv");
  ASSERT_EQ(reports.samples.size(), 4u);
  EXPECT_EQ(reports.samples[0].stage, HlsStage::c_synthesis);
  EXPECT_EQ(reports.samples[1].stage, HlsStage::post_synthesis);
  EXPECT_EQ(reports.samples[1].truth[0], 600);
  EXPECT_EQ(reports.samples[1].truth[3], 2);
  EXPECT_EQ(reports.samples[1].truth[4], 30);
  const HlsDesign& design = reports.samples[0].design;
  ASSERT_EQ(design.layers.size(), 2u);
  EXPECT_EQ(design.layers[0].weight_bits, 4);
  EXPECT_EQ(design.strategy, HlsStrategy::resource);
  EXPECT_DOUBLE_EQ(*design.layers[0].nonzeros + *design.layers[1].nonzeros, 16 * 32 + 32 * 5 - 336);
  EXPECT_FALSE(reports.samples[3].design.layers[0].weight_bits.has_value());
  expect_parts(reports.notes.at(0), {"n.csv", "1 rows left out", "16-64-32-5"});
}

Json wa_sample() {
  return Json::parse(R"({"meta_data": {"uuid": "u", "model_name": "m"},
    "model_config": [
      {"class_name": "InputLayer", "input_shape": [[null, 16]], "output_shape": [[null, 16]], "reuse_factor": 8},
      {"class_name": "QDense", "input_shape": [null, 16], "output_shape": [null, 32], "reuse_factor": 16},
      {"class_name": "Activation", "input_shape": [null, 32], "output_shape": [null, 32], "activation": "relu", "reuse_factor": 8},
      {"class_name": "Dense", "input_shape": [null, 32], "output_shape": [null, 5], "reuse_factor": 8}],
    "hls_config": {"Model": {"Precision": {"default": "fixed<16,6>"}, "ReuseFactor": 8, "Strategy": "Resource"}, "clock_period": 7,
      "LayerName": {"d1": {"Precision": {"weight": "fixed<4,1>"}}, "r": {"Precision": {"result": "fixed<16,6>"}},
                    "d2": {"Precision": {"weight": "fixed<6,1>"}}}},
    "resource_report": {"bram": "1.5", "dsp": "2", "ff": "300", "lut": "400"},
    "hls_resource_report": {"bram": "4", "dsp": "2", "ff": "310", "lut": "900"},
    "latency_report": {"cycles_min": "40", "cycles_max": "42", "interval_max": "16", "target_clock": "5.0"},
    "target_part": "xcu250-figd2104-2L-e", "vivado_version": "2023.2"})");
}

TEST(HlsReports, wa_hls4ml_samples) {
  Json file = Json::array({wa_sample(), wa_sample(), wa_sample()});
  file[1]["resource_report"] = Json::object();
  file[1]["hls_config"].erase("LayerName");
  file[2]["model_config"][0]["class_name"] = "Conv1D";
  const HlsReports reports = parse_hls_reports(file.dump(), "w.json");
  ASSERT_EQ(reports.samples.size(), 3u);
  const HlsSample &c = reports.samples[0], &post = reports.samples[1];
  EXPECT_EQ(c.stage, HlsStage::c_synthesis);
  EXPECT_EQ(c.truth[0], 900);
  EXPECT_EQ(c.truth[3], 4);
  EXPECT_EQ(post.truth[0], 400);
  EXPECT_EQ(post.truth[3], 3) << "1.5 blocks of 36 Kb are 3 of 18 Kb";
  EXPECT_EQ(post.truth[4], 42);
  EXPECT_EQ(post.truth[5], 16);
  ASSERT_EQ(post.design.layers.size(), 2u);
  EXPECT_EQ(post.design.layers[0].reuse_factor, 16);
  EXPECT_EQ(post.design.layers[0].weight_bits, 4) << "of the layer, not the model's default";
  EXPECT_EQ(post.design.layers[1].weight_bits, 6);
  EXPECT_EQ(post.design.clock_ns, 5);
  EXPECT_EQ(post.design.strategy, HlsStrategy::resource);
  EXPECT_EQ(reports.samples[2].design.layers[0].weight_bits, 16);
  expect_parts(reports.notes.at(0), {"1 samples left out"});
  EXPECT_EQ(parse_hls_reports(wa_sample().dump(), "w").samples.size(), 2u) << "one sample alone";
  EXPECT_EQ(parse_hls_reports(file.dump(), "w", {{"model_name", "m"}, {"target_part", "xcu250*"}}).samples.size(), 3u);
  expect_parts(message_of<ConfigError>([&] { parse_hls_reports(file.dump(), "w", {{"part", "*"}}); }), {"'part'", "target_part"});
}

TEST(HlsReports, wa_hls4ml_csv) {
  const std::string head =
      "model_name,d_in,d_out,prec,model_string,rf,strategy,TargetClockPeriod_hls,WorstLatency_hls,IntervalMax_hls,BRAM_18K_hls,DSP_hls,FF_"
      "hls,"
      "LUT_hls,hls_synth_success\n";
  const HlsReports post = parse_hls_reports(head +
                                                "a,16,5,4,16-32-5,64,resource,5.00,2920,2920,2.5,0,24155,32468,TRUE\n"
                                                "b,16,5,4,16-8-5,64,resource,5.00,100,100,1,0,2,3,FALSE\n",
                                            "w.csv");
  ASSERT_EQ(post.samples.size(), 1u);
  EXPECT_EQ(post.samples[0].stage, HlsStage::post_synthesis) << "half a block RAM is of logic synthesis";
  EXPECT_EQ(post.samples[0].truth[3], 5);
  EXPECT_FALSE(post.samples[0].truth[5].has_value()) << "the interval is a copy of the latency";
  EXPECT_EQ(post.notes.size(), 2u);
  const HlsReports c = parse_hls_reports(head + "a,16,5,4,16-32-5,64,resource,5.00,2920,64,2,0,24155,32468,TRUE\n", "w.csv");
  EXPECT_EQ(c.samples.at(0).stage, HlsStage::c_synthesis);
  EXPECT_EQ(c.samples[0].truth[5], 64);
  EXPECT_EQ(c.samples[0].design.layers[1].weight_bits, 4);
}

TEST(HlsReports, errors_name_file_line_found_and_expected) {
  const auto error = [](const std::string& text) { return message_of([&] { parse_hls_reports(text, "r.csv"); }); };
  expect_parts(error(""), {"r.csv", "empty"});
  expect_parts(error("n_in,hls_lut\n16,3\n"), {"r.csv: line 1", "'n_out'"});
  expect_parts(error("n_in,n_out,hls_lut\n16,x,3\n"), {"r.csv: line 2, column 'n_out'", "x", "number"});
  expect_parts(error("n_in,n_out,hls_lut\n16,,3\n"), {"line 2, column 'n_out'", "an empty cell"});
  expect_parts(error("n_in,n_out,hls_lut\n16,0,3\n"), {"column 'n_out'", "1 to"});
  expect_parts(error("n_in,n_out,hls_lut\n16,5,-3\n"), {"column 'hls_lut'", "-3"});
  expect_parts(error("n_in,n_out,n_zeros,hls_lut\n4,5,21,3\n"), {"column 'n_zeros'", "21", "0 to 20"});
  expect_parts(error("n_in,n_out\n4,5\n"), {"no usable rows", "hls_lut"});
  expect_parts(error("[{\"a\": 1}]"), {"r.csv: sample 0", "not a sample of wa-hls4ml"});
  expect_parts(error("[{\"a\": "), {"r.csv"});
  const auto changed = [&](const std::function<void(Json&)>& change) {
    Json sample = wa_sample();
    change(sample);
    return error(Json::array({sample}).dump());
  };
  expect_parts(changed([](Json& s) { s["resource_report"]["lut"] = "many"; }), {"sample 0: resource_report: lut", "many"});
  expect_parts(changed([](Json& s) { s["model_config"] = 3; }), {"sample 0: model_config", "list of layers"});
  expect_parts(changed([](Json& s) { s["model_config"][1].erase("reuse_factor"); }), {"model_config: 1", "reuse_factor"});
  expect_parts(changed([](Json& s) { s["model_config"][1]["input_shape"] = "x"; }), {"model_config: 1: input_shape"});
  expect_parts(changed([](Json& s) { s["hls_config"]["Model"]["Strategy"] = "fast"; }), {"Strategy", "fast", "latency or resource"});
}

TEST(HlsReports, any_bytes_give_samples_or_an_error) {
  const std::vector<std::string> texts{kLayers, Json::array({wa_sample()}).dump()};
  Rng rng(4);
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = texts[static_cast<std::size_t>(round % 2)];
    for (std::uint64_t k = rng.below(8); k > 0; --k) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    if (round % 3 == 0) bytes.resize(rng.below(bytes.size() + 1));
    try {
      for (const HlsSample& sample : parse_hls_reports(bytes, "fuzz").samples) {
        EXPECT_FALSE(sample.design.layers.empty());
        for (const auto& truth : sample.truth) EXPECT_TRUE(!truth || *truth >= 0);
      }
    } catch (const Error& error) {
      expect_parts(error.what(), {"fuzz"});
    }
  }
}

}  // namespace
}  // namespace snac::cost
