#include "snac/report/study_view.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"
#include "toy_study.hpp"

namespace snac::report {
namespace {

using testing::ToyStudy;

std::string message_of(const ToyStudy& study) {
  try {
    study_view(*study.store, study.name);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(StudyView, trials_are_columns_in_the_order_of_the_search) {
  ToyStudy study;
  study.add(ToyStudy::trial(2));
  study.add(ToyStudy::trial(0));
  store::Trial odd = ToyStudy::trial(1);
  odd.values["bops"] = 1234567.891;
  odd.values.erase("lut");
  study.add(odd);
  study.add_run();
  const Json view = study_view(*study.store, study.name);
  EXPECT_EQ(view["trials"]["name"], Json({"m0", "m1", "m2"}));
  EXPECT_EQ(view["trials"]["values"]["lut"], Json({1000.0, nullptr, 1200.0}));
  EXPECT_EQ(view["trials"]["values"]["bops"], Json({nullptr, 1234568.0, nullptr}));
  EXPECT_EQ(view["trials"]["choices"]["activation"], Json({"tanh", "relu", "relu"}));
  EXPECT_EQ(view["trials"]["source"][0], "architecture sample");
  EXPECT_EQ(view["counts"]["complete"], 3);
  EXPECT_EQ(view["objectives"], Json({"accuracy", "lut"}));
}

TEST(StudyView, estimates_stand_beside_the_circuits_that_were_counted) {
  ToyStudy study;
  for (int i = 0; i < 5; ++i) {
    study.add(ToyStudy::trial(i));
    const auto figures = [](double lut) { return Json{{"lut", lut}, {"ff", 10}, {"clock_cycles", 5}}; };
    study.store->put_record(study.name, "search_circuits:1", "trial " + std::to_string(i),
                            {{"trial", i}, {"network", "16-8-5"}, {"estimate", figures(100 + i)}, {"truth", figures(200 - i)}});
  }
  study.store->put_record(study.name, "search_circuits:1", "x", {{"trial", 9}, {"failure", "diverged"}});
  study.add_run({{"stages", {{"search_circuits", "search_circuits:1"}}}});
  const Json estimates = study_view(*study.store, study.name)["estimates"];
  ASSERT_EQ(estimates["rows"].size(), 5U);
  EXPECT_EQ(estimates["rows"][2]["name"], "m2");
  EXPECT_EQ(estimates["rows"][2]["truth"]["lut"], 198);
  EXPECT_EQ(estimates["rank_correlation"]["lut"], -1);
  study.store->put_record(study.name, "search_circuits:1", "y",
                          {{"trial", 3}, {"network", "16-8-5"}, {"estimate", 7}, {"truth", Json::object()}});
  EXPECT_NE(message_of(study).find("estimate"), std::string::npos) << message_of(study);
}

TEST(StudyView, later_stages_come_from_the_records_that_the_last_run_names) {
  ToyStudy study;
  study.add(ToyStudy::trial(1));
  study.add_run();
  study.add_later_stages();
  study.store->put_record(study.name, "local_search:other", "m9-w2a2-p0", ToyStudy::model(0.1));
  Json view = study_view(*study.store, study.name);
  EXPECT_EQ(view["models"]["name"], Json({"m1-w6a6-p2", "m1-w6a6-p3"}));
  EXPECT_EQ(view["models"]["values"]["lut"][0], 1234.4);
  EXPECT_EQ(view["models"]["network"][0], "16-8-5 relu") << "that of its trial";
  ASSERT_EQ(view["hardware"].size(), 1U);
  EXPECT_EQ(view["hardware"][0]["test"]["confusion"], Json({{1, 1}, {0, 2}}));
  EXPECT_EQ(view["hardware"][0]["yosys"]["lut"], 1230);
  EXPECT_FALSE(view["hardware"][0]["yosys"].contains("script"));
  EXPECT_EQ(view["baseline"]["test_accuracy"], 0.6);

  study.add_run({{"hardware", Json::array({"m1-w6a6-p3"})}});
  view = study_view(*study.store, study.name);
  EXPECT_TRUE(view["hardware"].empty()) << "chosen now, but not made yet";
}

TEST(StudyView, failed_stopped_and_running_trials_are_counted_and_never_shown) {
  ToyStudy study;
  study.add_failed(0, "the loss is not a number");
  study.add_failed(1, "the loss is not a number");
  store::Trial stopped = ToyStudy::trial(2);
  stopped.state = store::TrialState::failed;
  stopped.attributes["stopped"] = {{"rung", 0}};
  study.add(stopped);
  study.store->claim(study.name, {1}, "running");
  const Json view = study_view(*study.store, study.name);
  EXPECT_EQ(view["counts"], Json({{"complete", 0}, {"failed", 2}, {"stopped", 1}, {"running", 1}}));
  EXPECT_EQ(view["failures"], Json({{{"reason", "the loss is not a number"}, {"count", 2}}}));
  EXPECT_TRUE(view["trials"]["name"].empty());
}

TEST(StudyView, a_study_older_than_run_records_shows_its_search) {
  ToyStudy study;
  store::Trial old = ToyStudy::trial(0);
  old.attributes.erase("network");
  study.add(old);
  const Json view = study_view(*study.store, study.name);
  EXPECT_EQ(view["objectives"], Json({"accuracy", "lut"}));
  EXPECT_EQ(view["metrics"]["accuracy"]["maximise"], true);
  EXPECT_EQ(view["trials"]["network"][0], "");
  EXPECT_TRUE(view["run"].is_null() && view["hardware"].empty() && view["models"]["name"].empty());
}

TEST(StudyView, a_damaged_record_is_named) {
  {
    ToyStudy study;
    store::Trial trial = ToyStudy::trial(0);
    trial.attributes["choices"] = 5;
    trial.attributes.erase("seconds");
    study.add(trial);
    EXPECT_NE(message_of(study).find("trial 0"), std::string::npos) << message_of(study);
    EXPECT_NE(message_of(study).find("seconds"), std::string::npos) << message_of(study);
  }
  {
    ToyStudy study;
    study.add_run({{"stages", "gone"}});
    EXPECT_NE(message_of(study).find("run/last"), std::string::npos) << message_of(study);
  }
  {
    ToyStudy study;
    study.add_run();
    study.add_later_stages();
    Json model = ToyStudy::model(0.5);
    model["values"] = "many";
    study.store->put_record(study.name, "local_search:1", "m1-w6a6-p3", model);
    EXPECT_NE(message_of(study).find("m1-w6a6-p3"), std::string::npos) << message_of(study);
  }
  {
    ToyStudy study;
    study.add_run();
    study.add_later_stages();
    for (const auto& [key, broken] :
         {std::pair<std::string, Json>{"m1-w6a6-p2/test", {{"classes", {"a"}}, {"confusion", {{1, 2}}}, {"roc", Json::array()}}},
          {"m1-w6a6-p2/circuit", {{"layers", 3}, {"latency_cycles", 2}}},
          {"m1-w6a6-p2/yosys", {{"tool", "Yosys"}, {"lut", nullptr}}}}) {
      const Json good = study.store->find_record(study.name, "hardware:1", key).value();
      study.store->put_record(study.name, "hardware:1", key, broken);
      EXPECT_NE(message_of(study).find(key), std::string::npos) << message_of(study);
      study.store->put_record(study.name, "hardware:1", key, good);
    }
    EXPECT_EQ(message_of(study), "no error");
    study.store->put_record(study.name, "hardware:1", "m7-w6a6-p0/test", {{"accuracy", 1}});
    EXPECT_NE(message_of(study).find("m7-w6a6-p0"), std::string::npos) << message_of(study);
  }
}

TEST(FindStudy, one_study_needs_no_name_and_a_wrong_one_is_answered_with_the_right_ones) {
  ToyStudy study("jets");
  EXPECT_EQ(find_study(*study.store, ""), "jets");
  EXPECT_THROW(find_study(*study.store, "jest"), ConfigError);
  study.store->open_study({.name = "second", .config_hash = "", .config = nullptr, .provenance = nullptr});
  EXPECT_THROW(find_study(*study.store, ""), ConfigError);
  EXPECT_EQ(find_study(*study.store, "second"), "second");
}

TEST(OpenRun, takes_the_folder_or_the_database_and_makes_nothing) {
  ToyStudy study;
  const std::string folder = study.folder.path().string();
  EXPECT_EQ(open_run(folder)->studies(), std::vector<std::string>{"toy"});
  EXPECT_EQ(open_run(folder + "/study.sqlite")->studies(), std::vector<std::string>{"toy"});
  EXPECT_THROW(open_run(folder + "/nothing"), ConfigError);
  EXPECT_FALSE(std::filesystem::exists(folder + "/nothing"));
}

}  // namespace
}  // namespace snac::report
